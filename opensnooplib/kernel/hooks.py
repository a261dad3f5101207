# SPDX-License-Identifier: Apache-2.0
"""The kinds of hook that this kernel offers, found out by trying each.

Nothing stays attached: all that is loaded or attached is closed at once.
"""

from __future__ import annotations

import sys
from functools import lru_cache, partial
from typing import Callable, Dict

from opensnooplib.kernel import bpf_objects, this_kernel

# enum bpf_prog_type and enum bpf_attach_type of include/uapi/linux/bpf.h
_TRACEPOINT, _PERF_EVENT, _RAW_TRACEPOINT, _TRACING, _LSM = 5, 7, 17, 26, 29
_SOCKET_FILTER, _SCHED_CLS, _XDP = 1, 3, 6
_TRACE_FENTRY, _LSM_MAC = 24, 27

# The function that a kprobe is tried on. It has always been exported to
# modules, so it is unlikely to be renamed.
_A_FUNCTION = "vfs_fsync"


def _refusal(program_type: int) -> str:
    error = bpf_objects.program_refusal(program_type, 0, 0)
    return f"the kernel refuses its programs ({error})" if error else ""


def _refusal_with_btf(program_type: int, attach_type: int) -> str:
    if not this_kernel.has_btf():
        return "this kernel has no BTF"
    # Type 1 of the BTF is not a function, so a kernel with this kind of hook
    # refuses the program with EINVAL.
    error = bpf_objects.program_refusal(program_type, attach_type, 1)
    if error and error != "EINVAL":
        return f"the kernel refuses its programs ({error})"
    return ""


def _no_kprobe() -> str:
    if not bpf_objects.has_pmu("kprobe"):
        return "not in this kernel (CONFIG_KPROBES)"
    error = bpf_objects.probe_refusal("kprobe", _A_FUNCTION)
    return f"the kernel can't probe {_A_FUNCTION} ({error})" if error else ""


def _no_uprobe() -> str:
    if not bpf_objects.has_pmu("uprobe"):
        return "not in this kernel (CONFIG_UPROBES)"
    error = bpf_objects.probe_refusal("uprobe", sys.executable)
    return (
        f"the kernel can't probe {sys.executable} ({error})" if error else ""
    )


@lru_cache(maxsize=None)
def has_kprobe_multi() -> bool:
    """Can kprobes be links (kprobe.multi) whose returns are never missed?

    Since Linux 6.14 returns are kept in each task's own stack of the function
    graph tracer (kernel/trace/fprobe.c); before that, as with kretprobes, in a
    few instances for all tasks.
    """
    if this_kernel.version() < (6, 14, 0):
        return False
    return not bpf_objects.kprobe_multi_refusal(_A_FUNCTION)


# The kinds of hook, each with a function that returns why this kernel doesn't
# offer it, or "".
KINDS: Dict[str, Callable[[], str]] = {
    "tracepoint": partial(_refusal, _TRACEPOINT),
    "raw tracepoint": partial(_refusal, _RAW_TRACEPOINT),
    "kprobe": _no_kprobe,
    "fentry": partial(_refusal_with_btf, _TRACING, _TRACE_FENTRY),
    "lsm": partial(_refusal_with_btf, _LSM, _LSM_MAC),
    "uprobe": _no_uprobe,
    "perf event": partial(_refusal, _PERF_EVENT),
    "xdp": partial(_refusal, _XDP),
    "tc": partial(_refusal, _SCHED_CLS),
    "socket filter": partial(_refusal, _SOCKET_FILTER),
}
