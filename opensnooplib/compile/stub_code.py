# SPDX-License-Identifier: Apache-2.0
"""The stubs that --live attaches, so that programs can be replaced under load.

A stub calls, by a tail call, the program in slot FRONT of its slots. One write
into that slot, and each event from then on is handled by the new program.

A new program has to be proven before it handles the opens of other processes.
Until then, slot FRONT holds the stub's sorter, which calls slot OWN for the
tool's own process and slot EVERYBODY for all others. So the process is looked
up only during a save.

At all other times, the stub calls slot DIRECT, whose index is a constant: so
the kernel makes the call a plain jump, and rewrites the jump if the slot gets
another program (prog_array_map_poke_run() in kernel/bpf/arraymap.c). QEMU
without hardware virtualization lets a CPU run such code half written, and the
kernel panics: so no stub may use the slot at that moment. A map, the selector,
holds the slot that the stub calls: 0 (FRONT) or DIRECT.
"""

from __future__ import annotations

import struct

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


def _process_into_r0() -> list[bytes]:
    """Load the PID, as seen from the tool's PID namespace, into register 0."""
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
        # The helper writes nothing if the process is outside the namespace.
        instruction(_STORE_U64, 10, 4, -8),
        instruction(_MOVE_NUMBER, 4, number=8),
        instruction(_CALL, number=_GET_NS_CURRENT_PID_TGID),
        instruction(_LOAD_U32, 0, 10, -4),
    ]


def _tail_call_and_exit(result: int = 0) -> list[bytes]:
    """A tail call returns only if the slot is empty."""
    return [
        instruction(_CALL, number=_TAIL_CALL),
        instruction(_MOVE_NUMBER, 0, number=result),
        instruction(_EXIT),
    ]


def of_stub(slots_fd: int, selector_fd: int, result: int) -> bytes:
    """The instructions of the stub with these slots and this selector.

    `result` is what it returns where it has no program to call.
    """
    return b"".join(
        [
            _load_64(2, slots_fd, _MAP_FD),
            _load_64(3, selector_fd, _MAP_VALUE),
            instruction(_LOAD_U32, 3, 3),
            instruction(_JUMP_IF_NOT_EQUAL, 3, 0, 4, DIRECT),
            instruction(_MOVE_NUMBER, 3, number=DIRECT),
            *_tail_call_and_exit(result),
            *_tail_call_and_exit(result),
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
            *_tail_call_and_exit(),
        ]
    )
