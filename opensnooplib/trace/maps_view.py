# SPDX-License-Identifier: Apache-2.0
"""--maps: the maps of the C, and changes of "start" and of the counters.

On stderr, beside the rows; with --format json each line is an object.
"""

from __future__ import annotations

import json
import time
from typing import Any, Dict, Iterator, Optional

from opensnooplib.base.messages import counted, write_line
from opensnooplib.trace.program_set import ProgramSet
from opensnooplib.trace.running_trace import Trace

_SECONDS = 1.0


def steps(trace: Trace) -> Iterator[None]:
    """Say what has changed, once a second.

    Take the next step in each round of the trace.
    """
    listed: Optional[ProgramSet] = None
    last: Dict[str, int] = {}
    as_json = trace.options.output.format == "json"

    def say(facts: Dict[str, Any], text: str) -> None:
        write_line(json.dumps(facts) if as_json else text)

    while True:
        if trace.newest is not listed:
            listed = trace.newest
            for one in listed.taken.map_list:
                say(
                    {"map": one._asdict()},
                    f"map {one.name}: {one.kind}, at most "
                    f"{counted(one.entries, 'entry', 'entries')}, "
                    f"key {one.key_size}, value {one.value_size} bytes",
                )
        values = _values(trace)
        if values != last:
            last = values
            say({"maps": values}, _in_words(values))
        due = time.monotonic() + _SECONDS
        while time.monotonic() < due:
            yield


def _values(trace: Trace) -> Dict[str, int]:
    counts = [one.start_count() for one in [*trace.older, trace.newest]]
    there = [one for one in counts if one]
    values = {"lost": trace.lost(), "missed": trace.missed()}
    if there:
        values["start"] = sum(one.entries for one in there)
        values["under_way"] = sum(one.flagged for one in there)
    return values


def _in_words(values: Dict[str, int]) -> str:
    text = f"counters: {values['lost']} lost, {values['missed']} missed"
    if "start" not in values:
        return text
    entries = counted(values["start"], "entry", "entries")
    return f"start: {entries}, {values['under_way']} under way; {text}"
