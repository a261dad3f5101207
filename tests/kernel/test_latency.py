# SPDX-License-Identifier: Apache-2.0
"""-L: how long an open took, also where it waits, and where it is killed."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Dict

import pytest

from tests.kernel import chosen
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import Opener, OpenLoad
from tests.kernel.tool import Tool, run, wait_until

_ERESTARTSYS = 512  # include/linux/errno.h: how a signal ends a wait
_PLANS = ("fentry", "syscall", "kprobe")


@pytest.mark.parametrize("plan", chosen.plans(_PLANS))
def test_the_time_of_an_open(
    tmp_path: Path, open_load: Path, plan: str
) -> None:
    """It waits for somebody to write to a FIFO; we know from when to when."""
    skip_without_hooks_for(plan)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with OpenLoad(open_load, fifo) as load:
        arguments = ["-L", "--format", "json", "-p", str(load.pid)]
        with Tool(*arguments, "--attach", plan) as tool:
            before = time.monotonic_ns()
            load.release()
            wait_until(lambda: _waits_in_openat(load.pid))
            written = time.monotonic_ns()
            with open(fifo, "wb"):
                load.wait()
            after = time.monotonic_ns()
            (row,) = map(json.loads, tool.stop().lines)
    assert before < row["ts"] - row["latency"] < written < row["ts"] < after


def _waits_in_openat(pid: int) -> bool:
    """Does a thread? By the number of its syscall: proc_pid_syscall(5)."""
    number = "257" if os.uname().machine == "x86_64" else "56"
    threads = Path(f"/proc/{pid}/task").glob("*/syscall")
    return any(one.read_text().startswith(f"{number} ") for one in threads)


@pytest.mark.parametrize("plan", chosen.plans(_PLANS))
def test_slower(tmp_path: Path, open_load: Path, plan: str) -> None:
    """Of the same program, opens that don't wait are not shown."""
    skip_without_hooks_for(plan)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with OpenLoad(open_load, fifo) as slow, OpenLoad(
        open_load, "-n", "500", "/etc/passwd"
    ) as fast:
        options = ["--slower", "1000", "--format", "json", "--attach", plan]
        with Tool(*options, "-p", f"{slow.pid},{fast.pid}") as tool:
            slow.release()
            wait_until(lambda: _waits_in_openat(slow.pid))
            fast.run()
            time.sleep(1)
            with open(fifo, "wb"):
                slow.wait()
            ended = tool.stop()
    (row,) = map(json.loads, ended.lines)
    assert (row["pid"], row["path"]) == (slow.pid, str(fifo))
    assert row["latency"] >= 1_000_000_000


def test_the_slowest_files(tmp_path: Path, open_load: Path) -> None:
    """By the same times as in rows, of a recording."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with OpenLoad(open_load, fifo) as slow, OpenLoad(
        open_load, "-f", "-N", "-n", "50", "/no/such/"
    ) as fast:
        recording = tmp_path / "opens"
        pids = f"{slow.pid},{fast.pid}"
        with Tool("-L", "--record", recording, "-p", pids) as tool:
            slow.release()
            wait_until(lambda: _waits_in_openat(slow.pid))
            with open(fifo, "wb"):
                slow.wait()
            fast.release()
            tool.stop()
    rows = run("--replay", recording, "--format", "json").lines
    slowest: Dict[str, int] = {}
    for row in map(json.loads, rows):
        slowest[row["path"]] = max(slowest.get(row["path"], 0), row["latency"])
    (report,) = run(
        "--replay", recording, "-L", "--summary", "--format", "json"
    ).lines
    files = json.loads(report)["files"]
    assert {one["path"]: one["slowest_ns"] for one in files} == slowest
    table = run("--replay", recording, "-L", "--summary").output.decode()
    shown = table.partition("Slowest files:\n")[2].rstrip().split("\n")[1:]
    times = [slowest[line.split()[-1]] for line in shown]
    assert times == sorted(slowest.values(), reverse=True)[:10]
    assert str(fifo) in shown[0]


def _under_way(count: int) -> str:
    return f'.*"under_way": {count}}}'


# But for the entry of the tool itself, which proved that it sees opens.
_START_IS_EMPTY = r'.*"start": 1, "under_way": 0}'


def test_thousands_that_wait_and_half_of_them_killed(
    tmp_path: Path, open_load: Path
) -> None:
    """None is shown twice, none is missing, and no entry stays behind."""
    threads = 10_000
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    command = (open_load, "-t", str(threads), fifo)
    with Opener([]) as other, OpenLoad(*command) as killed, OpenLoad(
        *command
    ) as released:
        # The last one lives on, and the trace with it.
        pids = f"{killed.pid},{released.pid},{other.pid}"
        options = ("-L", "--attach", "syscall", "--format", "json")
        with Tool(*options, "--maps", "-p", pids) as tool:
            for load in (killed, released):
                load.release()
            tool.await_line(_under_way(2 * threads))
            os.kill(killed.pid, signal.SIGKILL)
            tool.await_line(_under_way(threads))
            with open(fifo, "wb"):
                released.wait()
            tool.await_line(_START_IS_EMPTY)
            ended = tool.stop()
    rows = [json.loads(line) for line in ended.lines]
    of_killed = [row for row in rows if row["pid"] == killed.pid]
    of_released = [row for row in rows if row["pid"] == released.pid]
    assert {row["ret"] for row in of_killed} == {-_ERESTARTSYS}
    assert all(row["ret"] >= 0 for row in of_released)
    for one in (of_killed, of_released):
        assert len({row["tid"] for row in one}) == len(one) == threads
    assert ended.end.missed == ended.end.lost == 0
