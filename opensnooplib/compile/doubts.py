# SPDX-License-Identifier: Apache-2.0
"""Warnings about C that compiles, but is perhaps not what was meant."""

from __future__ import annotations

from typing import List

from opensnooplib.compile.bcc_maps import BccMaps
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.compile.job import Job
from opensnooplib.kernel import program_names
from opensnooplib.rows.schema import Output
from opensnooplib.source import locations
from opensnooplib.source.known_maps import START_MAP


def of_outputs(outputs: List[Output], job: Job) -> List[str]:
    """Warnings about fields that are not sent, which is seldom intended."""
    return [
        f"{locations.of_submit(one.name, job.source)}warning: only {one.size} "
        f"bytes of {one.struct} are sent, which leaves out "
        f"{', '.join(one.unsent)}: write sizeof({one.struct})"
        for one in outputs
        if one.unsent
    ]


def of_unattached(program: BccProgram) -> List[str]:
    """A warning about functions that no event calls."""
    return [f"warning: {program.why_unattached()}"] * bool(program.unattached)


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
