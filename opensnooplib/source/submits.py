# SPDX-License-Identifier: Apache-2.0
"""How many bytes a program sends with each record, from its instructions.

The kernel pads a record, so the reader can't distinguish a field that was sent
as 0 from one that wasn't sent. But the size is often a constant in the
program.
"""

from __future__ import annotations

import struct
from typing import Dict, Iterator, Optional, Set

_INSTRUCTION = struct.Struct("=BBhi")

_LD, _LDX, _ALU32, _JMP, _JMP32, _ALU64 = 0, 1, 4, 5, 6, 7
_CALL, _EXIT = 0x85, 0x95
_LOAD_OF_A_MAP, _MOVES_OF_CONSTANTS = 0x18, (0xB4, 0xB7)
_ATOMICS = (0xC3, 0xDB)
# A helper of enum bpf_func_id, and the registers of its arguments.
_PERF_EVENT_OUTPUT = 25
_MAP_REGISTER, _SIZE_REGISTER = 2, 5


def sizes(code: bytes, map_fd: int) -> Iterator[Optional[int]]:
    """The sizes of the records sent to the map; None if not a constant."""
    jump_targets = _jump_targets(code)
    known: Dict[int, int] = {}  # registers with a constant, such as a map
    for index, (opcode, registers, _, value) in enumerate(
        _INSTRUCTION.iter_unpack(code)
    ):
        if index in jump_targets:
            known = {}  # the values may come from elsewhere
        target, origin = registers & 0xF, registers >> 4
        if opcode == _CALL:
            is_output = origin == 0 and value == _PERF_EVENT_OUTPUT
            if is_output and known.get(_MAP_REGISTER, map_fd) == map_fd:
                yield known.get(_SIZE_REGISTER)
            known = {}
        elif opcode in (_LOAD_OF_A_MAP, *_MOVES_OF_CONSTANTS):
            known[target] = value
        elif opcode & 0x07 in (_LD, _LDX, _ALU32, _ALU64):
            known.pop(target, None)
        elif opcode in _ATOMICS:  # which can fetch the old value
            known.pop(origin, None)
            known.pop(0, None)


def _jump_targets(code: bytes) -> Set[int]:
    return {
        index + 1 + offset
        for index, (opcode, _, offset, _) in enumerate(
            _INSTRUCTION.iter_unpack(code)
        )
        if opcode & 0x07 in (_JMP, _JMP32) and opcode not in (_CALL, _EXIT)
    }
