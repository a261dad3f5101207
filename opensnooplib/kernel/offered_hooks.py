# SPDX-License-Identifier: Apache-2.0
"""Which kinds of hook this kernel offers, found out by trying.

Nothing stays attached: all that is loaded or attached is closed at once.
"""

from __future__ import annotations

import sys
from functools import lru_cache

from opensnooplib.kernel import bpf_objects, perf_events, this_kernel
from opensnooplib.kernel.hooks import HOOKS

# The function that a kprobe is tried on. It has always been exported to
# modules, so it is unlikely to be renamed.
_A_FUNCTION = "vfs_fsync"

_PROBED = {"kprobe": _A_FUNCTION, "uprobe": sys.executable}


def _no_program(kind: str) -> str:
    hook = next(hook for hook in HOOKS if hook.kind == kind)
    if hook.attach_type and not this_kernel.has_btf():
        return "this kernel has no BTF"
    # Type 1 of the BTF is not a function, so a kernel with this kind of hook
    # refuses the program with EINVAL.
    expected, function = ("EINVAL", 1) if hook.attach_type else ("", 0)
    error = bpf_objects.program_refusal(
        hook.program_type, hook.attach_type, function
    )
    if error in ("", expected):
        return _no_module() if kind == "lsm" else ""
    return f"the kernel refuses its programs ({error})"


def _no_module() -> str:
    """Why LSM hooks would never run, although their programs are attached."""
    modules = this_kernel.text_of("/sys/kernel/security/lsm")
    if not modules or "bpf" in modules.strip().split(","):
        return ""
    return (
        "bpf is not among its security modules: boot it with "
        f"lsm={modules.strip()},bpf"
    )


def _no_probe(kind: str) -> str:
    if not perf_events.has_pmu(kind):
        return f"not in this kernel (CONFIG_{kind.upper()}S)"
    error = bpf_objects.probe_refusal(kind, _PROBED[kind])
    return f"the kernel can't probe {_PROBED[kind]} ({error})" if error else ""


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


def why_not(kind: str) -> str:
    """Why this kernel doesn't offer this kind of hook, or ""."""
    return _no_probe(kind) if kind in _PROBED else _no_program(kind)
