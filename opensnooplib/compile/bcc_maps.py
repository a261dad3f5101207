# SPDX-License-Identifier: Apache-2.0
"""The maps of compiled C, and the layout of those that the frontend reads."""

from __future__ import annotations

import ctypes
from typing import Any, Callable, List, Optional, Tuple

from opensnooplib.base.errors import SourceError
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.kernel import program_names
from opensnooplib.kernel.bpf_objects import StartMap
from opensnooplib.source import known_maps
from opensnooplib.source.known_maps import (
    REQUESTS_MAP,
    START_MAP,
    MapFacts,
)

# The values of enum bpf_map_type of include/uapi/linux/bpf.h for which BCC has
# macros.
_TYPES = {
    1: "hash",
    2: "array",
    3: "program array",
    4: "perf event array",
    5: "per-CPU hash",
    6: "per-CPU array",
    7: "stack trace",
    8: "cgroup array",
    9: "LRU hash",
    10: "LRU per-CPU hash",
    11: "LPM trie",
    27: "ring buffer",
}


class BccMaps:
    """The maps of one BccProgram. Methods raise OpensnoopError."""

    def __init__(
        self,
        program: BccProgram,
        event_size: int,
        refuse: Callable[[str, str], None],
    ) -> None:
        """Find the maps that the frontend reads, once programs are loaded.

        `event_size` is that of struct event, in bytes. `refuse` is called for
        each map that has such a name but another shape, with the name and the
        C of the expected map.
        """
        self._program = program
        self._lib, self._module = program.bcc.lib, program.bpf.module
        counters = 3 if program_names.FOLLOWER in program.fds else 2
        shapes = known_maps.shapes(event_size, counters)
        self.known = known_maps.choose(self.all(), shapes)
        for name, shape in shapes.items():
            if name not in self.known and self._find(name) >= 0:
                refuse(name, shape.written)

    def _find(self, name: str) -> int:
        fd: int = self._lib.bpf_table_fd(self._module, name.encode())
        return fd

    def fd(self, name: str) -> int:
        """The descriptor of a map. Raises SourceError if there is none."""
        fd = self._find(name)
        if fd < 0:
            raise SourceError(
                f'the C has no map "{name}", which the frontend reads: see '
                "bpf_src/record.h"
            )
        return fd

    def all(self) -> List[MapFacts]:
        """All maps of the C, in its order."""

        def ask(what: str, number: int, answer: Any) -> Any:
            function = getattr(self._lib, what)
            function.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
            function.restype = answer
            return function(self._module, number)

        return [
            MapFacts(
                ask("bpf_table_name", i, ctypes.c_char_p).decode(),
                _TYPES.get(ask("bpf_table_type_id", i, ctypes.c_int), "other"),
                ask("bpf_table_key_size_id", i, ctypes.c_size_t),
                ask("bpf_table_leaf_size_id", i, ctypes.c_size_t),
                ask("bpf_table_max_entries_id", i, ctypes.c_size_t),
            )
            for i in range(self._lib.bpf_num_tables(self._module))
        ]

    def start_map(self) -> Optional[StartMap]:
        """The layout of START_MAP; None if the C has no such map."""
        facts = self.known.get(START_MAP)
        if facts is None:
            return None
        flag_offset, flag_size = self._flag_of(facts)
        return StartMap(
            facts.key_size, facts.value_size, flag_offset, flag_size
        )

    def _flag_of(self, facts: MapFacts) -> Tuple[int, int]:
        """Offset and size of the field under_way in a value; 0, 0 if none."""
        try:
            leaf = self._program.bpf.get_table(facts.name.encode()).Leaf
        except Exception:  # it has a type that BCC's Python can't represent
            return 0, 0
        flag = getattr(leaf, "under_way", None)
        # A bit field has a size beyond any value's.
        if flag is None or flag.offset + flag.size > facts.value_size:
            return 0, 0
        return flag.offset, flag.size

    def requests_map(self) -> Optional[StartMap]:
        """The layout of REQUESTS_MAP, each entry of which is under way."""
        facts = self.known.get(REQUESTS_MAP)
        if facts is None:
            return None
        return StartMap(facts.key_size, facts.value_size, 0, 0)
