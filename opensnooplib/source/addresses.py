# SPDX-License-Identifier: Apache-2.0
"""Addresses in a program from which nothing can be read, or something else.

The verifier accepts them where a helper reads, which then finds nothing: a
column stays empty. The instructions show them for sure.
"""

from __future__ import annotations

from typing import Iterator

from opensnooplib.source import instructions

_NO_CONSTANT = (
    "BCC keeps no strings, constant arrays or global variables in memory, so "
    'this reads zeros: use an array on the stack, as in char text[] = "abc", '
    "or BPF_ARRAY"
)
_OF_PROCESS = (
    "this reads the memory of a process as if it were the kernel's, and finds "
    "nothing: use bpf_probe_read_user() or bpf_probe_read_user_str()"
)

# bpf_probe_read_kernel() and bpf_probe_read_kernel_str() of enum bpf_func_id,
# and the register of the address.
_READ_KERNEL, _FROM = (113, 115), 3


def doubtful(code: bytes, of_process: bool) -> Iterator[tuple[int, str]]:
    """The numbers of such instructions of a program, with what is wrong.

    `of_process`: the addresses in its context are those of a process.

    BCC leaves the address of a constant or a global variable as an offset
    from 0. Other numbers of that size are loaded by a shorter instruction.
    """
    all_of_them = instructions.decoded(code)
    for number, (opcode, registers, _, low) in enumerate(all_of_them):
        if opcode == instructions.LOAD_ADDRESS and registers >> 4 == 0 <= low:
            if all_of_them[number + 1][-1] == 0:  # the upper half
                yield number, _NO_CONSTANT
    for number, helper, known in instructions.calls(code):
        if of_process and helper in _READ_KERNEL:
            if known.get(_FROM) == instructions.FROM_CONTEXT:
                yield number, _OF_PROCESS
