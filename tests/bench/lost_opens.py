# SPDX-License-Identifier: Apache-2.0
"""The number of opens without a row, at full speed."""

from __future__ import annotations

import re
from collections import Counter
from typing import Dict, List

from samples import Samples, in_turn
from table import Row
from tools import (
    LIBBPF_TOOLS,
    OURS,
    PERF_TRACE,
    STRACE,
    Tool,
    told_lost,
    tracing,
)
from workbench import Workbench

_OPENS = 1_000_000

_PERF_FILE_NAME = re.compile(rb"openat\(.*filename: ([^,)]+)")


def _rows_of_load(bench: Workbench, tool: Tool, output: str) -> int:
    with open(output, "rb") as rows:
        if tool != PERF_TRACE:
            opened = bench.opened.encode()
            return sum(opened in row for row in rows)
        # perf may show only the address of a name; the load has one name.
        found = filter(None, map(_PERF_FILE_NAME.search, rows))
        names = Counter(match.group(1) for match in found)
        return max(names.values(), default=0)


def _cells(taken: Dict[str, Samples]) -> Dict[str, str]:
    return {name: lost.shown(",.0f") for name, lost in taken.items()}


class _Losing:
    """Losses of `opens` opens by `load`, and those in our last lines."""

    def __init__(self, bench: Workbench, load: List[str], opens: int) -> None:
        self._bench = bench
        self._load = load
        self._opens = opens
        self.told: List[int] = []
        self.last_line = ""

    def lost(self, tool: Tool) -> float:
        with tracing(self._bench, tool) as trace:
            trace.run(self._load)
        if tool == OURS:
            self.last_line = trace.said().strip().splitlines()[-1]
            self.told.append(told_lost(tool, self.last_line))
        return self._opens - _rows_of_load(self._bench, tool, trace.output)


def _at_full_speed(bench: Workbench, runs: int) -> Row:
    losing = _Losing(bench, bench.load(_OPENS), _OPENS)
    taken = in_turn("lost opens", (OURS, LIBBPF_TOOLS), runs, losing.lost)
    slow = (STRACE, PERF_TRACE)
    taken.update(in_turn("lost opens, slow peers", slow, 1, losing.lost))
    ours = taken[OURS.name]
    return Row(
        f"lost of {_OPENS:,} opens",
        _cells(taken),
        goal="0",
        reached=not any(ours.values) if ours.values else None,
        note="full speed, rows to a file; the last run of ours said: "
        f'"{losing.last_line}"',
    )


def _on_each_cpu(bench: Workbench, runs: int) -> Row:
    """Losses while no CPU is left to the readers."""
    opens = 2 * _OPENS
    losing = _Losing(bench, bench.load_on_each_cpu(opens), opens)
    taken = in_turn("each CPU", (OURS, LIBBPF_TOOLS), runs, losing.lost)
    ours = taken[OURS.name].values
    exact = ours == [float(lost) for lost in losing.told]
    return Row(
        f"lost of {opens:,} opens by a process on each CPU",
        _cells(taken),
        goal="reported exactly, below 0.1 %",
        reached=exact and max(ours) < opens / 1000 if ours else None,
        note="rows to a file; the last run of ours said: "
        f'"{losing.last_line}"',
    )


def measure(bench: Workbench) -> List[Row]:
    runs = 1 if bench.quick else 3
    return [_at_full_speed(bench, runs), _on_each_cpu(bench, runs)]
