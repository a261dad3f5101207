# SPDX-License-Identifier: Apache-2.0
"""The kernel's functions that open files, by the names that they have had."""

from __future__ import annotations

import os
import re
from typing import Dict, List, Mapping, Sequence, Set

from opensnooplib.kernel.open_calls import OPEN_CALLS

# How the names of the kernel's functions for syscalls begin, by machine: for
# 64-bit system calls, and for 32-bit ones (a kernel may have both of those).
# They are made by arch/*/include/asm/syscall_wrapper.h, since Linux 4.17 on
# x86 and 4.19 on arm64, where 32-bit calls share some of the 64-bit ones.
_PREFIXES: Dict[str, Dict[str, Sequence[str]]] = {
    "x86_64": {
        "": ("__x64_sys_",),
        "_32": ("__ia32_compat_sys_", "__ia32_sys_"),
    },
    "aarch64": {"": ("__arm64_sys_",), "_32": ("__arm64_compat_sys_",)},
}


def of_machine(machine: str) -> Dict[str, Sequence[str]]:
    """The kernel's functions for the syscalls that open files.

    By the #define that names a function in the C
    (bpf_src/plans/function_probes.h). The first name that a kernel has is
    used.
    """
    return {
        f"{call.upper()}_FUNCTION{bits}": [prefix + call for prefix in begins]
        for call in OPEN_CALLS
        for bits, begins in _PREFIXES.get(machine, {}).items()
    }


def open_function_names() -> List[str]:
    """All names in of_machine() for this machine."""
    return _every(of_machine(os.uname().machine))


def filp_open_names() -> List[str]:
    """All names in FILP_OPEN."""
    return _every(FILP_OPEN)


def _every(names: Mapping[str, Sequence[str]]) -> List[str]:
    return [name for candidates in names.values() for name in candidates]


# The function with which all of these, and the kernel itself, open a file by
# its path. Linux 7 renamed it.
FILP_OPEN = {"FILP_OPEN_FUNCTION": ("do_file_open", "do_filp_open")}


def open_functions() -> Dict[str, str]:
    """The names of of_machine() that this kernel has, by #define.

    Empty if it has none of them.
    """
    return _present(of_machine(os.uname().machine))


def filp_open_function() -> Dict[str, str]:
    """The name in FILP_OPEN that this kernel has, by #define, if any."""
    return _present(FILP_OPEN)


def _present(names: Mapping[str, Sequence[str]]) -> Dict[str, str]:
    """The first name that the kernel has, by #define."""
    there = _functions_among(_every(names))
    found = {}
    for define, candidates in names.items():
        present = [name for name in candidates if name in there]
        if present:
            found[define] = present[0]
    return found


# The kernel's functions for opens by the kernel itself, by #define
# (bpf_src/ways/kernel_opens.h).
_INNER_FUNCTIONS: Dict[str, Sequence[str]] = {
    **FILP_OPEN,
    "FILE_OPEN_NAME": ("file_open_name",),
}


def inner_functions() -> Dict[str, str]:
    """The functions for opens by the kernel itself: name by #define.

    Empty if this kernel lacks one.
    """
    found = _present(_INNER_FUNCTIONS)
    return found if len(found) == len(_INNER_FUNCTIONS) else {}


def has_function(name: str) -> bool:
    return bool(_functions_among([name]))


def _functions_among(names: Sequence[str]) -> Set[str]:
    """Those of these names that the kernel's list has, of 4 to 20 MB."""
    pattern = re.compile(
        b" [tT] (" + b"|".join(name.encode() for name in names) + b")$", re.M
    )
    found: Set[bytes] = set()
    try:
        with open("/proc/kallsyms", "rb") as file:
            for lines in iter(lambda: file.readlines(1 << 20), []):
                found.update(pattern.findall(b"".join(lines)))
    except OSError:
        pass  # then none is found
    return {name.decode() for name in found}
