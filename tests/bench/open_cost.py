# SPDX-License-Identifier: Apache-2.0
"""The time that tracing adds to each open of the program that is traced."""

from __future__ import annotations

from typing import List

from samples import Samples, in_turn
from table import Row
from tools import (
    LIBBPF_TOOLS,
    OURS,
    PERF_TRACE,
    STRACE,
    UNTRACED,
    Kind,
    Tool,
    tracing,
)
from workbench import Workbench

_GOAL = 0.1  # of what libbpf-tools adds
_TRACERS = (OURS, LIBBPF_TOOLS, STRACE, PERF_TRACE)


def measure(bench: Workbench) -> List[Row]:
    def microseconds(tool: Tool) -> float:
        # Tools that start the command are far slower.
        opens = 20_000 if tool.kind == Kind.COMMAND else 300_000
        with tracing(bench, tool) as trace:
            return float(trace.run(bench.load(opens))) / 1000

    taken = in_turn(
        "cost of an open",
        (UNTRACED,) + _TRACERS,
        3 if bench.quick else 7,
        microseconds,
    )
    untraced = taken[UNTRACED.name]
    added = {tool.name: taken[tool.name].minus(untraced) for tool in _TRACERS}
    return [_cost_row(added, untraced), _ratio_row(added)]


def _cost_row(added: dict[str, Samples], untraced: Samples) -> Row:
    return Row(
        "cost added to each open, µs",
        {name: samples.shown(".2f") for name, samples in added.items()},
        note=(
            "one process opens and closes an existing file in a loop, traced "
            f"minus untraced; untraced: {untraced.shown('.2f')} µs"
        ),
    )


def _ratio_row(added: dict[str, Samples]) -> Row:
    reference = added[LIBBPF_TOOLS.name]
    ratios = {
        name: samples.ratio_to(reference)
        for name, samples in added.items()
        if name != LIBBPF_TOOLS.name
    }
    ours = ratios[OURS.name]
    return Row(
        "the same, of libbpf-tools'",
        {name: ratio.shown(".3f") for name, ratio in ratios.items()},
        goal=f"at most {_GOAL}",
        reached=ours.median <= _GOAL if ours.values else None,
    )
