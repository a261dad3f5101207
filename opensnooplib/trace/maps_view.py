# SPDX-License-Identifier: Apache-2.0
"""--maps: the maps of the C, and changes of "start" and of the counters.

On stderr, beside the rows; with --format json each line is an object.
"""

from __future__ import annotations

import json
import time
from typing import Any, Dict, List, Optional

from opensnooplib.base.messages import counted, write_line
from opensnooplib.trace.program_set import ProgramSet
from opensnooplib.trace.running_trace import Trace

_SECONDS = 1.0


class MapsView:
    """The view of the maps, stepped in each round of the trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._json = trace.options.format == "json"
        self._listed: Optional[ProgramSet] = None
        self._last: Dict[str, int] = {}
        self._due = 0.0

    def step(self) -> None:
        """Say what has changed, at most once a second."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _SECONDS
        if self._trace.newest is not self._listed:
            self._listed = self._trace.newest
            self._list(self._listed)
        values = self._values()
        if values != self._last:
            self._last = values
            self._say_values(values)

    def _list(self, program_set: ProgramSet) -> None:
        for one in program_set.taken.map_list:
            if self._json:
                write_line(json.dumps({"map": one._asdict()}))
            else:
                write_line(
                    f"map {one.name}: {one.kind}, at most "
                    f"{counted(one.entries, 'entry', 'entries')}, "
                    f"key {one.key_size}, value {one.value_size} bytes"
                )

    def _values(self) -> Dict[str, int]:
        trace = self._trace
        counts = [one.start_count() for one in [*trace.older, trace.newest]]
        values = {"lost": trace.lost(), "missed": trace.missed()}
        if any(counts):
            there = [one for one in counts if one]
            values["start"] = sum(one.entries for one in there)
            values["under_way"] = sum(one.flagged for one in there)
        return values

    def _say_values(self, values: Dict[str, int]) -> None:
        if self._json:
            facts: Dict[str, Any] = {"maps": values}
            write_line(json.dumps(facts))
            return
        parts: List[str] = []
        if "start" in values:
            parts.append(
                f"start: {counted(values['start'], 'entry', 'entries')}, "
                f"{values['under_way']} under way"
            )
        parts.append(
            f"counters: {values['lost']} lost, {values['missed']} missed"
        )
        write_line("; ".join(parts))
