# SPDX-License-Identifier: Apache-2.0
"""Requests that a program makes hard to tell from each other.

They all have the same user_data, and the ring has no room for their results:
the kernel then says of a result only which user_data it has.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.attack.conftest import Start
from tests.kernel.live import Edits, await_reload
from tests.kernel.tool import CHECKOUT, Ended, Tool, map_entries

_SECRET = "/etc/passwd"


def _watch(*options: str, checkout: Path = CHECKOUT) -> Tool:
    columns = ("--format", "json", "--columns", "pid,call,path")
    name = ("-n", "io_uring_crowd")
    tool = Tool(*name, *columns, *options, checkout=checkout)
    if "io_uring" not in tool.watching:
        tool.stop()
        pytest.skip("this kernel has no io_uring that can be seen")
    return tool


def _crowd(attack: Start, rounds: int, opens: int, path: str) -> int:
    """The PID of io_uring_crowd.c, which has ended."""
    words = ("io_uring_crowd", str(rounds), str(opens), path)
    process = attack(*words, stdout=subprocess.DEVNULL)
    assert process.wait() == 0
    return int(process.pid)


def _requested(attack: Start, path: str) -> "subprocess.Popen[bytes]":
    """A process that has requested to open `path`, and then "/"."""
    process = attack("io_uring_crowd", "1", "1", path, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.read(1) == b"."
    return process


def _shown(ended: Ended, pid: int) -> "Counter[str]":
    """The paths in the rows of a process's requests."""
    rows = map(json.loads, ended.lines)
    return Counter(
        row["path"]
        for row in rows
        if row["pid"] == pid and row["call"] == "io_uring_openat"
    )


def _not_shown(ended: Ended) -> int:
    return ended.end.lost + ended.end.missed


@pytest.mark.one_kernel
@pytest.mark.parametrize("rounds, opens", [(1000, 1), (20, 63)])
def test_each_request_is_shown_or_missed(
    attack: Start, rounds: int, opens: int
) -> None:
    """64 are more than the programs look at for one result."""
    with _watch() as tool:
        pid = _crowd(attack, rounds, opens, _SECRET)
        ended = tool.stop()
    paths = _shown(ended, pid)
    assert sum(paths.values()) + _not_shown(ended) == rounds * (opens + 1)
    assert set(paths) == {_SECRET, "/"}
    if opens == 1:
        assert paths[_SECRET] > 0.9 * rounds


def test_nobody_fills_the_map_for_others(attack: Start) -> None:
    with _watch() as tool:
        pid = _crowd(attack, 1, 30000, "/nowhere")
        entries = map_entries(tool.pid, "requests")
        other = _crowd(attack, 1, 1, _SECRET)
        ended = tool.stop()
    assert entries <= 2048
    assert _shown(ended, other) == {_SECRET: 1, "/": 1}
    assert sum(_shown(ended, pid).values()) + _not_shown(ended) == 30001


def test_requests_still_under_way_are_missed(
    attack: Start, attacker_folder: Path
) -> None:
    """Nobody opens the FIFO to write, and "/" has to wait for it.

    The result of the request that does nothing is not taken for theirs.
    """
    os.mkfifo(attacker_folder / "fifo")
    with _watch() as tool:
        process = _requested(attack, "fifo")
        ended = tool.stop()
    assert not _shown(ended, process.pid)
    assert _not_shown(ended) == 2


def test_results_after_a_reload(
    attack: Start, attacker_folder: Path, checkout_copy: Path
) -> None:
    """The programs that saw the requests begin are not the newest."""
    fifo = attacker_folder / "fifo"
    os.mkfifo(fifo)
    edits = Edits(checkout_copy)
    with _watch("--live", checkout=checkout_copy) as tool:
        process = _requested(attack, "fifo")
        edits.write_record(1)
        await_reload(tool, "record.h")
        os.close(os.open(fifo, os.O_WRONLY))
        assert process.wait() == 0
        ended = tool.stop()
    assert _shown(ended, process.pid) == {"fifo": 1, "/": 1}
    assert _not_shown(ended) == 0
