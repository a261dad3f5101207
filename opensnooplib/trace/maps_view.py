# SPDX-License-Identifier: Apache-2.0
"""--maps: the maps of the C, and changes of "start" and of the counters.

On stderr, beside the rows; with --format json each line is an object.
"""

from __future__ import annotations

import json
import time
from typing import Any, Dict, Optional

from opensnooplib.base.messages import counted, write_line
from opensnooplib.trace.program_set import ProgramSet
from opensnooplib.trace.running_trace import Trace

_SECONDS = 1.0


class MapsView:
    """The view of the maps, stepped in each round of the trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._json = trace.options.output.format == "json"
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

    def _say(self, facts: Dict[str, Any], text: str) -> None:
        write_line(json.dumps(facts) if self._json else text)

    def _list(self, program_set: ProgramSet) -> None:
        for one in program_set.taken.map_list:
            self._say(
                {"map": one._asdict()},
                f"map {one.name}: {one.kind}, at most "
                f"{counted(one.entries, 'entry', 'entries')}, "
                f"key {one.key_size}, value {one.value_size} bytes",
            )

    def _values(self) -> Dict[str, int]:
        trace = self._trace
        counts = [one.start_count() for one in [*trace.older, trace.newest]]
        there = [one for one in counts if one]
        values = {"lost": trace.lost(), "missed": trace.missed()}
        if there:
            values["start"] = sum(one.entries for one in there)
            values["under_way"] = sum(one.flagged for one in there)
        return values

    def _say_values(self, values: Dict[str, int]) -> None:
        text = f"counters: {values['lost']} lost, {values['missed']} missed"
        if "start" in values:
            entries = counted(values["start"], "entry", "entries")
            start = f"start: {entries}, {values['under_way']} under way"
            text = f"{start}; {text}"
        self._say({"maps": values}, text)
