# SPDX-License-Identifier: Apache-2.0
"""Calls of kernel functions (kfuncs) in a program that BCC has compiled.

To BCC all calls are those of helpers, by number. A kernel function is called
by its number in the kernel's BTF, and with BPF_PSEUDO_KFUNC_CALL as the
source register: Documentation/bpf/kfuncs.rst and linux/bpf.h.
"""

from __future__ import annotations

import ctypes
import mmap

from opensnooplib import libc

_INSTRUCTION_BYTES = 8
_CALL = 0x85  # BPF_JMP | BPF_CALL
_PSEUDO_KFUNC_CALL = 2
# Helpers are numbered from 1 to some 200; in BTF, types come before functions.
_FIRST_FUNCTION = 1000


class _Instruction(ctypes.LittleEndianStructure):
    """struct bpf_insn of linux/bpf.h."""

    _fields_ = [
        ("code", ctypes.c_uint8),
        ("destination", ctypes.c_uint8, 4),
        ("source", ctypes.c_uint8, 4),
        ("offset", ctypes.c_int16),
        ("immediate", ctypes.c_int32),
    ]


def mark(address: int, size: int) -> None:
    """Mark them in the `size` bytes of instructions at `address`.

    Raises OSError where that memory can't be written.
    """
    count = size // _INSTRUCTION_BYTES
    instructions = (_Instruction * count).from_address(address)
    calls = [
        instruction
        for instruction in instructions
        if instruction.code == _CALL
        and instruction.source == 0
        and instruction.immediate >= _FIRST_FUNCTION
    ]
    if calls:
        _make_writable(address, size)
    for call in calls:
        call.source = _PSEUDO_KFUNC_CALL


def _make_writable(address: int, size: int) -> None:
    begin = address - address % mmap.PAGESIZE
    libc.mprotect(
        begin, address + size - begin, mmap.PROT_READ | mmap.PROT_WRITE
    )
