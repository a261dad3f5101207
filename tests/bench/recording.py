# SPDX-License-Identifier: Apache-2.0
"""The cost of a summary and of a recording, and the speed of a replay."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from typing import Dict, List

from samples import Samples, in_turn, progress
from table import Row
from tools import OURS, UNTRACED, Tool, told_lost, tracing
from workbench import Workbench

_OPENS = 2_000_000  # by two processes, on two CPUs
_GOAL_REPLAY = 2_000_000  # rows a second

_ROWS = OURS._replace(name="rows")
_SUMMARY = OURS.with_arguments("--summary")._replace(
    name="summary", has_rows=False
)


def _cost_of_a_summary(bench: Workbench) -> Row:
    def microseconds(tool: Tool) -> float:
        with tracing(bench, tool) as trace:
            return float(trace.run(bench.load(300_000))) / 1000

    runs = 3 if bench.quick else 7
    tools = (UNTRACED, _ROWS, _SUMMARY)
    taken = in_turn("cost of a summary", tools, runs, microseconds)
    untraced = taken[UNTRACED.name]
    rows = taken[_ROWS.name].minus(untraced)
    summary = taken[_SUMMARY.name].minus(untraced)
    ratio = summary.ratio_to(rows)
    return Row(
        "--summary: cost added to each open, of a row's",
        {OURS.name: ratio.shown(".2f")},
        goal="at most 1",
        reached=ratio.median <= 1 if ratio.values else None,
        note=(
            f"rows add {rows.shown('.2f')} µs, a summary "
            f"{summary.shown('.2f')} µs"
        ),
    )


def _processor_seconds(pid: int) -> float:
    """The time of the tracing process: /proc/PID/schedstat has it in ns."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


def _recordings(bench: Workbench) -> List[Row]:
    recorded = bench.path("recorded")
    recorder = OURS.with_arguments("--record", recorded)
    recorder = recorder._replace(name="record", has_rows=False)
    load = bench.load_on_each_cpu(_OPENS)
    said: Dict[str, List[str]] = {"rows": [], "record": []}

    def seconds(tool: Tool) -> float:
        with tracing(bench, tool) as trace:
            before = _processor_seconds(trace.tool_pid)
            trace.run(load)
            time.sleep(0.2)  # until the rings are read
            used = _processor_seconds(trace.tool_pid) - before
        said[tool.name].append(trace.said().strip().splitlines()[-1])
        return used

    runs = 1 if bench.quick else 5
    taken = in_turn("recordings", (_ROWS, recorder), runs, seconds)
    ratio = taken["record"].ratio_to(taken["rows"])
    lost = Samples([float(told_lost(OURS, line)) for line in said["record"]])
    return [
        Row(
            "--record: the reader's processor time, of rows'",
            {OURS.name: ratio.shown(".2f")},
            goal="at most 0.5",
            reached=ratio.median <= 0.5 if ratio.values else None,
            note=(
                f"{_OPENS:,} opens on all CPUs, into files; rows "
                f"{taken['rows'].shown('.2f')} s, "
                f"a recording {taken['record'].shown('.2f')} s"
            ),
        ),
        Row(
            f"--record: lost of {_OPENS:,} opens on all CPUs",
            {OURS.name: lost.shown(",.0f")},
            goal="0",
            reached=not any(lost.values) if lost.values else None,
            note=f'the last run said: "{said["record"][-1]}"',
        ),
        _replay(bench, recorded),
    ]


def _replay(bench: Workbench, recorded: str) -> Row:
    """The whole process counts, with its start; rows go to a file."""
    rates: List[float] = []
    for run in range(3 if bench.quick else 7):
        progress(f"replay: run {run + 1}")
        with open(bench.path("replayed"), "wb") as rows:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.monotonic()
            subprocess.run(
                [*OURS.words, "-q", "--replay", recorded],
                stdout=rows,
                stderr=subprocess.DEVNULL,
                check=True,
            )
            seconds = time.monotonic() - began
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime
        used -= before.ru_utime + before.ru_stime
        progress(f"{seconds:.2f} s, {used:.2f} s of a processor")
        rates.append(_count_of_lines(bench.path("replayed")) / seconds)
    rate = Samples(rates)
    return Row(
        "--replay: rows a second, to a table",
        {OURS.name: rate.shown(",.0f")},
        goal=f"at least {_GOAL_REPLAY:,}",
        reached=rate.median >= _GOAL_REPLAY,
    )


def _count_of_lines(path: str) -> int:
    with open(path, "rb") as file:
        lines = sum(
            part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b"")
        )
    os.unlink(path)
    return lines


def measure(bench: Workbench) -> List[Row]:
    return [_cost_of_a_summary(bench), *_recordings(bench)]
