# SPDX-License-Identifier: Apache-2.0
"""Which maps of the C the frontend reads, where the C has them.

By name and shape: a map of such a name that has another shape is something
else. In somebody's own C it is the author's affair; bpf_src itself is refused.
"""

from __future__ import annotations

from typing import Dict, Iterable, NamedTuple, Tuple

# The perf event array that records go through.
EVENTS_MAP = "events"
# Where a record is built. Its value is struct event: BCC tells a map's layout,
# and so the struct's.
EVENT_BUFFER_MAP = "scratch"
COUNTERS_MAP = "counters"
# What has begun and not ended yet.
START_MAP = "start"
# Of bpf_src/ways/io_uring_requests.h: what is under way.
REQUESTS_MAP = "requests"
# Of bpf_src/extra/children.h and cgroups.h, for what is selected.
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
    """What is 0 may be anything; sizes in bytes."""

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
    """By name. `counters`: how many of enum counter are read."""
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
    """Those of `there` that are the frontend's, by name."""
    return {
        facts.name: facts
        for facts in there
        if facts.name in wanted and wanted[facts.name].fits(facts)
    }
