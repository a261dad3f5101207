# SPDX-License-Identifier: Apache-2.0
"""Which kinds of hook this kernel offers, found out by trying each.

Nothing stays: what is loaded or attached here is closed at once.
"""

from __future__ import annotations

import os
import re
import resource
from typing import Callable, Dict, List, Sequence, Set

from opensnooplib import kernel, reader

# The kernel's functions for the syscalls that open files, by machine and by
# the #define that tells the C (bpf_src/open_functions.h); a name that isn't
# there is followed by its successors. arch/*/include/asm/syscall_wrapper.h
# makes these names, since Linux 4.17 on x86 and 4.19 on arm64.
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
    },
    # Programs of 32 bits share creat and openat2.
    "aarch64": {
        "OPEN_FUNCTION": ("__arm64_sys_open",),
        "CREAT_FUNCTION": ("__arm64_sys_creat",),
        "OPENAT_FUNCTION": ("__arm64_sys_openat",),
        "OPENAT2_FUNCTION": ("__arm64_sys_openat2",),
        "OPEN_FUNCTION_32": ("__arm64_compat_sys_open",),
        "OPENAT_FUNCTION_32": ("__arm64_compat_sys_openat",),
    },
}


def open_function_names() -> List[str]:
    """All that are looked for on such a machine."""
    names = OPEN_FUNCTIONS.get(os.uname().machine, {})
    return [name for candidates in names.values() for name in candidates]


def open_functions(symbols: str = "/proc/kallsyms") -> Dict[str, str]:
    """The functions that open files here: #define and name.

    Empty where the kernel has none of them. `symbols` is for tests.
    """
    return _find(OPEN_FUNCTIONS.get(os.uname().machine, {}), symbols)


def _find(names: Dict[str, Sequence[str]], symbols: str) -> Dict[str, str]:
    every = [name for some in names.values() for name in some]
    there = _symbols_among(every, symbols)
    found = {}
    for define, candidates in names.items():
        for name in candidates:
            if name in there:
                found[define] = name
                break
    return found


# For opens within the kernel (bpf_src/inner_opens.h), likewise.
_INNER_FUNCTIONS: Dict[str, Sequence[str]] = {
    "FILP_OPEN_FUNCTION": ("do_filp_open", "do_file_open"),
    "FILE_OPEN_NAME": ("file_open_name",),
    "FILE_OPEN_ROOT": ("file_open_root",),
}


def inner_functions() -> Dict[str, str]:
    """Those of this kernel: #define and name. Empty if it lacks one."""
    found = _find(_INNER_FUNCTIONS, "/proc/kallsyms")
    return found if len(found) == len(_INNER_FUNCTIONS) else {}


def has_function(name: str) -> bool:
    return bool(_symbols_among([name], "/proc/kallsyms"))


def _symbols_among(names: Sequence[str], symbols: str) -> Set[str]:
    """Which of these functions the kernel has: a file of 4 to 20 MB."""
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


# enum bpf_prog_type and enum bpf_attach_type of include/uapi/linux/bpf.h
_TRACEPOINT, _RAW_TRACEPOINT, _TRACING, _LSM = 5, 17, 26, 29
_TRACE_FENTRY, _LSM_MAC = 24, 27

# Exported to modules since ever, so it won't be renamed lightly.
_A_FUNCTION = "vfs_fsync"


def lift_memory_limit() -> None:
    """Before Linux 5.11 programs count as locked memory of the user's."""
    if kernel.version() < (5, 11, 0):
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        try:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, unlimited)
        except (OSError, ValueError):
            pass  # then the kernel tells what it refuses


def _refusal(program_type: int) -> str:
    lift_memory_limit()
    error = reader.program_refusal(program_type, 0, 0)
    return f"the kernel refuses its programs ({error})" if error else ""


def _refusal_with_btf(program_type: int, attach_type: int) -> str:
    if not kernel.has_btf():
        return "this kernel has no BTF"
    lift_memory_limit()
    # Type 1 of the BTF is no function: EINVAL is as far as a program gets.
    error = reader.program_refusal(program_type, attach_type, 1)
    if error and error != "EINVAL":
        return f"the kernel refuses its programs ({error})"
    return ""


def _tracepoint() -> str:
    return _refusal(_TRACEPOINT)


def _raw_tracepoint() -> str:
    return _refusal(_RAW_TRACEPOINT)


def _kprobe() -> str:
    if not reader.has_pmu("kprobe"):
        return "not in this kernel (CONFIG_KPROBES)"
    error = reader.kprobe_refusal(_A_FUNCTION)
    if error:
        return f"the kernel can't probe {_A_FUNCTION} ({error})"
    return ""


def _uprobe() -> str:
    if not reader.has_pmu("uprobe"):
        return "not in this kernel (CONFIG_UPROBES)"
    return ""


def _fentry() -> str:
    return _refusal_with_btf(_TRACING, _TRACE_FENTRY)


def _lsm() -> str:
    return _refusal_with_btf(_LSM, _LSM_MAC)


def _perf_event() -> str:
    try:
        reader.Reader(kernel.online_cpus(), 1).close()
    except OSError as error:
        return f"the kernel refuses it: {error.strerror}"
    return ""


# By name: a function that says why not, or "".
KINDS: Dict[str, Callable[[], str]] = {
    "tracepoint": _tracepoint,
    "raw tracepoint": _raw_tracepoint,
    "kprobe": _kprobe,
    "fentry": _fentry,
    "uprobe": _uprobe,
    "lsm": _lsm,
    "perf event": _perf_event,
}
