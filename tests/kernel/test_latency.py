# SPDX-License-Identifier: Apache-2.0
"""-L: how long an open took, also where it waits, and where it is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Dict

import pytest

from tests.kernel import chosen
from tests.kernel.fuse import LOOKUP, HangingFile
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import Opener, OpenLoad
from tests.kernel.tool import Tool, run, wait_until

_ERESTARTSYS = 512  # include/linux/errno.h: how a signal ends a wait
_UNDER_WAY = 0x7FFFFFFD  # bpf_src/extra/record_values.h
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
            fast.run()
            tool.ended()
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
    shown = table.partition("Slowest files:\n")[2].split("\n")[1:11]
    times = [slowest[line.split()[-1]] for line in shown]
    assert times == sorted(slowest.values(), reverse=True)[:10]
    assert str(fifo) in shown[0]


@pytest.mark.parametrize("plan", chosen.plans(_PLANS))
def test_hanging(tmp_path: Path, open_load: Path, plan: str) -> None:
    """A row while it waits, and the one when it has ended, as always."""
    skip_without_hooks_for(plan)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with OpenLoad(open_load, fifo) as load:
        options = ["--hanging", "0.2", "--format", "json", "--attach", plan]
        columns = "ts,pid,tid,ppid,uid,call,ret,fd,err,comm,latency,exe,args"
        options += [
            "-p",
            str(load.pid),
            "--columns",
            f"{columns},callers,path",
        ]
        options += ["--until", f"path={fifo} err=0"]  # not while it hangs
        with Tool(*options) as tool:
            before = time.monotonic_ns()
            load.release()
            wait_until(lambda: tool.output_so_far().endswith(b"\n"))
            (tid,) = load.thread_ids()
            time.sleep(2.5)  # in which it is looked for again
            with open(fifo, "wb"):
                load.wait()
            after = time.monotonic_ns()
            ended = tool.ended()
    hanging, row = map(json.loads, ended.lines)
    assert hanging["ret"] == _UNDER_WAY
    assert hanging["fd"] is hanging["err"] is hanging["exe"] is None
    assert row["exe"] == str(open_load)
    assert row["ret"] == row["fd"] >= 0
    for key in "pid", "tid", "ppid", "uid", "call", "comm", "args", "path":
        assert hanging[key] == row[key]
    # Since glibc 2.41, the first is a nameless function that open() calls;
    # before 2.34, it is open() of libpthread.
    assert len(hanging["callers"]) == len(row["callers"]) > 0
    assert re.search("/lib(c|pthread)[.-]", hanging["callers"][0])
    assert (row["pid"], row["tid"]) == (load.pid, tid)
    began = [one["ts"] - one["latency"] for one in (hanging, row)]
    assert before < began[0] == began[1] < hanging["ts"] < row["ts"] < after
    assert hanging["latency"] > 200_000_000
    assert ended.end.shown == ended.end.happened == 1
    assert "still under way" not in ended.messages


def test_a_relative_name_that_hangs(tmp_path: Path, open_load: Path) -> None:
    """Its directories aren't known yet: they may be those of a pattern.

    Nor is the program known.
    """
    os.mkfifo(tmp_path / "fifo")
    with OpenLoad(open_load, "fifo", cwd=tmp_path) as load:
        words = ("--path", f"{tmp_path}/*", "--columns", "err,exe,path")
        with Tool("--hanging", "0.1", *words, "-p", str(load.pid)) as tool:
            load.release()
            wait_until(lambda: tool.output_so_far().endswith(b" .../fifo\n"))
            with open(tmp_path / "fifo", "wb"):
                load.wait()
            ended = tool.ended()
    assert ended.lines[1].split() == [b"...", b"?", b".../fifo"]
    expected = ["0", str(open_load), f"{tmp_path}/fifo"]
    assert ended.lines[2].decode().split() == expected


def test_hanging_for_next_to_no_time() -> None:
    """The trace still comes to its end."""
    ended = run("--hanging", "0.000000001", "-d", "0.1")
    assert ended.status == 0


def test_many_that_hang(tmp_path: Path, open_load: Path) -> None:
    """One row for each thread, which doesn't count."""
    fifo = tmp_path / ("fifo" * 40)
    os.mkfifo(fifo)
    options = ["--hanging", "0.1", "-F", "--count", "1"]
    with OpenLoad(open_load, "-t", "300", fifo) as one, OpenLoad(
        open_load, "-t", "200", fifo.name, cwd=tmp_path
    ) as other:
        pids = f"{one.pid},{other.pid}"
        tools = [Tool("--hanging", "0.1", "--format", "json", "-p", pids)]
        tools.append(Tool(*options, "--path", "*fifo", "-p", pids))
        with tools[0] as tool, tools[1] as other_tool:
            for load in (one, other):
                load.release()
            for each in tools:
                so_far = each.output_so_far
                wait_until(lambda: so_far().count(b"\n") >= 500)
            ended = tool.stop()
            other_ended = other_tool.stop()
        tids = {*one.thread_ids(), *other.thread_ids()}
        for load in (one, other):
            os.kill(load.pid, signal.SIGKILL)
    assert {row.tid for row in ended.rows} == tids
    assert len(ended.rows) == 500
    for row in ended.rows:
        whole = os.fsencode(fifo if row.pid == one.pid else fifo.name)
        assert row.path_cut and row.path == whole[:127]
    assert other_ended.end.happened == 0
    said = ended.messages.split("still under way: ")[1:]
    assert len(said) == 11 and said[-1].startswith("490 more\n")
    for line in said[:-1]:
        assert int(re.findall(r"thread (\d+)", line)[0]) in tids
    assert ended.end.happened == 0


def test_the_tool_waits_for_no_file_server(tmp_path: Path) -> None:
    """It looks whether a path is that of a directory, to say so."""
    with HangingFile(tmp_path) as file:
        file.hang(LOOKUP)
        with Tool("--hanging", "1", "--path", file.path) as tool:
            wait_until(file.has_hung)
            file.answer_again()
            assert tool.stop().status == 0


def test_what_is_under_way_at_the_end(tmp_path: Path, open_load: Path) -> None:
    """Its name is as in a row; what began before the trace is unknown."""
    fifo = tmp_path / "a\x1b[2J\n"
    os.mkfifo(fifo)
    with OpenLoad(open_load, fifo) as before, OpenLoad(
        open_load, fifo
    ) as load:
        before.release()
        wait_until(lambda: _waits_in_openat(before.pid))
        for option in ["-L"], ["--slower", "5"], ["-L", "--summary"]:
            with Tool(*option, "-p", f"{before.pid},{load.pid}") as tool:
                if option == ["-L"]:
                    load.release()
                    wait_until(lambda: _waits_in_openat(load.pid))
                ended = tool.stop()
            named = re.findall("still under way: (.*)", ended.messages)
            assert len(named) == (option == ["-L"])
            for line in named:
                (tid,) = load.thread_ids()
                shown = f"$'{tmp_path}/a\\x1b[2J\\n' (thread {tid}, for "
                assert line.startswith(shown)
        with open(fifo, "wb"):
            load.wait()
            before.wait()


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
