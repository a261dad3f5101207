#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run a command with a syscall refused by seccomp(2), on x86-64.

    under_seccomp.py openat2|32-bits|creat|creat-with-trap COMMAND...

openat2 fails with ENOSYS, as container runtimes made new syscalls fail. 32-bit
syscalls kill, as with systemd's SystemCallArchitectures=native; so does creat.
creat-with-trap sends a signal that a sandbox would handle.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import Dict, List, Tuple

# <linux/bpf_common.h>, <linux/seccomp.h>, <linux/audit.h>, <linux/prctl.h>
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_TRAP = 0x00030000
_X86_64 = 0xC000003E
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

_CREAT, _OPENAT2, _ENOSYS = 85, 437, 38

# Code, jumps if true and if false, and a value: struct sock_filter.
_Instruction = Tuple[int, int, int, int]


def _refuse(number: int, answer: int) -> List[_Instruction]:
    return [
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_EQUAL, 0, 1, number),
        (_RETURN, 0, 0, answer),
        (_RETURN, 0, 0, _ALLOW),
    ]


_FILTERS: Dict[str, List[_Instruction]] = {
    "openat2": _refuse(_OPENAT2, _ERRNO | _ENOSYS),
    "creat": _refuse(_CREAT, _KILL),
    "creat-with-trap": _refuse(_CREAT, _TRAP),
    "32-bits": [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, _X86_64),
        (_RETURN, 0, 0, _KILL),
        (_RETURN, 0, 0, _ALLOW),
    ],
}


def main() -> None:
    instructions = _FILTERS[sys.argv[1]]
    code = b"".join(struct.pack("=HBBI", *one) for one in instructions)
    room = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(instructions), ctypes.addressof(room))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, program, 0, 0) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    os.execvp(sys.argv[2], sys.argv[2:])


main()
