# SPDX-License-Identifier: Apache-2.0
"""The plans: each is one set of hooks for the syscalls that open files.

A plan is one value here and one file in bpf_src/plans/; best first, on most
kernels. The best plan sees most; of several, it costs least (docs/kernels.md):

fentry        the kernel's own syscall functions, also of 32-bit system calls;
              one program for each open, and no other syscall becomes slower
syscall-exit  tracepoints, also of opens that seccomp refuses; one program for
              each open
syscall       tracepoints; two programs for each open and a map
kprobe        like fentry, but with two probes for each open and a map; since
              Linux 6.14 with one

A plan comes after the others if it can miss opens, for one of two reasons:

- The kernel preempts its programs, and where several tasks share a CPU it
  skips one while another waits in the middle of it. On Linux 7 it does so
  with all plans but kprobe.
- kretprobes have a few instances for all tasks, and where many are in an open
  at once, the ends of some are dropped. Since Linux 6.14 kprobe attaches
  through links that have no such limit.
"""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Optional

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import (
    function_names,
    offered_hooks,
    perf_events,
    this_kernel,
)
from opensnooplib.options import Options
from opensnooplib.source import kernel_headers


class PlanError(OpensnoopError):
    """This plan doesn't work here; another may."""


class RenamedError(PlanError):
    """The kernel has no function of a name that is known here."""


class Plan(NamedTuple):
    """One way to see the syscalls that open files."""

    name: str
    file: str  # in bpf_src; it is compiled if PLAN_NAME is 1
    hook: str  # the kind that it needs, as in hooks.txt; "" if unknown
    # Why it can't run here, as far as is known without a compile, or "".
    why_not: Callable[[Options], str]
    begins: Optional[bool]  # does it see opens begin? None: if that is needed
    runs_bpf_src: bool = True  # not the C of --source

    def may_miss(self) -> bool:
        """Can the kernel skip its programs? Skipped ones are counted."""
        if self.hook == "kprobe":
            # Without such links, returns can be dropped.
            return not offered_hooks.has_kprobe_multi()
        return this_kernel.preempts_programs(self.hook)

    def sees_begin(self, options: Options) -> bool:
        """Has it programs where an open begins?

        kprobe has them also where returns can be missed: what has begun and
        never ends is counted.
        """
        if self.begins is not None:
            return self.begins
        may_miss_ends = self.hook == "kprobe" and self.may_miss()
        return options.needs_begin or may_miss_ends

    def functions(self, options: Options) -> Dict[str, str]:
        """The kernel functions that it hooks, as in function_names.py.

        Raises RenamedError if this kernel has none of them.
        """
        if self.hook not in ("fentry", "kprobe"):
            return {}
        functions = _present(function_names.SYSCALLS, "that the plan hooks")
        if options.probe.trusted:
            which = "that receive its copy of the path"
            functions.update(_present(function_names.FILP_OPEN, which))
        return functions


def _present(names: function_names.Names, which: str) -> Dict[str, str]:
    found = function_names.present(names)
    if not found:
        raise RenamedError(
            f"this kernel has none of the functions {which}: "
            + ", ".join(function_names.every(names))
        )
    return found


def best_first() -> List[Plan]:
    """PLANS, with those last that can miss opens on this kernel."""
    return sorted(PLANS.values(), key=lambda plan: plan.may_miss())


def _no_fentry(_: Options) -> str:
    return offered_hooks.why_not("fentry")


def _no_exit(options: Options) -> str:
    if options.needs_begin:
        return "it doesn't see opens begin, which -L and others need"
    if not kernel_headers.has_structs():
        return (
            "without BTF or kernel headers, it can't recognize what seccomp "
            "refuses with a signal"
        )
    return ""


def _no_pair(options: Options) -> str:
    if options.probe.trusted:
        return "syscall tracepoints don't see the kernel's copy of the path"
    return ""


def _no_kprobe(_: Options) -> str:
    if not perf_events.has_pmu("kprobe"):
        return "this kernel has no kprobes (CONFIG_KPROBES)"
    return ""


def _nothing(_: Options) -> str:
    return ""


_FENTRY = Plan("fentry", "plans/fentry.h", "fentry", _no_fentry, None)
_EXIT = Plan(
    "syscall-exit", "plans/syscall_exit.h", "tracepoint", _no_exit, False
)
# The plan of opensnoop.c, which needs least of the kernel.
PAIR = Plan("syscall", "plans/syscall.h", "tracepoint", _no_pair, True)
_KPROBE = Plan("kprobe", "plans/kprobe.h", "kprobe", _no_kprobe, None)
PLANS = {plan.name: plan for plan in (_FENTRY, _EXIT, PAIR, _KPROBE)}


# The C of --source: its programs attach where their names say.
SOURCE = Plan("source", "", "", _nothing, False, runs_bpf_src=False)
