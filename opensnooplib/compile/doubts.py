# SPDX-License-Identifier: Apache-2.0
"""Warnings about C that compiles, but is perhaps not what was meant."""

from __future__ import annotations

from typing import List

from opensnooplib.compile.bcc_maps import BccMaps
from opensnooplib.compile.job import Job
from opensnooplib.rows.schema import Schema
from opensnooplib.source import locations
from opensnooplib.source.known_maps import START_MAP


def of_schema(schema: Schema, sizes: List[int], job: Job) -> List[str]:
    """A warning about fields that are not sent, which is seldom intended."""
    size = min(sizes, default=0)
    sent = schema.sent(size).fields
    unsent = [field.name for field in schema.fields if field not in sent]
    if not sizes or not unsent:
        return []
    return [
        f"{locations.of_submit(job.source)}: warning: only {size} "
        "bytes of struct event are sent, which leaves out "
        f"{', '.join(unsent)}: write sizeof(struct event)"
    ]


def of_pairs(maps: BccMaps, job: Job) -> List[str]:
    """A warning about what begins before a save and ends after it.

    The map "start" is what shows the frontend that something is under way.
    """
    start = maps.start_map()
    is_live = job.have_slots is not None
    if is_live and job.plan.runs_bpf_src and start and not start.flag_size:
        return [
            f"{locations.of_map(START_MAP, job.source)}warning: the "
            f"values of the map {START_MAP} have no field under_way, which "
            "says what hasn't ended: old programs stay attached after each "
            "save"
        ]
    return []
