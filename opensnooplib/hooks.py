# SPDX-License-Identifier: Apache-2.0
"""Which kinds of hook this kernel offers, found out by trying each.

Nothing stays: what is loaded or attached here is closed at once.
"""

from __future__ import annotations

import resource
from typing import Callable, Dict

from opensnooplib import kernel, reader

# The kernel's function behind all open syscalls, under each name that it has
# had: this one since Linux 5.6, and still in 7.2.
OPEN_FUNCTIONS = ("do_sys_openat2",)

# enum bpf_prog_type and enum bpf_attach_type of include/uapi/linux/bpf.h
_TRACEPOINT, _RAW_TRACEPOINT, _TRACING, _LSM = 5, 17, 26, 29
_TRACE_FENTRY, _LSM_MAC = 24, 27


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
    for name in OPEN_FUNCTIONS:
        error = reader.kprobe_refusal(name)
        if not error:
            return ""
    if not reader.has_pmu("kprobe"):
        return "not in this kernel (CONFIG_KPROBES)"
    return f"the kernel can't probe {OPEN_FUNCTIONS[-1]} ({error})"


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
