# SPDX-License-Identifier: Apache-2.0
"""The maps of compiled C, and the layout of those that the frontend reads."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os

from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.compile.job import Job
from opensnooplib.kernel import bpf_objects, map_contents
from opensnooplib.kernel.bpf_objects import StartMap
from opensnooplib.kernel.btf import Btf
from opensnooplib.rows import btf_layout
from opensnooplib.rows.field import Field
from opensnooplib.selection import criteria
from opensnooplib.source import locations
from opensnooplib.source.known_maps import (
    REQUESTS_MAP,
    SHAPES,
    SHAPES_IN_ANY,
    STACK_TRACE,
    START_MAP,
    MapFacts,
)

# The values of enum bpf_map_type of include/uapi/linux/bpf.h for which BCC has
# macros.
_TYPES = {
    **map_contents.KINDS,
    3: "program array",
    4: "perf event array",
    7: STACK_TRACE,
    8: "cgroup array",
    27: "ring buffer",
}


@functools.lru_cache(maxsize=1)  # for each output, and for --maps
def types_of_maps() -> Btf:
    """The types of the C's maps.

    BCC gives BTF of the C to the kernel, and keeps its descriptor: to read
    from that, unlike from a program's BTF, takes no CAP_SYS_ADMIN. Raises
    OpensnoopError.
    """
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}") == "anon_inode:btf":
                return Btf(bpf_objects.btf_data(int(name)))
    raise SourceError(
        "BCC makes no BTF of this C, from which the layout of what it sends "
        "is read: use no float, no enum with a value of more than 32 bits, "
        "and only letters, digits and _ in names"
    )


class BccMaps:
    """The maps of one BccProgram. Methods raise OpensnoopError."""

    def __init__(self, program: BccProgram, job: Job) -> None:
        """Find the maps that the frontend reads, which are `known`.

        Raises SourceError for one that doesn't have the expected shape. In the
        C of --source, a map that no option needs may have any.
        """
        self.program = program
        self.job = job
        self.all = self._find_all()
        self.known: dict[str, MapFacts] = {}
        needed = criteria.map_names(job.options.selection)
        for facts in self.all:
            is_needed = job.plan.runs_bpf_src or facts.name in needed
            shapes = SHAPES if is_needed else SHAPES_IN_ANY
            shape = shapes.get(facts.name)
            if shape and shape.fits(facts):
                self.known[facts.name] = facts
            elif shape and is_needed:
                raise SourceError(
                    f"{locations.of_map(facts.name, job.source)}the frontend "
                    f"reads the map {facts.name}, which must be "
                    f"{shape.written}: give a map of another kind another name"
                )

    def _find_all(self) -> list[MapFacts]:
        """All maps of the C, in its order."""
        lib, module = self.program.bcc.lib, self.program.bpf.module
        name_of = lib.bpf_table_name
        name_of.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        name_of.restype = ctypes.c_char_p
        found = []
        for number in range(lib.bpf_num_tables(module)):
            name = name_of(module, number).decode()
            kind, *sizes = bpf_objects.map_shape(self.fd(name))
            found.append(MapFacts(name, _TYPES.get(kind, "other"), *sizes))
        return found

    def fd(self, name: str) -> int:
        """The descriptor of a map. Raises SourceError if there is none."""
        fd = self.program.map_fd(name)
        if fd < 0:
            raise SourceError(
                f'the C has no map "{name}", which the frontend reads: see '
                "bpf_src/record.h"
            )
        return fd

    def under_way(self) -> dict[str, StartMap]:
        """Where maps that keep what is under way have what, by their names."""
        names = (START_MAP, REQUESTS_MAP)
        return {n: self._start_map(n) for n in names if n in self.known}

    def _start_map(self, name: str) -> StartMap:
        found: list[Field] = []
        with contextlib.suppress(OpensnoopError):  # no BTF: --source
            found = btf_layout.of_map(types_of_maps(), name)[1]
        at = {one.name: one.offset for one in found}
        if name == REQUESTS_MAP:  # its values are records
            return StartMap(0, 0, at.get("ts", -1), 0, at.get("path", -1))
        flag = [(f.offset, f.size) for f in found if f.name == "under_way"]
        # 0 unless an option asks for it:
        began = "open.began" if self.job.options.columns.latency else ""
        offsets = [at.get(one, -1) for one in (began, "record", "path")]
        return StartMap(*(flag or [(0, 0)])[0], *offsets)
