# SPDX-License-Identifier: Apache-2.0
"""The cost of --live, and the time from a save to its first row.

Edits are made in a copy of the checkout, as tests/kernel/test_live.py makes
them.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import workbench
from launch_time import open_every_millisecond
from memory import memory_of
from samples import Samples, in_turn, progress
from table import Row
from tests.kernel.live import Edits, await_reload, counts_of
from tests.kernel.tool import Tool as Traced
from tests.kernel.tool import copy_checkout, objects_held_by, wait_until
from tools import OURS, UNTRACED, Tool, tracing
from workbench import Workbench

_GOAL_SECONDS = 1.0
_GOAL_MB = 2.0
_SWAPS = 100

# The same tool twice shows how much two measurements differ by chance.
_PLAIN = OURS.with_arguments("--attach", "syscall")
_AGAIN = _PLAIN._replace(name="again")
_LIVE = _PLAIN.with_arguments("--live")._replace(name="--live")


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.001)


def _from_save_to_row(bench: Workbench, edits: Edits) -> Row:
    """The time to a row while a process opens a file every millisecond."""
    options = ("--live", "--format", "json", "--unbuffered")
    seconds: List[float] = []
    with workbench.meanwhile(open_every_millisecond, bench.marker) as pid:
        with Traced(
            *(*options, "-p", str(pid)), checkout=edits.folder.parent
        ) as tool:
            for version in range(1, 6 if bench.quick else 22):
                wanted = f'"version": {version},'.encode()
                progress(f"from save to row: run {version}")
                began = time.monotonic()
                edits.write_record(version)
                _until(lambda: wanted in tool.output_so_far(4096))
                seconds.append(time.monotonic() - began)
                await_reload(tool, "record.h")
    taken = Samples(seconds)
    return Row(
        "--live: from save to the first row, s",
        {OURS.name: taken.shown(".2f")},
        goal=f"at most {_GOAL_SECONDS:.0f}",
        reached=taken.median <= _GOAL_SECONDS,
    )


def _after_swaps(bench: Workbench, edits: Edits) -> List[Row]:
    """What many swaps leave in memory, with a trace of this process."""
    swaps = _SWAPS // 4 if bench.quick else _SWAPS
    with Traced(
        *("--live", "-p", str(os.getpid())), checkout=edits.folder.parent
    ) as tool:
        before = counts_of(tool.pid)
        memory = memory_of(tool.pid).resident
        for swap in range(1, swaps + 1):
            progress(f"swaps: {swap} of {swaps}")
            edits.write_record(swap)
            await_reload(tool, "record.h")
        wait_until(lambda: counts_of(tool.pid) == before)
        grown = memory_of(tool.pid).resident - memory
    return [
        Row(
            f"--live: memory after {swaps} swaps, MB more",
            {OURS.name: f"{grown:.1f}"},
            goal=f"at most {_GOAL_MB:.0f}",
            reached=grown <= _GOAL_MB,
            note=(
                f"and again {before['prog']} programs, {before['map']} maps, "
                f"{before['fd']} descriptors"
            ),
        )
    ]


def _cost(bench: Workbench) -> Row:
    """What --live costs the programs that are traced, without any save."""

    def nanoseconds(tool: Tool) -> float:
        with tracing(bench, tool) as trace:
            return float(trace.run(bench.load(300_000)))

    taken = in_turn(
        "cost of --live",
        (UNTRACED, _PLAIN, _AGAIN, _LIVE),
        5 if bench.quick else 21,
        nanoseconds,
    )
    plain = taken[OURS.name]
    added = taken[_LIVE.name].minus(plain)
    noise = taken[_AGAIN.name].minus(plain)
    usual = statistics.median([abs(value) for value in noise.values])
    return Row(
        "--live: cost added to each open, ns",
        {OURS.name: added.shown(".0f")},
        goal="none measurable",
        reached=added.median <= usual,
        note=(
            f"a trace adds {plain.minus(taken[UNTRACED.name]).shown('.0f')} "
            f"ns; the same trace once more differs by {noise.shown('.0f')} "
            f"ns, by {usual:.0f} ns up or down as a rule"
        ),
    )


@contextlib.contextmanager
def _statistics() -> Iterator[None]:
    """Let the kernel count the calls of programs, and their time."""
    switch = Path("/proc/sys/kernel/bpf_stats_enabled")
    before = switch.read_text()
    switch.write_text("1")
    try:
        yield
    finally:
        switch.write_text(before)


def _called_most(pid: int) -> Dict[str, int]:
    """The program of a process with the most calls, as bpftool shows it."""
    listed = subprocess.run(
        ["bpftool", "-j", "prog", "list"], check=True, capture_output=True
    )
    held = objects_held_by(pid)
    programs: List[Dict[str, int]] = [
        program
        for program in json.loads(listed.stdout)
        if ("prog", program["id"]) in held
    ]
    return max(programs, key=lambda program: program.get("run_cnt", 0))


def _program_time(bench: Workbench) -> Row:
    """A program's time with --live, where that of its stub includes it."""

    def nanoseconds(tool: Tool) -> float:
        with _statistics(), tracing(bench, tool) as trace:
            trace.run(bench.load(300_000))
            program = _called_most(trace.tool_pid)
        return program["run_time_ns"] / program["run_cnt"]

    runs = 3 if bench.quick else 9
    taken = in_turn("time of programs", (_PLAIN, _LIVE), runs, nanoseconds)
    added = taken[_LIVE.name].minus(taken[OURS.name])
    return Row(
        "the same, as the kernel counts the program's time, ns",
        {OURS.name: added.shown(".0f")},
        note=f"without --live it takes {taken[OURS.name].shown('.0f')} ns",
    )


def measure(bench: Workbench) -> List[Row]:
    edits = Edits(copy_checkout(Path(bench.path("checkout"))))
    return [
        _from_save_to_row(bench, edits),
        *_after_swaps(bench, edits),
        _cost(bench),
        _program_time(bench),
    ]
