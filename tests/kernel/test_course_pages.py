# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/course, followed as they stand there, block by block.

A page is followed in a copy of the checkout, from top to bottom, while some
other process opens files. What a block means:

    ```c        the whole content of the file that the paragraph before it
                names, as `NAME.c` or as a link to a file of bpf_src/; without
                one, of the file last named, and first of my.c. After
                "--lesson N", it is the learner's file of this lesson.
                ```make is the same, for a `Makefile`
    ```diff     an edit of that file; hunks are separated by lines "@@", and
                what stays or goes must be there once
    ```console  commands, which begin with "# ", and what each one prints. A
                trace without an end of its own, as with --live, is left
                running, until the next such trace or the end of the page
    ```input    lines that are typed into this trace
    ```         what this trace prints next

All other blocks (```text) are only read. Of what is printed, each line on the
page must come, with other lines before and after it. Numbers, the lengths of
bars and of blanks may differ, except in locations such as my.c:3:12; "..."
stands for anything. Of a JSON object, the keys must be the same.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Set,
)

import pytest

from opensnooplib.course import judge, lessons
from tests.kernel.tool import CHECKOUT, HANG_SECONDS

_COURSE = CHECKOUT / "docs" / "course"
_PAGES = [
    pytest.param(page, id=str(page.relative_to(_COURSE)))
    for page in (
        *sorted(_COURSE.glob("[0-9]*/lesson.md")),
        *_COURSE.glob("read-opensnoop.md"),
    )
]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(
    r"\]\((?:\.\./)+(bpf_src/[\w./]+)\)|`([\w.-]+\.[ch]|Makefile)`"
)
_LESSON = re.compile(r"^# \./opensnoop\.py --lesson (\d+)$", re.MULTILINE)

# With any of these, the tool ends by itself.
_ENDS = re.compile(
    r" (-d|--duration|--count|--exec|--replay|--ebpf|--disasm|--verifier-log"
    r"|--doctor|--help|-h|--version|--check|--hint|--solution|--reset"
    r"|--progress|--columns help|--lesson$)( |$)"
)

# What may differ, and what may then stand there.
_VARIES = re.compile(
    r"(?P<any>\.{3})|(?P<hex>0x[0-9a-f]+)|(?P<bar>\|[* ]*\|)|(?P<blanks>\s+)"
    r"|(?P<number>(?<![\w:.])-?\d+(?:[.,]\d+)*(?!\w))"
)
_INSTEAD = {
    "any": r".*",
    "hex": r"0x[0-9a-f]+",
    "bar": r"\|[* ]*\|",
    "blanks": r"\s+",
    "number": r"-?\d+(?:[.,]\d+)*",
}


class _Block(NamedTuple):
    kind: str
    text: str
    file: str  # that it writes or edits


def _blocks(page: Path) -> Iterator[_Block]:
    text = page.read_text()
    file = "my.c"
    end = 0
    for found in _BLOCK.finditer(text):
        before = text[end : found.start()].rstrip().rpartition("\n\n")[2]
        for linked, named in _FILE.findall(before):
            file = linked or named
        yield _Block(found[1], found[2], file)
        for number in _LESSON.findall(found[2]):
            file = f"{lessons.find(int(number)).name}.c"
        end = found.end()


def _edit(path: Path, diff: str) -> None:
    text = path.read_text()
    for hunk in diff.split("@@\n"):
        # A blank line that stays need not end with a blank.
        lines = [line.strip("\n") or " " for line in hunk.splitlines()]
        old = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
        new = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
        assert text.count(old) == 1, f"not once in {path.name}:\n{old}"
        text = text.replace(old, new)
    path.write_text(text)


def _object(line: str) -> Optional[Dict[str, Any]]:
    with contextlib.suppress(ValueError):
        found = json.loads(line)
        if isinstance(found, dict):
            return found
    return None


def _matcher(line: str) -> Callable[[str], bool]:
    """Whether a line that was printed is this line of the page."""
    shown = _object(line)
    if shown is not None:
        keys = list(shown)
        return lambda printed: list(_object(printed) or ()) == keys
    line = line.strip()
    pattern, end = "", 0
    for found in _VARIES.finditer(line):
        pattern += re.escape(line[end : found.start()])
        pattern += _INSTEAD[str(found.lastgroup)]
        end = found.end()
    compiled = re.compile(pattern + re.escape(line[end:]))
    return lambda printed: compiled.fullmatch(printed.strip()) is not None


class _Printed:
    """The lines in a file that a command writes to."""

    def __init__(self, path: Path) -> None:
        self.lines: List[str] = []
        self.next = 0  # the first line that may still be looked for
        self._file = path.open(errors="surrogateescape", newline="\n")
        self._rest = ""

    def read(self, has_ended: bool) -> None:
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        self.lines += lines
        if has_ended and self._rest:
            self.lines.append(self._rest)
            self._rest = ""

    def close(self) -> None:
        self._file.close()


class _Command:
    """A command line in a shell of its own."""

    def __init__(self, line: str, folder: Path, files: Path) -> None:
        self._line = line
        out, err = files.with_suffix(".out"), files.with_suffix(".err")
        with out.open("wb") as stdout, err.open("wb") as stderr:
            self._process = subprocess.Popen(
                ["bash", "-c", line],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        self._printed = (_Printed(out), _Printed(err))
        self._awaited, self._deadline = "", math.inf

    def has_ended(self) -> bool:
        """Whether all that it prints is there. Fails if it hangs."""
        has_ended = self._process.poll() is not None
        for printed in self._printed:
            printed.read(has_ended)
        assert time.monotonic() < self._deadline, self._missing(self._awaited)
        return has_ended

    def _missing(self, what: str) -> str:
        last = [line for one in self._printed for line in one.lines[-20:]]
        return "\n".join([f"awaited of # {self._line}", what, *last])

    def _begin_to_wait(self, what: str) -> None:
        self._awaited = what
        self._deadline = time.monotonic() + HANG_SECONDS

    def await_watching(self) -> None:
        """Or its end, or the verdict on C that can't be attached."""
        self._begin_to_wait("watching")
        messages = self._printed[1]
        while not self.has_ended() and not any(
            re.match(r"opensnoop: watching |lesson \d+: ", line)
            for line in messages.lines
        ):
            time.sleep(0.02)

    def await_lines(self, lines: List[str]) -> None:
        """Each of these is a line of its own, in any order: messages and rows
        are not in step, nor are the trace and the judge."""
        used: List[Set[int]] = [set() for _ in self._printed]
        for line in lines:
            if line.strip() != "...":
                self._await_line(line, used)
        for printed, some in zip(self._printed, used):
            printed.next = max(some, default=printed.next - 1) + 1

    def _await_line(self, line: str, used: List[Set[int]]) -> None:
        matches = _matcher(line)
        seen = [printed.next for printed in self._printed]
        self._begin_to_wait(line)
        while True:
            has_ended = self.has_ended()
            for index, printed in enumerate(self._printed):
                for at in range(seen[index], len(printed.lines)):
                    if at not in used[index] and matches(printed.lines[at]):
                        used[index].add(at)
                        return
                seen[index] = len(printed.lines)
            assert not has_ended, self._missing(line)
            time.sleep(0.02)

    def skip(self, count: int) -> None:
        """Skip lines of stdout."""
        self._printed[0].next += count

    def type(self, text: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def await_end(self) -> int:
        """Returns the status."""
        assert self._process.stdin
        self._process.stdin.close()
        self._begin_to_wait("ended")
        while not self.has_ended():
            time.sleep(0.02)
        return self._process.returncode

    def has_printed(self) -> bool:
        return any(printed.lines for printed in self._printed)

    def stop(self) -> int:
        """Press Ctrl-C. Returns the status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self.await_end()

    def clean_up(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for printed in self._printed:
            printed.close()


class _Reader:
    """Who follows a page, in this copy of the checkout."""

    def __init__(self, checkout: Path, files: Path) -> None:
        self._checkout = checkout
        self._files = files
        self._commands: List[_Command] = []
        self._trace: Optional[_Command] = None  # that was left running

    def follow(self, block: _Block) -> None:
        path = self._checkout / block.file
        if block.kind in ("c", "make"):
            path.write_text(block.text)
        elif block.kind == "diff":
            _edit(path, block.text)
        elif block.kind == "console":
            text = block.text.replace("\\\n", "")
            assert text.startswith("# "), text
            for one in re.split(r"^# ", text, flags=re.MULTILINE)[1:]:
                line, *printed = one.splitlines()
                self._run(line, printed)
        elif block.kind in ("", "input"):
            assert self._trace, f"no trace is left running:\n{block.text}"
            if block.kind == "input":
                self._trace.type(block.text)
            else:
                self._trace.await_lines(block.text.splitlines())

    def _run(self, line: str, printed: List[str]) -> None:
        is_tool = line.startswith("./opensnoop.py")
        is_left = is_tool and not _ENDS.search(line)
        if is_left:
            self.stop()
            line = f"exec {line}"
        files = self._files / f"command-{len(self._commands)}"
        command = _Command(line, self._checkout, files)
        self._commands.append(command)
        if is_left:
            self._trace = command
            for number in _LESSON.findall(line.replace("exec ", "# ")):
                # The page comes first, with all that it shows itself.
                page = lessons.find(int(number)).page
                command.skip(page.count("\n") + 1)
            command.await_watching()
            command.await_lines(printed)
            if command.has_ended():  # it was refused, as the page says
                assert printed
                self._trace = None
            return
        status = command.await_end()
        command.await_lines(printed)
        if not printed:
            assert status == 0, line
            assert not is_tool or command.has_printed(), line

    def stop(self) -> None:
        if self._trace:
            assert self._trace.stop() == 0
        self._trace = None

    def clean_up(self) -> None:
        for command in self._commands:
            command.clean_up()


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


@pytest.fixture
def reader(checkout_copy: Path, tmp_path: Path) -> Iterator[_Reader]:
    shutil.copytree(_COURSE, checkout_copy / "docs" / "course")
    made = _Reader(checkout_copy, tmp_path)
    try:
        yield made
    finally:
        made.clean_up()


@pytest.mark.one_kernel(release=None)
@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("page", _PAGES)
def test_each_step(page: Path, reader: _Reader) -> None:
    for lesson in lessons.all_lessons():
        if lesson.folder == str(page.parent):
            why_not = judge.why_not(lesson)
            if why_not:
                pytest.skip(why_not[0])
    for block in _blocks(page):
        reader.follow(block)
    reader.stop()
