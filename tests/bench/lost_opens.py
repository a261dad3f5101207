# SPDX-License-Identifier: Apache-2.0
"""How many opens have no row, when a program opens as fast as it can."""

from __future__ import annotations

import re
from collections import Counter
from typing import List

from samples import in_turn
from table import Row
from tools import LIBBPF_TOOLS, OURS, PERF_TRACE, STRACE, Tool, tracing
from workbench import Workbench

_OPENS = 1_000_000

_PERF_FILE_NAME = re.compile(rb"openat\(.*filename: (0x[0-9a-f]+|[^,]+),?")


def _rows_with(path: str, output: str) -> int:
    wanted = path.encode()
    with open(output, "rb") as rows:
        return sum(wanted in row for row in rows)


def _rows_of_one_address(output: str) -> int:
    """perf may show the address of a name only: the load has just one."""
    with open(output, "rb") as rows:
        names = Counter(
            found.group(1) for found in map(_PERF_FILE_NAME.search, rows) if found
        )
    return max(names.values(), default=0)


def measure(bench: Workbench) -> List[Row]:
    end_lines: List[str] = []

    def lost(tool: Tool) -> float:
        with tracing(bench, tool) as trace:
            trace.run(bench.load(_OPENS))
        if tool == PERF_TRACE:
            return _OPENS - _rows_of_one_address(trace.output)
        if tool == OURS:
            end_lines.append(trace.said().strip().splitlines()[-1])
        return _OPENS - _rows_with(bench.opened, trace.output)

    fast = in_turn(
        "lost opens", (OURS, LIBBPF_TOOLS), 1 if bench.quick else 5, lost
    )
    slow = in_turn("lost opens, slow peers", (STRACE, PERF_TRACE), 1, lost)
    ours = fast[OURS.name]
    return [
        Row(
            f"lost of {_OPENS:,} opens",
            {
                name: samples.shown(",.0f")
                for name, samples in {**fast, **slow}.items()
            },
            goal="0",
            reached=not any(ours.values) if ours.values else None,
            note=(
                "full speed, rows to a file, counted in the file; ours says "
                f'in the end: "{end_lines[-1] if end_lines else ""}"'
            ),
        )
    ]
