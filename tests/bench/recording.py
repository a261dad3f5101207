# SPDX-License-Identifier: Apache-2.0
"""The reader's cost of a summary or a recording, and the speed of a replay."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from typing import Dict, List

from samples import Samples, in_turn, progress
from table import Row
from tools import OURS, Tool, told_lost, tracing
from workbench import Workbench

_OPENS = 2_000_000  # by two processes, on two CPUs
_GOAL_REPLAY = 2_000_000  # rows a second

_ROWS = OURS._replace(name="rows")


def _processor_seconds(pid: int) -> float:
    """The time of the tracing process: /proc/PID/schedstat has it in ns."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


def _recordings(bench: Workbench) -> List[Row]:
    recorded = bench.path("recorded")
    recorder = OURS.with_arguments("--record", recorded)
    recorder = recorder._replace(name="record", has_rows=False)
    summary = OURS.with_arguments("--summary")
    summary = summary._replace(name="summary", has_rows=False)
    load = bench.load_on_each_cpu(_OPENS)
    said: Dict[str, List[str]] = {"rows": [], "record": [], "summary": []}

    def seconds(tool: Tool) -> float:
        with tracing(bench, tool) as trace:
            before = _processor_seconds(trace.tool_pid)
            trace.run(load)
            time.sleep(0.2)  # until the rings are read
            used = _processor_seconds(trace.tool_pid) - before
        said[tool.name].append(trace.said().strip().splitlines()[-1])
        return used

    runs = 1 if bench.quick else 5
    tools = (_ROWS, recorder, summary)
    taken = in_turn("the reader's time", tools, runs, seconds)
    ratio = taken["record"].ratio_to(taken["rows"])
    ratio_of_sums = taken["summary"].ratio_to(taken["rows"])
    lost = Samples([float(told_lost(OURS, line)) for line in said["record"]])
    return [
        Row(
            "--summary: the reader's processor time, of rows'",
            {OURS.name: ratio_of_sums.shown(".2f")},
            goal="at most 0.75",
            reached=ratio_of_sums.median <= 0.75
            if ratio_of_sums.values
            else None,
            note=f"a summary {taken['summary'].shown('.2f')} s",
        ),
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
    return _recordings(bench)
