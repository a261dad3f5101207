# SPDX-License-Identifier: Apache-2.0
"""struct event as it was compiled: its fields, and how much of it is sent."""

from __future__ import annotations

import contextlib
import os
from typing import Iterator, List

from opensnooplib.base.errors import SourceError
from opensnooplib.compile.bcc_maps import BccMaps
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.kernel import bpf_objects
from opensnooplib.kernel.btf import Btf
from opensnooplib.rows import btf_layout
from opensnooplib.rows.field import Field
from opensnooplib.source import submits
from opensnooplib.source.known_maps import EVENTS_MAP


def read() -> List[Field]:
    """The fields of struct event, in the C that this process has compiled.

    BCC gives BTF of the C to the kernel, and keeps its descriptor: to read
    from that, unlike from a program's BTF, takes no CAP_SYS_ADMIN. Raises
    OpensnoopError.
    """
    why = (
        "BCC makes no BTF of this C, from which the layout of struct event is "
        "read: use no float, no enum with a value of more than 32 bits, and "
        "only letters, digits and _ in names"
    )
    for data in _all_btf():
        types = Btf(data)
        found = types.find("event")
        if found > 0:
            return btf_layout.fields(types, found)
        why = (
            "no map of the C has values of struct event, so its layout is not "
            "in the BTF: see the map scratch in bpf_src/opensnoop.c"
        )
    raise SourceError(why)


def _all_btf() -> Iterator[bytes]:
    """The BTF that this process has descriptors of."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}") == "anon_inode:btf":
                yield bpf_objects.btf_data(int(name))


def sent_sizes(program: BccProgram, maps: BccMaps) -> List[int]:
    """The sizes of the records, in bytes; empty if one isn't constant."""
    found = [
        size
        for name in program.fds
        for size in submits.sizes(program.code(name), maps.fd(EVENTS_MAP))
    ]
    known = [size for size in found if size is not None]
    return known if len(known) == len(found) else []
