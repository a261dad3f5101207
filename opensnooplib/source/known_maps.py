# SPDX-License-Identifier: Apache-2.0
"""The maps of the C that the frontend reads, if the C has them.

They are known by name and shape. A map that has such a name but another shape
is another map: allowed in the C of --source, an error in bpf_src.
"""

from __future__ import annotations

from typing import Dict, Iterable, NamedTuple, Tuple

# The perf event array that records go through.
EVENTS_MAP = "events"
COUNTERS_MAP = "counters"
# The map of what has begun and not ended yet.
START_MAP = "start"
# The map of requests under way, of bpf_src/ways/io_uring_requests.h.
REQUESTS_MAP = "requests"
# Maps of the selection, of bpf_src/extra/children.h and cgroups.h.
_FOLLOWED_MAPS = ("followed", "to_follow")
_CGROUPS_MAP = "cgroups"


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
    key_size: int = 0
    value_size: int = 0
    entries: int = 0  # at least
    written: str = ""  # in C

    def fits(self, facts: MapFacts) -> bool:
        return (
            facts.kind in self.kinds
            and self.key_size in (0, facts.key_size)
            and self.value_size in (0, facts.value_size)
            and self.entries <= facts.entries
        )


def shapes(event_size: int, counters: int) -> Dict[str, Shape]:
    """The shapes by name. `counters`: the number of counters that are read."""
    return {
        COUNTERS_MAP: Shape(
            ("per-CPU array",),
            value_size=8,
            entries=counters,
            written="BPF_PERCPU_ARRAY(counters, u64, COUNTERS), with at "
            f"least {counters} of them",
        ),
        START_MAP: Shape(
            ("hash", "LRU hash"), written="BPF_HASH(start, u32, VALUE)"
        ),
        REQUESTS_MAP: Shape(
            ("hash",),
            key_size=8,
            value_size=event_size,
            written="BPF_HASH(requests, u64, struct event)",
        ),
        _CGROUPS_MAP: Shape(
            ("cgroup array",), written="BPF_CGROUP_ARRAY(cgroups, SLOTS)"
        ),
        **{
            name: Shape(
                ("hash",),
                key_size=4,
                value_size=8,
                written=f"BPF_HASH({name}, u32, u64)",
            )
            for name in _FOLLOWED_MAPS
        },
    }


def choose(
    there: Iterable[MapFacts], wanted: Dict[str, Shape]
) -> Dict[str, MapFacts]:
    """Those of the maps `there` that the frontend reads, by name."""
    return {
        facts.name: facts
        for facts in there
        if facts.name in wanted and wanted[facts.name].fits(facts)
    }
