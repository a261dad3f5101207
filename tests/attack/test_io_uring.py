# SPDX-License-Identifier: Apache-2.0
"""Requests that a program makes hard to tell from each other.

They all have the same user_data, and the ring has no room for their results:
the kernel then says of a result only which user_data it has.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from opensnooplib.kernel import this_kernel
from opensnooplib.plan_list import PLANS
from tests.attack.conftest import Start
from tests.kernel.live import Edits, await_reload
from tests.kernel.tool import (
    CHECKOUT,
    Ended,
    Tool,
    map_entries,
    wait_until,
)

pytestmark = [
    # Before, functions and not tracepoints say which request is done.
    pytest.mark.skipif(
        this_kernel.version() < (5, 18, 0), reason="there is no such confusion"
    ),
    # On Linux 6.12, io_uring_crowd.c waits for ever: IOSQE_IO_DRAIN.
    pytest.mark.skipif(
        this_kernel.version()[:2] == (6, 12),
        reason="a last request waits until the results of others are taken",
    ),
]

_SECRET = "/etc/passwd"
_DISABLED = Path("/proc/sys/kernel/io_uring_disabled")


def _watch(*options: str, checkout: Path = CHECKOUT) -> Tool:
    if _DISABLED.exists() and _DISABLED.read_text() != "0\n":
        pytest.skip("the attacker may not use io_uring here")
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


def _assert_all(tool: Tool, ended: Ended, pid: int, made: int) -> None:
    """Each of a process's requests is shown or counted, and none twice."""
    told = sum(_shown(ended, pid).values()) + _not_shown(ended)
    plan = re.findall(r"\(plan (\S+)\)", tool.watching)[0]
    # A program that the kernel skips is counted, whoever opened a file.
    assert told == made or (PLANS[plan].may_miss() and told > made)


# On an emulated machine, a thousand rounds take minutes.
@pytest.mark.parametrize(
    "rounds, opens",
    [
        (1000, 1),
        pytest.param(20, 63, marks=pytest.mark.one_kernel(release="7.2.")),
    ],
)
def test_each_request_is_shown_or_missed(
    attack: Start, rounds: int, opens: int
) -> None:
    """64 are more than the programs look at for one result."""
    with _watch() as tool:
        pid = _crowd(attack, rounds, opens, _SECRET)
        ended = tool.stop()
    paths = _shown(ended, pid)
    _assert_all(tool, ended, pid, rounds * (opens + 1))
    assert set(paths) == {_SECRET, "/"}
    if opens == 1:
        assert paths[_SECRET] > 0.5 * rounds  # as a rule all


def test_nobody_fills_the_map_for_others(attack: Start) -> None:
    with _watch() as tool:
        pid = _crowd(attack, 1, 30000, "/nowhere")
        entries = map_entries(tool.pid, "requests")
        other = _crowd(attack, 1, 1, _SECRET)
        ended = tool.stop()
    assert entries <= 2048
    assert _shown(ended, other) == {_SECRET: 1, "/": 1}
    _assert_all(tool, ended, pid, 30001)


def test_quick_requests_leave_a_slow_one_alone(
    attack: Start, attacker_folder: Path
) -> None:
    """The slow one waits until more have ended than its share has slots."""
    fifo = attacker_folder / "fifo"
    os.mkfifo(fifo)
    with _watch() as tool:
        slow = _requested(attack, "fifo")
        quick = -1
        while quick % 8 != slow.pid % 8:  # another share
            quick = _crowd(attack, 300, 9, "/nowhere")
        os.close(os.open(fifo, os.O_WRONLY))
        assert slow.wait() == 0
        ended = tool.stop()
    assert _shown(ended, slow.pid) == {"fifo": 1, "/": 1}


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
    _assert_all(tool, ended, process.pid, 2)


def test_thousands_that_hang_take_little_memory(
    attack: Start, attacker_folder: Path
) -> None:
    """Each has a record of its own, which --hanging looks for."""
    os.mkfifo(attacker_folder / "fifo")
    options = ("--hanging", "0.2", "--columns", "pid,err,exe,path")
    with _watch(*options) as tool:
        words = ("io_uring_crowd", "1", "2000", "fifo")
        process = attack(*words, stdout=subprocess.PIPE)
        assert process.stdout and process.stdout.read(1) == b"."
        Path(f"/proc/{tool.pid}/clear_refs").write_text("5")  # VmHWM
        wait_until(lambda: tool.output_so_far().count(b"fifo") > 100)
        peak = this_kernel.task_status(tool.pid, "VmHWM")
        ended = tool.stop()
    assert "more\n" in ended.messages
    assert int(peak.split()[0]) < 90_000, peak  # kB


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
