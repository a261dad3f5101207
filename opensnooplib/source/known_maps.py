# SPDX-License-Identifier: Apache-2.0
"""The maps of the C that the frontend reads, if the C has them.

They are known by name and shape. A map that has such a name but another shape
is another map: allowed in the C of --source, an error in bpf_src.
"""

from __future__ import annotations

from typing import NamedTuple

from opensnooplib.base import tables

# The perf event array that records go through.
EVENTS_MAP = "events"
# And that for lines of bpf_trace_printk(), with the program that sends them:
# bpf_src/printk_lines.h.
PRINTK_MAP = "printk_lines"
PRINTK_PROGRAM = "raw_tracepoint__bpf_trace_printk"
COUNTERS_MAP = "counters"
# The map of what has begun and not ended yet.
START_MAP = "start"
# The map of requests under way, of bpf_src/ways/io_uring_shares.h.
REQUESTS_MAP = "requests"

# The kind of the maps that bpf_get_stackid() fills.
STACK_TRACE = "stack trace"


class MapFacts(NamedTuple):
    """A map of the C; sizes in bytes."""

    name: str
    kind: str
    key_size: int
    value_size: int
    entries: int  # at most


class Shape(NamedTuple):
    """The shape of a map; sizes in bytes. A number that is 0 fits any."""

    kinds: list[str]
    written: str  # in C
    key_size: int
    value_size: int
    entries: int  # at least

    def fits(self, facts: MapFacts) -> bool:
        return (
            facts.kind in self.kinds
            and self.key_size in (0, facts.key_size)
            and self.value_size in (0, facts.value_size)
            and self.entries <= facts.entries
        )


def _shapes(where: str) -> dict[str, Shape]:
    rows = tables.rows(__file__, "known_maps.txt")
    return {
        name: Shape(kinds.split(", "), written, *map(int, numbers))
        for name, there, kinds, *numbers, written in rows
        if there == where
    }


# The maps that the C of --source can have, too; and those that are read from
# bpf_src, or if an option needs them.
SHAPES_IN_ANY, SHAPES = _shapes("any"), _shapes("ours")
