# SPDX-License-Identifier: Apache-2.0
"""struct event as it was compiled: its fields, and how much of it is sent."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.compile.bcc_maps import BccMaps
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.kernel import bpf_objects
from opensnooplib.rows.schema import Schema
from opensnooplib.source import members, submits
from opensnooplib.source.declarations import Declaration
from opensnooplib.source.known_maps import EVENTS_MAP
from opensnooplib.source.members import Member


def read(
    program: BccProgram, maps: BccMaps, declared: Mapping[str, Declaration]
) -> Schema:
    """The schema of struct event; `declared` is from the text of the C.

    Raises OpensnoopError.
    """
    map_name = maps.layout_map()
    size = maps.value_size(map_name)
    found = _members(program, size)
    if found is not None:
        return Schema.from_members(found, declared)
    describe: Any = program.bcc.lib.bpf_table_leaf_desc
    description: bytes = describe(program.bpf.module, map_name.encode())
    return Schema.from_bcc(description.decode(), size, declared)


def _members(program: BccProgram, size: int) -> Optional[List[Member]]:
    """The members of struct event; None if there is no readable BTF of it."""
    try:
        for fd in program.fds.values():
            btf_id = bpf_objects.program_btf_id(fd)
            if btf_id:
                data = bpf_objects.btf_data(btf_id)
                return members.of_struct(data, "event", size)
    except (OSError, OpensnoopError):
        pass  # no CAP_SYS_ADMIN; libbpf is missing or too old
    return None


def sent_sizes(program: BccProgram, maps: BccMaps) -> List[int]:
    """The sizes of the records, in bytes; empty if one isn't constant."""
    found = [
        size
        for name in program.fds
        for size in submits.sizes(program.code(name), maps.fd(EVENTS_MAP))
    ]
    known = [size for size in found if size is not None]
    return known if len(known) == len(found) else []
