# SPDX-License-Identifier: Apache-2.0
"""What is known of the registers of a program where it calls a helper.

See instruction-set.rst of the kernel's Documentation/bpf.
"""

from __future__ import annotations

import struct
from collections import Counter
from typing import Iterator

_INSTRUCTION = struct.Struct("=BBhi")

_ST, _STX, _JMP, _JMP32 = 2, 3, 5, 6  # classes: the low bits of an opcode
_CALL, _EXIT = 0x85, 0x95
_COPY, _LOAD, _ADD = 0xBF, 0x79, 0x07  # of 64 bits
_ATOMICS = (0xC3, 0xDB)
# The opcode of a load of 64 bits from the code: an address, mostly.
LOAD_ADDRESS = 0x18
_LOADS_OF_CONSTANTS = (LOAD_ADDRESS, 0xB4, 0xB7)
# Registers that calls preserve.
_PRESERVED = range(6, 10)

# What a register can hold besides a constant, as numbers that no constant has:
# the address of the context, and 64 bits that were loaded from there.
_CONTEXT, FROM_CONTEXT = 1 << 32, 1 << 33


def decoded(code: bytes) -> list[tuple[int, ...]]:
    """The instructions: opcode, both registers, offset, constant."""
    return list(_INSTRUCTION.iter_unpack(code))


def calls(code: bytes) -> Iterator[tuple[int, int, dict[int, int]]]:
    """Each call of a helper: its number, the helper, what is known there.

    That is what registers hold, of enum bpf_func_id the helper is. Where
    another path joins, only that is still known which is written to a register
    once, and which calls preserve.
    """
    instructions = decoded(code)
    targets = {
        index + 1 + offset
        for index, (opcode, _, offset, _) in enumerate(instructions)
        if opcode & 7 in (_JMP, _JMP32) and opcode not in (_CALL, _EXIT)
    }
    written = [_written(*one[:2]) for one in instructions]
    writes = Counter(written)
    known = {1: _CONTEXT}
    for index, (opcode, registers, _, value) in enumerate(instructions):
        if index in targets:
            once = (r for r in _PRESERVED if writes[r] == 1)
            known = {r: known[r] for r in once if r in known}
        target, origin = registers & 0xF, registers >> 4
        if opcode == _CALL:
            if origin == 0:
                yield index, value, known
            known = {r: known[r] for r in _PRESERVED if r in known}
        elif opcode in _LOADS_OF_CONSTANTS:
            known[target] = value
        elif opcode == _COPY and origin in known:
            known[target] = known[origin]
        elif opcode == _LOAD and known.get(origin) == _CONTEXT:
            known[target] = FROM_CONTEXT
        elif opcode != _ADD or known.get(target) != FROM_CONTEXT:
            known.pop(written[index], None)


def _written(opcode: int, registers: int) -> int:
    """The register that is written to; -1 if none is."""
    if opcode & 7 not in (_ST, _STX, _JMP, _JMP32):
        return registers & 0xF
    return registers >> 4 if opcode in _ATOMICS else -1  # the old value
