# SPDX-License-Identifier: Apache-2.0
"""Stubs: what --live attaches, so that a program can be swapped under load.

A stub goes on, by a tail call, in the program that slot FRONT of its slots
holds. One write into that slot, and every single event from then on is the new
program's.

A new program has to be seen to work before anybody else meets it. For as long
as that takes, slot FRONT holds the stub's sorter: it goes on in slot OWN for
what the tool's own process does, in slot EVERYBODY for all others. So nothing
asks for the process while nothing is saved.

While nothing is saved, the stub goes on in slot DIRECT, whose index is a
constant: so the kernel makes the call a plain jump, and writes that anew where
the slot gets another program (prog_array_map_poke_run() in
kernel/bpf/arraymap.c). QEMU without hardware virtualization lets a CPU run
such code half written, and the kernel panics: so nobody may be there then. A
map, the selector, holds the slot: 0 (FRONT) or DIRECT.
"""

from __future__ import annotations

import struct
from typing import List

from opensnooplib.kernel import this_kernel

FRONT, EVERYBODY, OWN, DIRECT = 0, 1, 2, 3
SLOTS = 4

# Operations of include/uapi/linux/bpf.h, and numbers of its helpers.
_LOAD_64, _LOAD_U32, _STORE_U64 = 0x18, 0x61, 0x7B
_MOVE, _MOVE_NUMBER = 0xBF, 0xB7
_ADD_NUMBER, _SHIFT_RIGHT = 0x07, 0x77
_JUMP_IF_NOT_EQUAL, _CALL, _EXIT = 0x55, 0x85, 0x95
_TAIL_CALL = 12
_GET_CURRENT_PID_TGID, _GET_NS_CURRENT_PID_TGID = 14, 120
# BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE: the number is a map's descriptor.
_MAP_FD, _MAP_VALUE = 1, 2


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
    namespace = this_kernel.pid_namespace()
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


# Behind it the program goes on only if the slot is empty.
_TAIL_CALL_AND_EXIT = [
    instruction(_CALL, number=_TAIL_CALL),
    instruction(_MOVE_NUMBER, 0, number=0),
    instruction(_EXIT),
]


def of_stub(slots_fd: int, selector_fd: int) -> bytes:
    """The instructions of the stub with these slots and this selector."""
    return b"".join(
        [
            _load_64(2, slots_fd, _MAP_FD),
            _load_64(3, selector_fd, _MAP_VALUE),
            instruction(_LOAD_U32, 3, 3),
            instruction(_JUMP_IF_NOT_EQUAL, 3, 0, 4, DIRECT),
            instruction(_MOVE_NUMBER, 3, number=DIRECT),
            *_TAIL_CALL_AND_EXIT,
            *_TAIL_CALL_AND_EXIT,
        ]
    )


def of_sorter(slots_fd: int, tool_pid: int) -> bytes:
    """The instructions of the sorter of the stub with these slots."""
    return b"".join(
        [
            instruction(_MOVE, 6, 1),  # the context
            *_process_into_r0(),
            instruction(_MOVE, 1, 6),
            _load_64(2, slots_fd, _MAP_FD),
            instruction(_MOVE_NUMBER, 3, number=EVERYBODY),
            instruction(_JUMP_IF_NOT_EQUAL, 0, 0, 1, tool_pid),
            instruction(_MOVE_NUMBER, 3, number=OWN),
            *_TAIL_CALL_AND_EXIT,
        ]
    )
