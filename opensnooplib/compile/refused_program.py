# SPDX-License-Identifier: Apache-2.0
"""A program that the kernel refuses: why, and at which line of the C."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Any, Callable

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.compile import stub_code
from opensnooplib.compile.compiler_output import VerifierError, printed_from
from opensnooplib.explain import plain_words, verifier_log
from opensnooplib.kernel import program_names, this_kernel, why_no_bpf

# Sizes of buffers for the verifier's log. A buffer that is too small gets the
# end of the log since Linux 6.4, and its beginning before.
_LOG_SIZE = 64 * 1024
_WHOLE_LOG_SIZE = 4 << 20

# A function that loads other instructions under the program's name:
# BccProgram.load_code() without its first argument.
Load = Callable[..., int]


def why(name: str, error: int, code: bytes, load: Load) -> OpensnoopError:
    """What to raise for the program `name`, whose instructions are `code`.

    `error` is the errno.
    """
    if error == errno.EPERM:
        return OpensnoopError(why_no_bpf.sentence(error))
    if this_kernel.version() < (5, 17, 0):
        _print_registers(code, load)
    return VerifierError(
        f"the kernel refuses the program for the "
        f"{program_names.hook_of(name).what} {program_names.target_of(name)}: "
        + (
            plain_words.TOO_LARGE
            if error == errno.E2BIG
            else os.strerror(error)
        ),
        _c_line(error, code, load),
    )


def _print_registers(code: bytes, load: Load) -> None:
    """Print the log again, at level 2: older kernels need it for registers."""
    log: Any = ctypes.create_string_buffer(_WHOLE_LOG_SIZE)
    load(code, log, 2)
    if len(log.value) < _WHOLE_LOG_SIZE - 1:
        os.write(2, log.value)


def _c_line(error: int, code: bytes, load: Load) -> str:
    """The line of C at which the program is refused, as in a verifier's log.

    BCC takes EINVAL and E2BIG as the sign of a kernel without BTF, and tries
    again without line numbers. So the instruction that was refused is replaced
    by one that the verifier refuses with another errno: it reads outside of
    the stack.
    """
    if error == errno.EINVAL:
        index = verifier_log.last_instruction(printed_from(0))
    elif error == errno.E2BIG and this_kernel.version() >= (6, 4, 0):
        tail = ctypes.create_string_buffer(_LOG_SIZE)
        load(code, tail)
        index = verifier_log.last_instruction(tail.value.decode())
    else:
        return ""
    if index is None or 8 * index >= len(code):
        return ""
    changed = bytearray(code)
    changed[8 * index : 8 * index + 8] = stub_code.instruction(0x79, 0, 10, 8)
    before = os.fstat(2).st_size
    fd = load(bytes(changed))
    if fd >= 0:
        os.close(fd)
    log = printed_from(before)
    os.ftruncate(2, before)
    os.lseek(2, before, os.SEEK_SET)
    return verifier_log.last_c_line(log)
