# SPDX-License-Identifier: Apache-2.0
"""How many bytes a program sends with each record, from its instructions.

The kernel pads a record, so the reader can't distinguish a field that was sent
as 0 from one that wasn't sent. But the size is often a constant in the
program: then fields beyond it are no columns. See instruction-set.rst of the
kernel's Documentation/bpf.
"""

from __future__ import annotations

import struct
from typing import Dict, Iterator, Optional

_INSTRUCTION = struct.Struct("=BBhi")

_ST, _STX, _JMP, _JMP32 = 2, 3, 5, 6  # classes: the low bits of an opcode
_CALL, _EXIT = 0x85, 0x95
_LOADS_OF_CONSTANTS = (0x18, 0xB4, 0xB7)  # of a map, and of numbers
_ATOMICS = (0xC3, 0xDB)
# Helpers of enum bpf_func_id, with the registers of the map and of the size:
# perf_event_output, ringbuf_output, ringbuf_reserve.
_OUTPUTS = {25: (2, 5), 130: (1, 3), 131: (1, 2)}


def sizes(code: bytes, map_fd: int) -> Iterator[Optional[int]]:
    """The sizes of the records sent to the map; None if not a constant."""
    instructions = list(_INSTRUCTION.iter_unpack(code))
    jump_targets = {
        index + 1 + offset
        for index, (opcode, _, offset, _) in enumerate(instructions)
        if opcode & 7 in (_JMP, _JMP32) and opcode not in (_CALL, _EXIT)
    }
    known: Dict[int, int] = {}  # registers with a constant
    for index, (opcode, registers, _, value) in enumerate(instructions):
        if index in jump_targets:
            known = {}  # the values may come from elsewhere
        target, origin = registers & 0xF, registers >> 4
        if opcode == _CALL:
            at_map, at_size = _OUTPUTS.get(value, (0, 0))
            is_output = origin == 0 and at_map
            if is_output and known.get(at_map, map_fd) == map_fd:
                yield known.get(at_size)
            known = {}
        elif opcode in _LOADS_OF_CONSTANTS:
            known[target] = value
        elif opcode in _ATOMICS:  # which can fetch the old value
            known.pop(origin, None)
        elif opcode & 7 not in (_ST, _STX, _JMP, _JMP32):
            known.pop(target, None)
