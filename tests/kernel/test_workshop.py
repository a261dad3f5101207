# SPDX-License-Identifier: Apache-2.0
"""The steps of docs/workshop.md, one after the other, as they stand there.

A block of C is the whole of my.c, a diff is an edit, a console holds commands
and what they print; any other block is what is printed next.
"""

from __future__ import annotations

import json
import os
import re
import threading
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional

import pytest

from tests.kernel.tool import CHECKOUT, Tool, run, wait_until

_PAGE = CHECKOUT / "docs" / "workshop.md"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"\]\(\.\./(bpf_src/[\w./]+)\)")


class _Block(NamedTuple):
    kind: str
    text: str
    file: str  # that the words before it name, or my.c


def _blocks() -> Iterator[_Block]:
    page = _PAGE.read_text()
    end = 0
    for found in _BLOCK.finditer(page):
        files = _FILE.findall(page[end : found.start()])
        yield _Block(found[1], found[2], files[-1] if files else "my.c")
        end = found.end()


def _edit(path: Path, diff: str) -> None:
    """Of each hunk, lines that stay or go must be there once, in a row."""
    text = path.read_text()
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] != "+")
        new = "".join(line[1:] for line in lines if line[0] != "-")
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)


def _pattern(line: str) -> str:
    """How long it took and how many files there are may differ."""
    return re.sub(r"[\d.\\]+(?=\\ (s|more)\b)", "[0-9.]+", re.escape(line))


class _Reader:
    """Who follows the page, in this copy of the checkout."""

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout
        self._tool: Optional[Tool] = None
        self._printed: List[str] = []  # by commands that have ended

    def follow(self, block: _Block) -> None:
        path = self._checkout / block.file
        if block.kind == "c":
            path.write_text(block.text)
        elif block.kind == "diff":
            _edit(path, block.text)
        else:
            for line in block.text.splitlines():
                self._read(line)

    def _read(self, line: str) -> None:
        if line.startswith("# ./opensnoop.py "):
            self._run(*line.split()[2:])
        elif line.startswith("PID"):
            wait_until(lambda: line.split() in self._headings())
        elif line.startswith("{"):
            assert [json.loads(one).keys() for one in self._printed] == [
                json.loads(line).keys()
            ]
        elif line.startswith(";"):
            assert line in self._printed
        elif not line.isdigit():  # not a row
            assert self._tool
            self._tool.await_line(_pattern(line))

    def _run(self, *words: str) -> None:
        if "--live" in words:
            self.stop()
            self._tool = Tool(*words, checkout=self._checkout, wait=False)
            return
        ended = run(*words, checkout=self._checkout)
        assert ended.status == 0, ended.messages
        assert ended.output
        self._printed += ended.output.decode().splitlines()

    def _headings(self) -> List[List[str]]:
        assert self._tool
        lines = self._tool.output_so_far().decode().splitlines()
        return [line.split() for line in lines if line.startswith("PID")]

    def stop(self) -> None:
        if self._tool:
            with self._tool as tool:
                assert tool.stop().status == 0


@pytest.fixture
def somebody() -> Iterator[None]:
    """Who opens files meanwhile."""
    is_over = threading.Event()

    def open_files() -> None:
        while not is_over.wait(0.01):
            os.close(os.open("/etc/passwd", os.O_RDONLY))

    thread = threading.Thread(target=open_files)
    thread.start()
    yield
    is_over.set()
    thread.join()


@pytest.mark.usefixtures("somebody")
def test_each_step(
    checkout_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout_copy)
    reader = _Reader(checkout_copy)
    try:
        for block in _blocks():
            reader.follow(block)
    finally:
        reader.stop()
