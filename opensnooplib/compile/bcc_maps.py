# SPDX-License-Identifier: Apache-2.0
"""The maps of compiled C, and the layout of those that the frontend reads."""

from __future__ import annotations

import contextlib
import ctypes

from opensnooplib.base.errors import SourceError
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.compile.job import Job
from opensnooplib.kernel import bpf_objects, map_contents
from opensnooplib.kernel.bpf_objects import StartMap
from opensnooplib.selection import criteria
from opensnooplib.source import locations
from opensnooplib.source.known_maps import (
    SHAPES,
    SHAPES_IN_ANY,
    STACK_TRACE,
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

    def start_map(self, name: str) -> StartMap | None:
        """Where values of a map that keeps what is under way say so.

        None if the C has no such map.
        """
        facts = self.known.get(name)
        if facts is None:
            return None
        try:
            value = self.program.bpf.get_table(name.encode()).Leaf
            flag = value.under_way
        except Exception:  # or a type that BCC's Python can't represent
            return StartMap(0, 0)
        # A bit field has a size beyond any value's.
        is_whole = flag.offset + flag.size <= facts.value_size
        found = (flag.offset, flag.size) if is_whole else (0, 0)
        with contextlib.suppress(Exception):  # another struct than open_start
            fields = dict(value._fields_)
            began = value.open.offset + fields["open"].began.offset
            return StartMap(*found, began, value.path.offset)
        return StartMap(*found)
