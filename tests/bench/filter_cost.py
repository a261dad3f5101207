# SPDX-License-Identifier: Apache-2.0
"""The cost of an open that a filter drops, relative to one that is shown."""

from __future__ import annotations

from typing import List

from samples import Samples, in_turn
from table import Row
from tools import OURS, UNTRACED, Tool, tracing
from workbench import Workbench

_GOAL = 0.35

# Filters that drop the load's opens, each at another point in the C.
_FILTERS = (
    "-p 1",
    "-u nobody",
    "-n nobody",
    "--unit nobody",
    "-f O_DIRECTORY",
    "-x",
    "--path /no/such/*",
)

# Filters that leave the load out, and those that they are compared with.
_BESIDE = {
    "-f !O_RDONLY": "-p 1",
    "-u !root": "-u nobody",
    "-n !open_loop": "-n nobody",
}
_BESIDE_GOAL = 1.15

# A filter by time, which drops what has been looked up, and its rows.
_SLOWER, _ROWS, _SLOWER_GOAL = "--slower 1000", "-L", 0.75


def _filtering(options: str) -> Tool:
    # The name is also that of a file.
    tool = OURS.with_arguments(*options.split())
    return tool._replace(name=options.replace("/", "|"), has_rows=False)


def measure(bench: Workbench) -> List[Row]:
    def microseconds(tool: Tool) -> float:
        with tracing(bench, tool) as trace:
            return float(trace.run(bench.load(300_000))) / 1000

    every = (*_FILTERS, *_BESIDE, _SLOWER, _ROWS)
    filtering = [_filtering(options) for options in every]
    taken = in_turn(
        "cost of a dropped open",
        (UNTRACED, OURS, *filtering),
        3 if bench.quick else 7,
        microseconds,
    )
    untraced = taken[UNTRACED.name]
    shown = taken[OURS.name].minus(untraced)
    added = {
        options: taken[tool.name].minus(untraced)
        for options, tool in zip(every, filtering)
    }
    pairs = [(*pair, _BESIDE_GOAL) for pair in _BESIDE.items()]
    return [
        *(_row(options, added[options], shown) for options in _FILTERS),
        *(
            _share(options, other, added[options].ratio_to(added[other]), goal)
            for options, other, goal in (
                *pairs,
                (_SLOWER, _ROWS, _SLOWER_GOAL),
            )
        ),
    ]


def _share(options: str, other: str, ratio: Samples, goal: float) -> Row:
    return Row(
        f"{options}: cost of an open that it drops, of one with {other}",
        {OURS.name: ratio.shown(".2f")},
        goal=f"at most {goal}",
        reached=ratio.median <= goal if ratio.values else None,
    )


def _row(options: str, dropped: Samples, shown: Samples) -> Row:
    ratio = dropped.ratio_to(shown)
    return Row(
        f"{options}: cost of an open that it drops, of a shown one's",
        {OURS.name: ratio.shown(".2f")},
        goal=f"at most {_GOAL}",
        reached=ratio.median <= _GOAL if ratio.values else None,
        note=(
            f"a dropped one adds {dropped.shown('.2f')} µs, a shown one "
            f"{shown.shown('.2f')} µs"
        ),
    )
