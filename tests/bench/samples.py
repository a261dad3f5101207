# SPDX-License-Identifier: Apache-2.0
"""Measurements of several competitors in turn.

The machine is shared, and its speed drifts. So each run measures every
competitor once, and values are compared within a run, before the median.
"""

from __future__ import annotations

import statistics
import sys
from typing import Callable, Dict, List, NamedTuple, Sequence

from tools import CannotMeasure, Tool


class Samples(NamedTuple):
    """One value for each run, or the reason why there are none."""

    values: List[float]
    reason: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def shown(self, form: str, unit: str = "") -> str:
        """The median with the least and the most: "1.2 (1.1-1.4)"."""
        if not self.values:
            return self.reason
        text = format(self.median, form)
        least, most = (
            format(end, form) for end in (min(self.values), max(self.values))
        )
        spread = f" ({least}-{most})" if least != most else ""
        return f"{text}{unit}{spread}"

    def combined(
        self, other: Samples, combine: Callable[[float, float], float]
    ) -> Samples:
        """Samples that combine those of each run."""
        pairs = zip(self.values, other.values)
        return Samples(
            [combine(mine, its) for mine, its in pairs],
            self.reason or other.reason,
        )

    def minus(self, other: Samples) -> Samples:
        return self.combined(other, lambda mine, its: mine - its)

    def ratio_to(self, other: Samples) -> Samples:
        return self.combined(other, lambda mine, its: mine / its)


def in_turn(
    what: str,
    tools: Sequence[Tool],
    runs: int,
    measure: Callable[[Tool], float],
) -> Dict[str, Samples]:
    """Measure all tools in each run, in alternating order.

    A tool that can't be measured once isn't tried again.
    """
    taken: Dict[str, Samples] = {tool.name: Samples([]) for tool in tools}
    for run in range(runs):
        progress(f"{what}: run {run + 1} of {runs}")
        for tool in tools if run % 2 == 0 else reversed(tools):
            if taken[tool.name].reason:
                continue
            try:
                taken[tool.name].values.append(measure(tool))
            except CannotMeasure as problem:
                taken[tool.name] = Samples([], str(problem))
    return taken


def progress(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
