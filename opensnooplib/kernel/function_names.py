# SPDX-License-Identifier: Apache-2.0
"""The kernel's functions that open files, by the names that they have had."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from bisect import bisect
from typing import Mapping, Sequence

from opensnooplib.kernel import this_kernel
from opensnooplib.kernel.open_calls import OPEN_CALLS

# How the names of the kernel's functions for syscalls begin, by machine: for
# 64-bit system calls, and for 32-bit ones (a kernel may have both of those).
# They are made by arch/*/include/asm/syscall_wrapper.h, since Linux 4.17 on
# x86 and 4.19 on arm64, where 32-bit calls share some of the 64-bit ones.
_PREFIXES: dict[str, dict[str, Sequence[str]]] = {
    "x86_64": {
        "": ("__x64_sys_",),
        "_32": ("__ia32_compat_sys_", "__ia32_sys_"),
    },
    "aarch64": {"": ("__arm64_sys_",), "_32": ("__arm64_compat_sys_",)},
}


# Functions by the #define that names one in the C, each by the names that it
# has had. The first of them that a kernel has is used.
Names = Mapping[str, Sequence[str]]


def of_machine(machine: str) -> Names:
    """Those for the syscalls that open files.

    See bpf_src/plans/function_probes.h.
    """
    return {
        f"{call.upper()}_FUNCTION{bits}": [prefix + call for prefix in begins]
        for call in OPEN_CALLS
        for bits, begins in _PREFIXES.get(machine, {}).items()
    }


def of_kprobe(target: str) -> str:
    """The function of a kprobe's target, which may have +OFFSET.

    As in C for BCC, sys_openat is __x64_sys_openat on x86-64, for example.
    """
    function = target.partition("+")[0]
    prefixes = _PREFIXES.get(os.uname().machine, {"": ("sys_",)})
    return re.sub("^sys_", prefixes[""][0], function)


SYSCALLS = of_machine(os.uname().machine)

# The one with which all of these, and the kernel itself, open a file by its
# path. Linux 7 renamed it.
FILP_OPEN: Names = {"FILP_OPEN_FUNCTION": ("do_file_open", "do_filp_open")}

# Those for opens by the kernel itself: bpf_src/ways/kernel_opens.h.
KERNEL_OPENS: Names = {**FILP_OPEN, "FILE_OPEN_NAME": ("file_open_name",)}


def every(names: Names) -> list[str]:
    return [name for candidates in names.values() for name in candidates]


def present(names: Names) -> dict[str, str]:
    """The name of each function that this kernel has, by #define."""
    there = that_match("|".join(every(names)))
    found: dict[str, str] = {}
    for define, candidates in names.items():
        for name in candidates:
            if name in there:
                found.setdefault(define, name)
    return found


def that_match(pattern: str) -> set[str]:
    """The functions of the kernel and its modules with such whole names.

    The kernel's list has 4 to 20 MB. None is found if it can't be read.
    """
    function = re.compile(rf" [tTwW] ({pattern})\s".encode())
    found: set[bytes] = set()
    with contextlib.suppress(OSError), open("/proc/kallsyms", "rb") as file:
        for lines in iter(lambda: file.readlines(1 << 20), []):
            found.update(function.findall(b"".join(lines)))
    return {name.decode() for name in found}


# How many lines of kallsyms are kept as one text, which takes less memory.
_LINES = 64


@functools.lru_cache(maxsize=1)
def by_address() -> list[str]:
    """The lines of /proc/kallsyms for functions, as they are at first."""
    text = this_kernel.text_of("/proc/kallsyms")
    lines = sorted(re.findall(r"^[0-9a-f]{16} [tTwW] .*", text, re.M))
    starts = range(0, len(lines), _LINES)
    return ["\n".join(lines[at : at + _LINES]) for at in starts]


def at_address(address: int) -> str:
    """ "vfs_read+0x12", or the address if that is not known."""
    behind = f"{address:016x}~"
    index = bisect(by_address(), behind) - 1
    if index < 0:
        return hex(address)
    lines = by_address()[index].split("\n")
    start, _, name, *module = lines[bisect(lines, behind) - 1].split()
    return " ".join([f"{name}+{hex(address - int(start, 16))}", *module])
