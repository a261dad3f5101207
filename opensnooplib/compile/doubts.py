# SPDX-License-Identifier: Apache-2.0
"""Warnings about C that compiles, but is perhaps not what was meant."""

from __future__ import annotations

import re
from collections import Counter

from opensnooplib.compile.bcc_maps import BccMaps
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.compile.job import Job
from opensnooplib.compile.make_source import compiled
from opensnooplib.kernel import map_contents, program_names
from opensnooplib.rows.schema import Output
from opensnooplib.source import addresses, declarations, locations
from opensnooplib.source.comments import without_comments
from opensnooplib.source.known_maps import START_MAP
from opensnooplib.source.struct_maps import PARENTHESES

_SYSCALL_ENTRY = "syscalls:sys_enter_"


def find(maps: BccMaps, outputs: list[Output]) -> list[str]:
    """All that this file looks for."""
    found = _of_outputs(outputs, maps.job)
    if not maps.job.plan.runs_bpf_src:
        if not outputs and not maps.job.options.probe.maps:
            kinds = map_contents.KINDS.values()
            names = [one.name for one in maps.all if one.kind in kinds]
            if names:
                found.append(f"{', '.join(names)}: --maps shows what is there")
        unattached = maps.program.unattached
        found += [f"warning: {maps.program.why_unattached()}"] * bool(
            unattached
        )
        found += _of_pairs(maps) if maps.job.have_slots is not None else []
        found += _of_addresses(maps.program, maps.job)
        found += _of_text(outputs, maps.job)
    return found


def _of_outputs(outputs: list[Output], job: Job) -> list[str]:
    """Warnings about fields that are not sent, which is seldom intended."""
    return [
        f"{locations.of_submit(one.name, job.source)}warning: only {one.size} "
        f"bytes of {one.struct} are sent, which leaves out "
        f"{', '.join(one.unsent)}: write sizeof({one.struct})"
        for one in outputs
        if one.unsent
    ]


def _of_pairs(maps: BccMaps) -> list[str]:
    """Warnings about what begins before a save and ends after it.

    The map "start" is what shows the frontend that something is under way;
    what the programs of --source do with other maps, it can't know.
    """
    if START_MAP in maps.known:
        return []
    program = maps.program
    return [
        f"{program.where(name)}warning: if this ends what "
        f"{program_names.target_of(program_names.begin_of(name))} keeps in a "
        "map, name that map start, or each save loses the opens under way"
        for name in program.fds
        if program_names.begin_of(name) in program.fds
    ]


def _of_addresses(program: BccProgram, job: Job) -> list[str]:
    """Warnings about addresses that are read, with nothing to read there.

    The verifier's log tells the line of an instruction.
    """
    from opensnooplib.explain import verifier_log  # seldom needed

    warnings = []
    for name in program.fds:
        of_process = all(
            one.hook
            and (one.hook.kind == "uprobe" or _SYSCALL_ENTRY in one.target)
            for one in program.attachments_of(name)
        )
        found = list(addresses.doubtful(program.code(name), of_process))
        log = program.log_of(name) if found else ""
        for number, words in found:
            where = verifier_log.location_of(number, log, job.source.files)
            where = where or program.where(name)
            warnings.append(f"{where}warning: {words}")
    return list(dict.fromkeys(warnings))


# An if that ends at once: clang's own warning gets lost where #line directives
# change the number of the line.
_EMPTY_IF = rf"\bif\s*{PARENTHESES}[ \t]*;"

# C that may write to any field, without its name.
_WRITES_WHOLE_STRUCT = (
    r"##|\w\s+\w+\s*=\s*\{\s*[^\s}.]|\((struct\s+)?\w+\)\s*\{\s*[^\s}.]"
    r"|\b(\w*memcpy|bpf_\w*read\w*)\s*\(\s*&?\s*\w+\s*,"
)


def _of_text(outputs: list[Output], job: Job) -> list[str]:
    """Warnings about what the text shows for sure."""
    warnings = [
        f"{where}warning: this if has no effect: remove the ; after it"
        for where in locations.find(_EMPTY_IF, compiled(job))
    ]
    code = without_comments("\n".join(job.source.files.values()))
    if re.search(_WRITES_WHOLE_STRUCT, code):
        return warnings
    words = Counter(re.findall(r"\w+", code))
    for one in outputs:
        name = one.struct.removeprefix("struct ")
        declared = declarations.of_struct(job.source.text, name)
        warnings += [
            f"{declared[field].location}: warning: nothing is ever written to "
            f"the field {field}"
            for field in declared
            if words[field] == 1 and not field.startswith(("_", "pad"))
        ]
    return warnings
