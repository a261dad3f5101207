# SPDX-License-Identifier: Apache-2.0
"""--maps: the maps of the C, and changes of "start" and of the counters.

Of the C of --source, contents too: at the end, and for each --interval. On
stderr, beside the rows; with --format json each line is an object.
"""

from __future__ import annotations

import json
import math
import time
from typing import Any, Callable, Iterable, Iterator

from opensnooplib.base.errors import as_sentence
from opensnooplib.base.messages import counted, write_line
from opensnooplib.kernel import map_contents
from opensnooplib.source.known_maps import STACK_TRACE, MapFacts
from opensnooplib.trace import map_text
from opensnooplib.trace.program_set import ProgramSet
from opensnooplib.trace.running_trace import Trace

_SECONDS = 1.0

# A map's entries that are read, and lines that are printed, at most.
_MOST_ENTRIES = 1 << 16
_MOST_LINES = 1000


def steps(trace: Trace) -> Iterator[None]:
    """Say what has changed, once a second, and show contents when due.

    Take the next step in each round of the trace.
    """
    listed: ProgramSet | None = None
    last: dict[str, int] = {}
    interval = trace.options.output.interval or math.inf
    contents_due = time.monotonic() + interval
    while True:
        if trace.newest is not listed:
            listed = trace.newest
            for one, *_ in listed.taken.map_list:
                _say(
                    trace,
                    {"map": one._asdict()},
                    f"map {one.name}: {one.kind}, at most "
                    f"{counted(one.entries, 'entry', 'entries')}, "
                    f"key {one.key_size}, "
                    f"value {counted(one.value_size, 'byte')}",
                )
        values = _values(trace)
        if values != last:
            last = values
            _say(trace, {"maps": values}, _in_words(values))
        due = time.monotonic() + _SECONDS
        while time.monotonic() < due:
            if time.monotonic() >= contents_due:
                contents_due += interval
                show_contents(trace, trace.newest, lambda: trace.poll(0))
            yield


def show_all(trace: Trace) -> None:
    """Show the contents of all maps, whose programs are detached."""
    with as_sentence("cannot read the maps"):
        for one in trace.program_sets():
            show_contents(trace, one)


def show_contents(
    trace: Trace, one: ProgramSet, meanwhile: Callable[[], object] = bool
) -> None:
    """Show the contents of the maps of a program set.

    Call `meanwhile` from time to time: a large map takes long.
    """
    if trace.job.plan.runs_bpf_src:
        return

    def found(facts: MapFacts) -> dict[bytes, bytes]:
        sizes = facts.key_size, min(facts.entries, _MOST_ENTRIES)
        fd = one.taken.map_fds[facts.name]
        return map_contents.contents(fd, *sizes, meanwhile)

    is_old = one is not trace.newest
    maps = one.taken.map_list
    of_stacks = [one.facts for one in maps if one.facts.kind == STACK_TRACE]
    stacks = {facts.name: found(facts) for facts in of_stacks}
    for layout in maps:
        if layout.plot == "none":
            continue
        name = layout.facts.name
        read = found(layout.facts)
        entries = map_text.entries(layout, read)
        for entry in entries:
            map_text.add_stacks(entry, stacks, trace.rings)
        facts = {"contents": name, "plot": layout.plot, "replaced": is_old}
        which = f"map {name}{' of the previous C' if is_old else ''}: "
        count = counted(len(entries), "entry", "entries")
        if len(read) >= _MOST_ENTRIES:
            count += ", and perhaps others that were not read"
        lines = [*map_text.lines(layout, entries)] if entries else []
        if len(lines) > _MOST_LINES:
            more = counted(len(lines) - _MOST_LINES, "more line")
            lines[_MOST_LINES:] = [f"... and {more}: --format json has all"]
        _say(trace, {**facts, "entries": entries}, which + count, lines)


def _say(
    trace: Trace, facts: dict[str, Any], text: str, more: Iterable[str] = ()
) -> None:
    if trace.options.output.format == "json":
        text = json.dumps(facts, default=map_text.as_text)
    else:
        text = "\n".join([text, *more])
    write_line(text)


def _values(trace: Trace) -> dict[str, int]:
    counts = [one.start_count() for one in trace.program_sets()]
    there = [one for one in counts if one]
    values = {"lost": trace.lost(), "missed": trace.missed()}
    if there:
        values["start"] = sum(one.entries for one in there)
        values["under_way"] = sum(one.flagged for one in there)
    return values


def _in_words(values: dict[str, int]) -> str:
    text = f"counters: {values['lost']} lost, {values['missed']} missed"
    if "start" not in values:
        return text
    entries = counted(values["start"], "entry", "entries")
    return f"start: {entries}, {values['under_way']} under way; {text}"
