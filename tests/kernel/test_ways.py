# SPDX-License-Identifier: Apache-2.0
"""A way to open a file that the tool says it sees is seen, exactly once."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opensnooplib.kernel import this_kernel
from opensnooplib.plan_list import PLANS
from tests.kernel import chosen, ways
from tests.kernel.kernel_hooks import kind_of, skip_without_hooks_for
from tests.kernel.tool import Tool, map_entries, wait_until


@pytest.mark.parametrize("plan, options", chosen.plans_with([["--all"], []]))
def test_every_way(plan: str, options: List[str], tmp_path: Path) -> None:
    skip_without_hooks_for(plan)
    ways.build(tmp_path)
    verdicts = ways.check(plan, options, tmp_path)
    for name, verdict in verdicts.items():
        expected = verdict.made if verdict.is_told else []
        assert verdict.shown == expected, name


def test_flags_of_a_request_are_the_programs(tmp_path: Path) -> None:
    """The kernel adds O_LARGEFILE to its copy."""
    ways.build(tmp_path)
    with Tool("--format", "json") as tool:
        if "io_uring" not in tool.watching:
            pytest.skip("this kernel has no io_uring that can be seen")
        made = ways.WAYS["io_uring OPENAT2"].make(tmp_path)
        ended = tool.stop()
    flags = [
        row["flags"]
        for row in map(json.loads, ended.lines)
        if (row["pid"], row["path"]) == (made.pid, made.opens[0].path)
    ]
    assert flags == [os.O_RDWR | os.O_CREAT]


@pytest.mark.parametrize("plan", PLANS)
def test_32_bits_are_watched_where_they_run(plan: str, tmp_path: Path) -> None:
    """Else the tool says why not, as also boot with ia32_emulation=0 shows."""
    skip_without_hooks_for(plan)
    ways.build(tmp_path)
    with Tool("--attach", plan, "--all", "-v") as tool:
        ended = tool.stop()
    is_watched = ", 32-bit system calls" in tool.watching
    reason = "32-bit system calls can't be seen here: this kernel has none"
    assert is_watched == ways.runs_32_bits(tmp_path)
    assert (reason in ended.messages) == (not is_watched)
    assert _UNSEEN_32_BITS not in ended.messages


_UNSEEN_32_BITS = (
    "opensnoop: opens by 32-bit system calls (int $0x80), which any program "
    "can make, are only seen with --all\n"
)


@pytest.mark.parametrize("plan", PLANS)
def test_that_32_bits_are_unseen_is_said(plan: str, tmp_path: Path) -> None:
    """Without -v, where any program can open a file without a row."""
    skip_without_hooks_for(plan)
    ways.build(tmp_path)
    with Tool("--attach", plan) as tool:
        ended = tool.stop()
    are_unseen = kind_of(plan) == "tracepoint" and ways.runs_32_bits(tmp_path)
    assert ended.messages.count(_UNSEEN_32_BITS) == are_unseen


def _rows(tool: Tool) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in tool.stop().lines]


def _watch(*options: str) -> Tool:
    tool = Tool("--format", "json", *options)
    if "io_uring" not in tool.watching:
        tool.stop()
        pytest.skip("no io_uring here")
    return tool


@pytest.mark.one_kernel
def test_a_kernel_thread_of_io_uring_bears_its_process_name(
    tmp_path: Path,
) -> None:
    """Also for -n and -p, though the kernel calls it iou-sqp-..."""
    ways.build(tmp_path)
    with _watch("-n", "io_uring_open") as tool:
        made = ways.WAYS["io_uring, SQPOLL"].make(tmp_path)
        (row,) = [r for r in _rows(tool) if r["path"] == made.opens[0].path]
    assert (row["pid"], row["comm"]) == (made.pid, "io_uring_open")


def test_a_request_below_a_root_of_its_own(tmp_path: Path) -> None:
    """For -F, an absolute name begins there, as with openat2(2)."""
    ways.build(tmp_path)
    (tmp_path / "file").touch()
    program = tmp_path / "io_uring_open"
    with _watch("-n", "io_uring_open", "-F") as tool:
        subprocess.run([program, "in-root", "/file"], cwd=tmp_path, check=True)
        rows = [r for r in _rows(tool) if r["path"].endswith("/file")]
    assert [r["path"] for r in rows] == [str(tmp_path / "file")]
    assert rows[0]["err"] == 0


@pytest.mark.one_kernel
@pytest.mark.skipif(
    this_kernel.version() < (5, 18, 0), reason="the kernel doesn't tell of it"
)
def test_a_request_that_is_refused_at_once(tmp_path: Path) -> None:
    ways.build(tmp_path)
    with _watch("-n", "io_uring_open", "-x") as tool:
        done = ways.run(tmp_path / "io_uring_open", "no-name", "anything")
        (row,) = [r for r in _rows(tool) if r["pid"] == done.pid]
    assert (row["path"], row["fd"], row["err"]) == (None, -1, errno.EFAULT)


@pytest.mark.skipif(
    this_kernel.version() < (5, 18, 0), reason="there are no such requests"
)
def test_a_result_that_nobody_is_told(tmp_path: Path) -> None:
    ways.build(tmp_path)
    path = str(tmp_path / "io_uring_open")
    with _watch("-n", "io_uring_open") as tool:
        done = ways.run(path, "silent", path)
        ended = tool.stop()
    rows = [r for r in map(json.loads, ended.lines) if r["pid"] == done.pid]
    (row,) = [r for r in rows if r["path"] == path]
    assert (row["fd"], row["err"]) == (None, None)
    assert ended.end.unsure == 1
    with _watch("-n", "io_uring_open", "-x") as tool:
        for name in (path, path + " is not there"):
            ways.run(path, "silent", name)
        ended = tool.stop()
    rows = [r for r in map(json.loads, ended.lines) if path in r["path"]]
    assert [row["err"] for row in rows] == [None, None]
    assert ended.end.missed == 0


@pytest.mark.one_kernel
def test_results_that_find_no_room(tmp_path: Path) -> None:
    """Of five opens, whose ring has room for the results of two."""
    ways.build(tmp_path)
    path = str(tmp_path / "io_uring_open")
    with _watch("-n", "io_uring_open") as tool:
        done = ways.run(path, "overflow", path)
        ended = tool.stop()
    rows = [json.loads(line) for line in ended.lines]
    shown = [r for r in rows if (r["pid"], r["path"]) == (done.pid, path)]
    assert len({row["fd"] for row in shown}) == len(shown) == 5
    assert all(row["err"] == 0 for row in shown)
    assert ended.end.missed == 0


@pytest.mark.one_kernel
def test_requests_that_never_end_leave_nothing(tmp_path: Path) -> None:
    """Their processes are killed while a worker thread waits for a FIFO."""
    ways.build(tmp_path)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with _watch("-n", "io_uring_open") as tool:
        done = [
            ways.run(tmp_path / "io_uring_open", "unfinished", fifo)
            for _ in range(20)
        ]
        wait_until(lambda: map_entries(tool.pid, "requests") == 0)
        rows = [row for row in _rows(tool) if row["path"] == str(fifo)]
    assert sorted(row["pid"] for row in rows) == sorted(p.pid for p in done)
    assert all(row["err"] > 0 for row in rows)


@pytest.mark.one_kernel
def test_requests_under_way_are_named_at_the_end(tmp_path: Path) -> None:
    """When each began is known without an option: see also below."""
    ways.build(tmp_path)
    fifos = [tmp_path / f"fifo{number}" for number in range(12)]
    with _watch("-n", "io_uring_open") as tool, ExitStack() as programs:
        for fifo in fifos:
            os.mkfifo(fifo)
            program = subprocess.Popen(
                [tmp_path / "io_uring_open", "worker", fifo],
                stdout=subprocess.DEVNULL,
            )
            programs.callback(program.wait)
            programs.callback(program.kill)
        wait_until(lambda: map_entries(tool.pid, "requests") == 12)
        ended = tool.stop()
    _, *named, more = ended.messages.split("still under way: ")
    assert len(named) == 10 and more.startswith("2 more\n")
    shown = {line.partition(" (io_uring, for ")[0] for line in named}
    assert len(shown) == 10 and shown < set(map(str, fifos))
    assert ended.end.missed == 12


@pytest.mark.one_kernel
def test_a_request_that_hangs(tmp_path: Path) -> None:
    """While it waits for a FIFO, and at the end, when it counts as missed."""
    ways.build(tmp_path)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with _watch("-n", "io_uring_open", "--hanging", "0.2", "-c") as tool:
        program = subprocess.Popen(
            [tmp_path / "io_uring_open", "worker", fifo],
            stdout=subprocess.DEVNULL,
        )
        wait_until(lambda: str(fifo).encode() in tool.output_so_far())
        ended = tool.stop()
        with open(fifo, "wb"):
            program.wait()
    (row,) = [
        r for r in map(json.loads, ended.lines) if r["path"] == str(fifo)
    ]
    assert (row["pid"], row["comm"]) == (program.pid, "io_uring_open")
    assert row["fd"] is row["err"] is None
    assert row["latency"] > 200_000_000
    assert re.search("/libc[.-]", row["callers"][0])
    assert f"still under way: {fifo} (io_uring, for " in ended.messages
    assert ended.end.missed == 1
