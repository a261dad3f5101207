# SPDX-License-Identifier: Apache-2.0
"""The processor time of a tool when nothing is opened.

On a machine at work something is always opened. So the tool traces only this
process, which sleeps.
"""

from __future__ import annotations

import glob
import os
import time
from typing import List

from samples import in_turn
from table import Row
from tools import LIBBPF_TOOLS, OURS, PERF_TRACE, STRACE, Tool, tracing
from workbench import Workbench

_GOAL_PERCENT = 0.5


def _processor_seconds(pid: int) -> float:
    """The exact time of all threads: utime and stime count whole ticks."""
    spent = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as file:
            spent += int(file.read().split()[0])
    return spent / 1e9


def measure(bench: Workbench) -> List[Row]:
    """The row of the table, in percent of one core."""
    seconds = 5 if bench.quick else 20

    def percent(tool: Tool) -> float:
        this_process = tool.with_arguments("-p", str(os.getpid()))
        with tracing(bench, this_process) as trace:
            time.sleep(1)  # the work of the launch is done by then
            began, spent = time.monotonic(), _processor_seconds(trace.tool_pid)
            time.sleep(seconds)
            spent = _processor_seconds(trace.tool_pid) - spent
            took = time.monotonic() - began
        return 100 * spent / took

    taken = in_turn(
        "idle", (OURS, LIBBPF_TOOLS), 1 if bench.quick else 3, percent
    )
    ours = taken[OURS.name]
    return [
        Row(
            "processor time when idle, % of a core",
            {
                **{name: seen.shown(".2f") for name, seen in taken.items()},
                **dict.fromkeys((STRACE.name, PERF_TRACE.name), "n/a"),
            },
            goal=f"below {_GOAL_PERCENT}",
            reached=ours.median < _GOAL_PERCENT if ours.values else None,
            note=(
                f"over {seconds} s, with -p of a process that sleeps; strace "
                "and perf trace have no idle host to watch: they end with the "
                "command that they trace"
            ),
        )
    ]
