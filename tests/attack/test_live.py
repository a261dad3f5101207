# SPDX-License-Identifier: Apache-2.0
"""Files that a --live trace watches, in a folder where others write.

Whatever they do with them, rows go on, and Ctrl-C ends the trace.
"""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Iterator

import pytest

from tests.attack.conftest import ATTACKER
from tests.kernel.fuse import GETATTR, NAME, OPEN, READ, HangingFile
from tests.kernel.live import await_reload
from tests.kernel.openers import OpenLoad
from tests.kernel.tool import (
    Ended,
    Tool,
    assert_nothing_left,
    loaded_objects,
    wait_until,
)

# Seconds: far more than rows, or the end of a trace, take to come.
_SOON = 15


@pytest.fixture
def victim(open_load: Path) -> Iterator[OpenLoad]:
    """A process that opens files all the time, once it is released."""
    command = (open_load, "-u", "-w", "1000", "-f", "-N", "/nowhere/")
    with OpenLoad(*command) as load:
        yield load


@pytest.fixture
def served(tmp_path: Path) -> Iterator[HangingFile]:
    folder = tmp_path / "served"
    folder.mkdir()
    with HangingFile(folder) as file:
        file.write("/* 0 */\n")
        yield file


def _include(checkout: Path, path: Path) -> None:
    """Let the C include this file."""
    main = checkout / "bpf_src" / "opensnoop.c"
    main.write_text(f'#include "{path}"\n{main.read_text()}')


def _trace(checkout: Path, victim: OpenLoad) -> Tool:
    tool = Tool("--live", "-p", str(victim.pid), checkout=checkout)
    victim.let_begin()
    return tool


def _assert_rows_go_on(tool: Tool) -> None:
    def last() -> int:
        shown = re.findall(rb"/nowhere/(\d+)", tool.output_so_far(4096))
        return int(shown[-1]) if shown else 0

    first, end = last(), time.monotonic() + _SOON
    while last() < first + 100:
        assert time.monotonic() < end, "rows don't go on"
        time.sleep(0.01)


def _assert_it_ends(tool: Tool, victim: OpenLoad) -> Ended:
    """At once, and with each open."""
    made = victim.made()
    began = time.monotonic()
    ended = tool.stop(signal.SIGINT)
    assert time.monotonic() < began + _SOON
    assert ended.status == 0
    assert ended.end.happened == made
    assert ended.output.count(b"/nowhere/") == ended.end.shown
    return ended


@pytest.mark.parametrize("once, said", [(False, ""), (True, "#pragma once")])
def test_headers_that_include_each_other(
    checkout_copy: Path,
    attacker_folder: Path,
    victim: OpenLoad,
    once: bool,
    said: str,
) -> None:
    headers = [attacker_folder / f"{number}.h" for number in range(21)]
    headers[0].write_text("/* Nothing yet. */\n")
    _include(checkout_copy, headers[0])
    with _trace(checkout_copy, victim) as tool:
        for number, header in enumerate(headers):
            rest = headers[number + 1 :]
            lines = [said, *(f'#include "{one.name}"' for one in rest)]
            header.write_text("\n".join(lines))
            os.chown(header, ATTACKER, ATTACKER)
        _assert_rows_go_on(tool)
        if once:
            await_reload(tool, "0.h and 20 more")
        else:
            line = tool.await_line(".*/opensnoop.c is too large: more than 1")
            assert "#pragma once" in line
        _assert_rows_go_on(tool)
        _assert_it_ends(tool, victim)


@pytest.mark.parametrize(
    "opcode", [GETATTR, OPEN, READ], ids=["stat", "open", "read"]
)
def test_an_include_that_hangs(
    checkout_copy: Path, served: HangingFile, victim: OpenLoad, opcode: int
) -> None:
    _include(checkout_copy, served.path)
    with _trace(checkout_copy, victim) as tool:
        served.hang(opcode)
        served.write("/* 1 */\n")
        wait_until(served.has_hung)
        _assert_rows_go_on(tool)
        tool.await_message(f"{served.path}: its file system does not answer")
        served.answer_again()
        await_reload(tool, NAME)
        served.hang(opcode)
        served.write("/* 2 */\n")
        wait_until(served.has_hung)
        ended = _assert_it_ends(tool, victim)
    assert "the trace continues" not in ended.messages


def test_an_include_that_hangs_the_compiler(
    checkout_copy: Path, served: HangingFile, victim: OpenLoad
) -> None:
    """It opens the file once more, for its lines; nothing ends it, then."""
    before = loaded_objects()
    record = checkout_copy / "bpf_src" / "record.h"
    text = record.read_text()
    served.write(text)
    record.unlink()
    record.symlink_to(served.path)
    with _trace(checkout_copy, victim) as tool:
        served.write(f"{text}/* 1 */\n")
        await_reload(tool, "record.h")
        served.hang(OPEN, after=1)
        served.write(f"{text}/* 2 */\n")
        wait_until(served.has_hung)
        _assert_rows_go_on(tool)
        record.unlink()
        record.write_text(f"{text}/* 3 */\n")
        tool.await_message("saved again: ")
        await_reload(tool, "record.h")
        _assert_rows_go_on(tool)
        ended = _assert_it_ends(tool, victim)
        assert_nothing_left(ended, before)
