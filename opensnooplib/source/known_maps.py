# SPDX-License-Identifier: Apache-2.0
"""The maps of the C that the frontend reads, if the C has them.

They are known by name and shape. A map that has such a name but another shape
is another map: allowed in the C of --source, an error in bpf_src.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

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

    kinds: Tuple[str, ...]
    key_size: int
    value_size: int
    entries: int  # at least
    written: str  # in C

    def fits(self, facts: MapFacts) -> bool:
        return (
            facts.kind in self.kinds
            and self.key_size in (0, facts.key_size)
            and self.value_size in (0, facts.value_size)
            and self.entries <= facts.entries
        )


_HASH = ("hash",)
_START = "BPF_HASH(start, u32, VALUE)"
_COUNTERS = "BPF_PERCPU_ARRAY(counters, u64, COUNTERS), with at least "

# The maps that the C of --source can have, too.
SHAPES_IN_ANY = {
    COUNTERS_MAP: Shape(("per-CPU array",), 4, 8, 2, _COUNTERS + "2"),
    START_MAP: Shape((*_HASH, "LRU hash"), 0, 0, 0, _START),
}
# Those that are read only from bpf_src, or if an option needs them.
SHAPES = {
    **SHAPES_IN_ANY,
    COUNTERS_MAP: Shape(("per-CPU array",), 4, 8, 3, _COUNTERS + "3"),
    REQUESTS_MAP: Shape(
        _HASH, 8, 0, 0, "BPF_HASH(requests, u64, struct event)"
    ),
    "cgroups": Shape(
        ("cgroup array",), 0, 0, 0, "BPF_CGROUP_ARRAY(cgroups, SLOTS)"
    ),
    "followed": Shape(_HASH, 4, 8, 0, "BPF_HASH(followed, u32, u64)"),
    "to_follow": Shape(_HASH, 4, 8, 0, "BPF_HASH(to_follow, u32, u64)"),
}
