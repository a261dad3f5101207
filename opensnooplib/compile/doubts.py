# SPDX-License-Identifier: Apache-2.0
"""Warnings about C that compiles, but is perhaps not what was meant."""

from __future__ import annotations

from typing import List

from opensnooplib.compile.bcc_maps import BccMaps
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.compile.job import Job
from opensnooplib.kernel import program_names
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
        f"{locations.of_submit(job.source)}warning: only {size} bytes of "
        "struct event are sent, which leaves out "
        f"{', '.join(unsent)}: write sizeof(struct event)"
    ]


def of_pairs(program: BccProgram, maps: BccMaps, job: Job) -> List[str]:
    """Warnings about what begins before a save and ends after it.

    The map "start" is what shows the frontend that something is under way;
    what the programs of --source do with other maps, it can't know.
    """
    if job.have_slots is None or job.plan.runs_bpf_src:
        return []
    if START_MAP in maps.known:
        return []
    return [
        f"{program.where(name)}warning: if this ends what "
        f"{program_names.target_of(program_names.begin_of(name))} keeps in a "
        "map, name that map start, or each save loses the opens under way"
        for name in program.fds
        if program_names.begin_of(name) in program.fds
    ]
