# SPDX-License-Identifier: Apache-2.0
"""Stubs: what --live attaches, so that a program can be swapped under load.

A stub goes on, by a tail call, in the program that its slots hold: slot 1
for the tool's own process, slot 0 for all others. One write into a slot, and
every single event from then on is the new program's. The own slot lets the
tool see a program work before anybody else meets it.

The index is computed, not a constant: a constant one would have the kernel
rewrite the stub's machine code at each swap.
"""

from __future__ import annotations

import struct
from typing import List

from opensnooplib import kernel

EVERYBODY, OWN = 0, 1
SLOTS = 2

# Operations of include/uapi/linux/bpf.h, and numbers of its helpers.
_LOAD_64, _LOAD_U32, _STORE_U64 = 0x18, 0x61, 0x7B
_MOVE, _MOVE_NUMBER = 0xBF, 0xB7
_ADD_NUMBER, _SHIFT_RIGHT = 0x07, 0x77
_JUMP_IF_NOT_EQUAL, _CALL, _EXIT = 0x55, 0x85, 0x95
_TAIL_CALL, _GET_CURRENT_PID_TGID, _GET_NS_CURRENT_PID_TGID = 12, 14, 120
_MAP_FD = 1  # BPF_PSEUDO_MAP_FD: the number is a map's descriptor


def instruction(
    code: int,
    destination: int = 0,
    source: int = 0,
    offset: int = 0,
    number: int = 0,
) -> bytes:
    registers = source << 4 | destination
    return struct.pack("=BBhi", code, registers, offset, number)


def _load_64(destination: int, number: int, source: int = 0) -> bytes:
    low, high = struct.unpack("=ii", struct.pack("=Q", number))
    return instruction(
        _LOAD_64, destination, source, number=low
    ) + instruction(0, number=high)


def _process_into_r0() -> List[bytes]:
    """By the number that the tool knows itself by."""
    namespace = kernel.pid_namespace()
    if namespace is None:
        return [
            instruction(_CALL, number=_GET_CURRENT_PID_TGID),
            instruction(_SHIFT_RIGHT, 0, number=32),
        ]
    return [  # struct bpf_pidns_info { u32 pid, tgid; } on the stack
        _load_64(1, namespace[0]),
        _load_64(2, namespace[1]),
        instruction(_MOVE, 3, 10),
        instruction(_ADD_NUMBER, 3, number=-8),
        instruction(_MOVE_NUMBER, 4, number=0),
        # Where the process is outside the namespace nothing is written.
        instruction(_STORE_U64, 10, 4, -8),
        instruction(_MOVE_NUMBER, 4, number=8),
        instruction(_CALL, number=_GET_NS_CURRENT_PID_TGID),
        instruction(_LOAD_U32, 0, 10, -4),
    ]


def instructions(slots_fd: int, tool_pid: int) -> bytes:
    """Of the stub whose slots are in this map."""
    code = [
        instruction(_MOVE, 6, 1),
        *_process_into_r0(),
        instruction(_MOVE, 1, 6),
        _load_64(2, slots_fd, _MAP_FD),
        instruction(_MOVE_NUMBER, 3, number=EVERYBODY),
        instruction(_JUMP_IF_NOT_EQUAL, 0, 0, 1, tool_pid),
        instruction(_MOVE_NUMBER, 3, number=OWN),
        instruction(_CALL, number=_TAIL_CALL),
        # The slot is empty.
        instruction(_MOVE_NUMBER, 0, number=0),
        instruction(_EXIT),
    ]
    return b"".join(code)
