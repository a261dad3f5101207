# SPDX-License-Identifier: Apache-2.0
"""The memory of the tracing process, after launch and after a load."""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple

from samples import Samples, in_turn
from table import Row
from tools import (
    LIBBPF_TOOLS,
    OURS,
    PERF_TRACE,
    STRACE,
    Kind,
    Tool,
    Trace,
    tracing,
)
from workbench import Workbench

_GOAL_MB = 20
_OPENS = 1_000_000
# Fewer opens for strace and perf trace, which would need minutes.
_OPENS_OF_SLOW_TOOLS = 50_000
_TOOLS = (OURS, LIBBPF_TOOLS, STRACE, PERF_TRACE)


class _Memory(NamedTuple):
    """Sizes in MB of 1024 * 1024 bytes."""

    resident: float
    proportional: float


def _megabytes(path: str, name: str) -> float:
    with open(path, encoding="ascii", errors="replace") as file:
        found = re.search(rf"^{name}:\s+(\d+) kB", file.read(), re.MULTILINE)
    assert found, f"{path} has no {name}"
    return int(found.group(1)) / 1024


def memory_of(pid: int) -> _Memory:
    return _Memory(
        _megabytes(f"/proc/{pid}/status", "VmRSS"),
        _megabytes(f"/proc/{pid}/smaps_rollup", "Pss"),
    )


# A shell script that prints a line when it has begun and when the load is
# done, and each time waits for a line.
_IN_STEPS = 'echo; read -r _; "$@"; read -r _'


def _before_and_after(trace: Trace, load: List[str]) -> List[_Memory]:
    steps = trace.start(["sh", "-c", _IN_STEPS, "sh", *load])
    assert steps.stdin and steps.stdout
    seen = []
    for _ in range(2):
        steps.stdout.readline()
        seen.append(memory_of(trace.tool_pid))
        steps.stdin.write(b"\n")
        steps.stdin.flush()
    steps.communicate()
    return seen


def measure(bench: Workbench) -> List[Row]:
    """The rows of the table."""
    at_first: Dict[str, List[_Memory]] = {tool.name: [] for tool in _TOOLS}
    at_last: Dict[str, List[_Memory]] = {tool.name: [] for tool in _TOOLS}

    def resident(tool: Tool) -> float:
        slow = tool.kind == Kind.COMMAND
        load = bench.load(_OPENS_OF_SLOW_TOOLS if slow else _OPENS)
        with tracing(bench, tool) as trace:
            first, last = _before_and_after(trace, load)
        at_first[tool.name].append(first)
        at_last[tool.name].append(last)
        return first.resident

    taken = in_turn("memory", _TOOLS, 1 if bench.quick else 3, resident)

    def row(figure: str, values: Dict[str, List[float]], note: str) -> Row:
        ours = values[OURS.name]
        return Row(
            figure,
            {
                name: Samples(values[name], taken[name].reason).shown(".1f")
                for name in values
            },
            goal=f"at most {_GOAL_MB}",
            reached=max(ours) <= _GOAL_MB if ours else None,
            note=note,
        )

    def residents(memory: Dict[str, List[_Memory]]) -> Dict[str, List[float]]:
        return {
            name: [one.resident for one in all_]
            for name, all_ in memory.items()
        }

    return [
        row("memory after launch, resident, MB", residents(at_first), ""),
        row(
            "the same, proportional (PSS), MB",
            {
                name: [one.proportional for one in all_]
                for name, all_ in at_first.items()
            },
            "",
        ),
        row(
            f"resident after {_OPENS:,} opens, MB",
            residents(at_last),
            f"strace and perf trace: after {_OPENS_OF_SLOW_TOOLS:,}",
        ),
    ]
