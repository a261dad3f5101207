# SPDX-License-Identifier: Apache-2.0
"""How many opens have no row, when programs open as fast as they can."""

from __future__ import annotations

import re
from collections import Counter
from typing import Dict, List

from samples import Samples, in_turn
from table import Row
from tools import LIBBPF_TOOLS, OURS, PERF_TRACE, STRACE, Tool, tracing
from workbench import Workbench

_OPENS = 1_000_000

_PERF_FILE_NAME = re.compile(rb"openat\(.*filename: ([^,)]+)")


def _rows_of_load(bench: Workbench, tool: Tool, output: str) -> int:
    with open(output, "rb") as rows:
        if tool != PERF_TRACE:
            opened = bench.opened.encode()
            return sum(opened in row for row in rows)
        # perf may show a name's address only; the load has just one.
        found = filter(None, map(_PERF_FILE_NAME.search, rows))
        names = Counter(match.group(1) for match in found)
        return max(names.values(), default=0)


def _cells(taken: Dict[str, Samples]) -> Dict[str, str]:
    return {name: lost.shown(",.0f") for name, lost in taken.items()}


def measure(bench: Workbench) -> List[Row]:
    """The load alone, and the load on all CPUs, where readers get no rest."""
    told: List[str] = []
    load = bench.load(_OPENS)

    def lost(tool: Tool) -> float:
        with tracing(bench, tool) as trace:
            trace.run(load)
        if tool == OURS:
            told.append(trace.said().strip().splitlines()[-1])
        return _OPENS - _rows_of_load(bench, tool, trace.output)

    runs = 1 if bench.quick else 3
    taken = in_turn("lost opens", (OURS, LIBBPF_TOOLS), runs, lost)
    slow = in_turn("lost opens, slow peers", (STRACE, PERF_TRACE), 1, lost)
    said_at_end = f'the last run of ours said: "{told[-1]}"' if told else ""
    ours = taken[OURS.name]
    rows = [
        Row(
            f"lost of {_OPENS:,} opens",
            _cells({**taken, **slow}),
            goal="0",
            reached=not any(ours.values) if ours.values else None,
            note=f"full speed, rows to a file; {said_at_end}",
        )
    ]

    load = bench.load_on_each_cpu(_OPENS)
    taken = in_turn("all CPUs", (OURS, LIBBPF_TOOLS), runs, lost)
    said_at_end = f'the last run of ours said: "{told[-1]}"' if told else ""
    rows.append(
        Row(
            "the same with a load on each CPU",
            _cells(taken),
            note=f"no CPU is left to the reader; {said_at_end}",
        )
    )
    return rows
