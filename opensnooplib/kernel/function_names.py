# SPDX-License-Identifier: Apache-2.0
"""The kernel's functions that open files, by the names that they have had."""

from __future__ import annotations

import os
import re
from typing import Dict, List, Mapping, Sequence, Set

# The kernel's functions for the syscalls that open files, by machine and by
# the #define that names the function in the C
# (bpf_src/plans/function_probes.h). The first name that a kernel has is used.
# The names are made by arch/*/include/asm/syscall_wrapper.h, since Linux 4.17
# on x86 and 4.19 on arm64.
OPEN_FUNCTIONS: Dict[str, Dict[str, Sequence[str]]] = {
    "x86_64": {
        "OPEN_FUNCTION": ("__x64_sys_open",),
        "CREAT_FUNCTION": ("__x64_sys_creat",),
        "OPENAT_FUNCTION": ("__x64_sys_openat",),
        "OPENAT2_FUNCTION": ("__x64_sys_openat2",),
        "OPEN_FUNCTION_32": ("__ia32_compat_sys_open", "__ia32_sys_open"),
        "CREAT_FUNCTION_32": ("__ia32_sys_creat", "__ia32_compat_sys_creat"),
        "OPENAT_FUNCTION_32": (
            "__ia32_compat_sys_openat",
            "__ia32_sys_openat",
        ),
        "OPENAT2_FUNCTION_32": (
            "__ia32_sys_openat2",
            "__ia32_compat_sys_openat2",
        ),
        "OPEN_BY_HANDLE_AT_FUNCTION": ("__x64_sys_open_by_handle_at",),
        "OPEN_BY_HANDLE_AT_FUNCTION_32": (
            "__ia32_compat_sys_open_by_handle_at",
            "__ia32_sys_open_by_handle_at",
        ),
    },
    # 32-bit programs use the functions of 64-bit ones for creat and openat2.
    "aarch64": {
        "OPEN_FUNCTION": ("__arm64_sys_open",),
        "CREAT_FUNCTION": ("__arm64_sys_creat",),
        "OPENAT_FUNCTION": ("__arm64_sys_openat",),
        "OPENAT2_FUNCTION": ("__arm64_sys_openat2",),
        "OPEN_FUNCTION_32": ("__arm64_compat_sys_open",),
        "OPENAT_FUNCTION_32": ("__arm64_compat_sys_openat",),
        "OPEN_BY_HANDLE_AT_FUNCTION": ("__arm64_sys_open_by_handle_at",),
        "OPEN_BY_HANDLE_AT_FUNCTION_32": (
            "__arm64_compat_sys_open_by_handle_at",
        ),
    },
}


def open_function_names() -> List[str]:
    """All names in OPEN_FUNCTIONS for this machine."""
    return _every(OPEN_FUNCTIONS.get(os.uname().machine, {}))


def filp_open_names() -> List[str]:
    """All names in FILP_OPEN."""
    return _every(FILP_OPEN)


def _every(names: Mapping[str, Sequence[str]]) -> List[str]:
    return [name for candidates in names.values() for name in candidates]


# The function with which all of these, and the kernel itself, open a file by
# its path. Linux 7 renamed it.
FILP_OPEN = {"FILP_OPEN_FUNCTION": ("do_file_open", "do_filp_open")}


def open_functions(symbols: str = "/proc/kallsyms") -> Dict[str, str]:
    """The names of OPEN_FUNCTIONS that this kernel has, by #define.

    Empty if it has none of them. `symbols` is for tests.
    """
    return _present(OPEN_FUNCTIONS.get(os.uname().machine, {}), symbols)


def filp_open_function(symbols: str = "/proc/kallsyms") -> Dict[str, str]:
    """The name in FILP_OPEN that this kernel has, by #define, if any."""
    return _present(FILP_OPEN, symbols)


def _present(
    names: Mapping[str, Sequence[str]], symbols: str
) -> Dict[str, str]:
    """The first name that the kernel has, by #define."""
    there = _symbols_among(_every(names), symbols)
    found = {}
    for define, candidates in names.items():
        for name in candidates:
            if name in there:
                found[define] = name
                break
    return found


# The kernel's functions for opens by the kernel itself, by #define
# (bpf_src/ways/kernel_opens.h).
_INNER_FUNCTIONS: Dict[str, Sequence[str]] = {
    **FILP_OPEN,
    "FILE_OPEN_NAME": ("file_open_name",),
    "FILE_OPEN_ROOT": ("file_open_root",),
}


def inner_functions() -> Dict[str, str]:
    """The functions for opens by the kernel itself: name by #define.

    Empty if this kernel lacks one.
    """
    found = _present(_INNER_FUNCTIONS, "/proc/kallsyms")
    return found if len(found) == len(_INNER_FUNCTIONS) else {}


def has_function(name: str) -> bool:
    return bool(_symbols_among([name], "/proc/kallsyms"))


def _symbols_among(names: Sequence[str], symbols: str) -> Set[str]:
    """Those of these names that are in `symbols`, a file of 4 to 20 MB."""
    pattern = re.compile(
        b" [tT] (" + b"|".join(name.encode() for name in names) + b")$", re.M
    )
    found: Set[bytes] = set()
    try:
        with open(symbols, "rb") as file:
            while True:
                lines = file.readlines(1 << 20)
                if not lines:
                    break
                found.update(pattern.findall(b"".join(lines)))
    except OSError:
        pass  # then none is found
    return {name.decode() for name in found}
