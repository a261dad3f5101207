# SPDX-License-Identifier: Apache-2.0
"""The outputs of compiled C: what each sends, and how much of it."""

from __future__ import annotations

import re

from opensnooplib.base.errors import SourceError
from opensnooplib.compile.bcc_maps import BccMaps, types_of_maps
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.compile.job import Job
from opensnooplib.kernel import btf
from opensnooplib.kernel.btf import Btf
from opensnooplib.rows import btf_layout
from opensnooplib.rows.field import Field
from opensnooplib.rows.schema import Output, Schema
from opensnooplib.source import declarations, locations, submits
from opensnooplib.source.comments import without_comments
from opensnooplib.source.known_maps import EVENTS_MAP, PRINTK_MAP, MapFacts

_KINDS = ("perf event array", "ring buffer")

# What is sent through the output NAME.
_SENT = (
    r"\bNAME\s*\.\s*"
    r"(?:perf_submit\s*\([^,;]*,|ringbuf_(?:output|submit)\s*\()"
    r"\s*&?\s*(\w+)"
)


def find(maps: BccMaps) -> list[Output]:
    """The outputs, in the order of the C, that of printk_lines.h last.

    bpf_src has one. Raises SourceError for one that sends what can't be shown.
    """
    if maps.job.plan.runs_bpf_src:
        maps.fd(EVENTS_MAP)
        sent = [one for one in maps.all if one.name == EVENTS_MAP]
    else:
        source = maps.job.source
        outputs = [one for one in maps.all if one.kind in _KINDS]
        sent = [o for o in outputs if locations.of_submit(o.name, source)]
    found = [_output(one, types_of_maps(), maps) for one in sent]
    has_lines = any(one.name == PRINTK_MAP for one in maps.all)
    return found + [Output(PRINTK_MAP, False, Schema(()))] * has_lines


def _output(facts: MapFacts, types: Btf, maps: BccMaps) -> Output:
    job = maps.job
    struct = _struct_of(facts.name, types, maps)
    struct_name = types.name(types.type(struct).name_off)
    declared = declarations.of_struct(job.source.text, struct_name)
    schema = Schema.compiled(
        btf_layout.fields(types, struct), declared, job.options.columns.macros
    )
    if job.plan.runs_bpf_src:
        schema.check_path_is_last(declared)
    if job.options.output.record:
        schema.check_width()
    sizes = _sent_sizes(maps.program, maps.fd(facts.name))
    in_all = schema.sent(min(sizes)).fields if sizes else schema.fields
    return Output(
        facts.name,
        facts.kind == "ring buffer",
        schema.sent(max(sizes), min(sizes)) if sizes else schema,
        f"struct {struct_name}" if struct_name else "the struct",
        tuple(one.name for one in schema.fields if one not in in_all),
        min(sizes, default=0),
    )


def _struct_of(name: str, types: Btf, maps: BccMaps) -> int:
    """The ID of the struct that this output sends.

    BCC knows only the names of its fields. Raises SourceError.
    """
    if maps.job.plan.runs_bpf_src:
        return types.find("event")
    _check_structs(name, maps.job)
    lib, module = maps.program.bcc.lib, maps.program.bpf.module
    count = lib.bpf_perf_event_fields(module, name.encode())
    fields = [
        lib.bpf_perf_event_field(module, name.encode(), i).decode()
        for i in range(count)
    ]
    wanted = [field.partition("#")[0] for field in fields]
    same: dict[tuple[Field, ...], tuple[int, int]] = {}
    for struct in types.of_kind(btf.STRUCT):
        members = types.members(struct)
        if [types.name(one.name_off) for one in members] == wanted:
            # Structs for IPv4 and IPv6 often differ only in types.
            alike = sum(
                field.replace(" ", "").endswith("#" + _written(types, m.type))
                for field, m in zip(fields, members)
            )
            same[tuple(btf_layout.fields(types, struct))] = (alike, struct)
    most = max(same.values(), default=(0, 0))[0]
    found = [struct for alike, struct in same.values() if alike == most]
    where = locations.of_submit(name, maps.job.source)
    if not fields:
        raise SourceError(
            f"{where}{name} doesn't send a struct: put it into one, whose "
            "fields are the columns"
        )
    if not found:
        raise SourceError(
            f"{where}the struct that {name} sends is not in the C: define it "
            "there, outside of functions"
        )
    if len(found) > 1:
        raise SourceError(
            f"{where}two structs of the C have the same fields as {name} "
            f"sends, {', '.join(wanted)}: rename a field in one of them"
        )
    return found[0]


def _check_structs(name: str, job: Job) -> None:
    """Raise SourceError if the output sends structs of several types.

    BCC would say only which it found last.
    """
    code = without_comments(job.source.text)
    structs: dict[str, None] = {}
    for call in re.finditer(_SENT.replace("NAME", name), code):
        declared = re.findall(
            rf"\b(?!return\b|goto\b)(\w+)\s*\**\s*\b{call[1]}\s*[=;,[]",
            code[: call.start()],
        )
        structs.update(dict.fromkeys(declared[-1:]))
    if len(structs) > 1:
        where = locations.of_submit(name, job.source)
        raise SourceError(
            f"{where}{name} sends several structs: {', '.join(structs)}; "
            "declare another output for each, since a row has the columns of "
            "one"
        )


def _written(types: Btf, type_id: int) -> str:
    """A type without blanks, as BCC writes those of most fields."""
    found = types.type(type_id)
    if found.kind == btf.ARRAY:
        array = types.array(type_id)
        return f"{_written(types, array.type)}[{array.nelems}]"
    return types.name(found.name_off).replace(" ", "")


def _sent_sizes(program: BccProgram, map_fd: int) -> list[int]:
    """The sizes of the records, in bytes; empty if one isn't constant."""
    found = [
        size
        for name in program.fds
        for size in submits.sizes(program.code(name), map_fd)
    ]
    known = [size for size in found if size is not None]
    return known if len(known) == len(found) else []
