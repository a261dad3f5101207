# SPDX-License-Identifier: Apache-2.0
"""The choice of the plan: the best that is proven to work here.

The best plan sees most; of several, it costs least (docs/kernels.md):

fentry        the kernel's own syscall functions, also for 32-bit programs;
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

import os
from typing import Dict, List, Tuple

from opensnooplib.kernel import bpf_objects
from opensnooplib.compile import launch
from opensnooplib.compile.job import SOURCE, Job
from opensnooplib.compile.launch import Launched
from opensnooplib.compile.make_source import (
    find_ways,
    has_structs,
    make_source,
)
from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.kernel import function_names, hooks, this_kernel, tracefs
from opensnooplib.base.messages import Messages
from opensnooplib.options import PLANS, Options
from opensnooplib.reader import Reader
from opensnooplib.kernel import program_names
from opensnooplib.source.c_text import path_of, read
from opensnooplib.trace.proof import Result
from opensnooplib.trace.running_trace import Trace


_NEEDS_LEAST = "syscall"


class PlanError(OpensnoopError):
    """This plan doesn't work here; another may."""


class RenamedError(PlanError):
    """The kernel has no function of a name that is known here."""


class PlanIsBlindError(PlanError):
    """The plan is attached, and doesn't see all that it should."""


def attach(
    options: Options, rings: Reader, messages: Messages
) -> Tuple[Trace, Result]:
    """Attach the plan that was asked for, or the best that works.

    The best plan is the first that sees all calls, else the first that sees
    any. Raises OpensnoopError if none does, with the reason of the plan that
    needs least.
    """
    if options.source is not None:
        return _attach_source(options, rings, messages)
    if options.plan != "auto":
        try:
            return try_plan(options.plan, options, rings, messages)
        except PlanError as error:
            error.sentence = f"--attach {options.plan}: {error.sentence}"
            raise
    reasons: Dict[str, OpensnoopError] = {}
    for sees_all in (True, False):
        for plan in best_first():
            try:
                return try_plan(plan, options, rings, messages, sees_all)
            except SourceError:
                raise  # the C is wrong, for every plan
            except OpensnoopError as error:
                reasons[plan] = error
                _pass_over(plan, error, messages)
        if not any(isinstance(e, PlanIsBlindError) for e in reasons.values()):
            break
    if options.trusted:
        raise _none_is_trusted(reasons)
    raise reasons[_NEEDS_LEAST]


def _none_is_trusted(reasons: Dict[str, OpensnoopError]) -> PlanError:
    details = "; ".join(
        f"{plan}: {reasons[plan].sentence}" for plan in ("fentry", "kprobe")
    )
    return PlanError(
        f"no plan here sees the kernel's copy of the path ({details}): leave "
        "out --trusted"
    )


def best_first() -> List[str]:
    """PLANS, with those last that can miss opens on this kernel."""
    return sorted(PLANS, key=may_miss)


def may_miss(plan: str) -> bool:
    """Can the kernel skip programs of this plan? Skipped ones are counted."""
    if plan == "kprobe":
        return not hooks.has_kprobe_multi()
    return this_kernel.preempts_programs(plan)


def _pass_over(plan: str, error: OpensnoopError, messages: Messages) -> None:
    """Say why: only a kernel newer than this tool is worth a warning."""
    sentence = f"plan {plan} does not work here: {error.sentence}"
    if isinstance(error, RenamedError):
        messages.warn(sentence)
    else:
        messages.detail(sentence)


def _attach_source(
    options: Options, rings: Reader, messages: Messages
) -> Tuple[Trace, Result]:
    """Attach the C of --source. Its author alone knows what it should see."""
    launched = launch.launch(options, SOURCE, {}, rings.install)
    _tell_of(SOURCE, launched, messages)
    trace = _trace_of(launched, options, rings, messages)
    trace.take_as_it_is()
    targets = [program_names.target_of(name) for name in trace.newest.programs]
    return trace, Result(seen=targets, unseen=[], untested=[])


def _tell_of(plan: str, launched: Launched, messages: Messages) -> None:
    messages.detail(
        f"plan {plan}: compiled and attached in {launched.seconds:.3f} s"
    )
    messages.detail(f"headers: {launched.handover.headers}")
    for way, reason in launched.handover.unseen.items():
        messages.detail(f"opens by {way} can't be seen here: {reason}")
    for line in launched.messages.splitlines():
        messages.detail(f"the compiler: {line}")
    options = launched.job.options
    if options.live or options.source is not None:
        messages.show(launched.warnings())


def _trace_of(
    launched: Launched, options: Options, rings: Reader, messages: Messages
) -> Trace:
    try:
        return Trace(rings, launched, options, messages)
    except OpensnoopError:
        launched.handover.close()
        raise


def try_plan(
    plan: str,
    options: Options,
    rings: Reader,
    messages: Messages,
    sees_all: bool = False,
) -> Tuple[Trace, Result]:
    """Attach `plan`, and prove that it sees a call, or all calls.

    Raises OpensnoopError.
    """
    why_not = _why_not(plan, options)
    if why_not:
        raise PlanError(why_not)
    functions = _functions_of(plan, options)
    launched = launch.launch(options, plan, functions, rings.install)
    _tell_of(plan, launched, messages)
    chosen = options._replace(plan=plan)
    trace = _trace_of(launched, chosen, rings, messages)
    result = trace.prove()
    if not result.seen or (sees_all and result.unseen):
        trace.close()
        raise PlanIsBlindError(
            "the programs are attached, but the tool's own test opens were "
            f"not seen ({', '.join(result.unseen)}): see opensnoop --doctor"
        )
    return trace, result


def source(options: Options) -> str:
    """The C that BCC gets for the plan that would be tried first.

    Raises OpensnoopError.
    """
    wanted = best_first() if options.plan == "auto" else [options.plan]
    plan = next((p for p in wanted if not _why_not(p, options)), wanted[-1])
    if options.source is not None:
        plan = SOURCE
    job = Job(
        options=options,
        source=read(path_of(options)),
        plan=plan,
        functions=_functions_of(plan, options),
        tool_pid=os.getpid(),
        folder="",
        install_rings=lambda map_fd: None,
    )
    try:
        tracefs.mount_for_this_process()
    except OpensnoopError:
        pass  # printing needs no privileges; all calls are assumed then
    return make_source(job, find_ways(job))


def _why_not(plan: str, options: Options) -> str:
    """Why the plan can't work, as far as is known without a compile, or ""."""
    if plan == "syscall-exit" and options.needs_begin:
        return "it doesn't see opens begin, which -L and --trusted need"
    if plan == "syscall-exit" and not has_structs():
        return (
            "without BTF or kernel headers, it can't recognize what seccomp "
            "refuses with a signal"
        )
    if plan == "syscall" and options.trusted:
        return "syscall tracepoints don't see the kernel's copy of the path"
    if plan == "fentry":
        return hooks.KINDS["fentry"]()
    if plan == "kprobe" and not bpf_objects.has_pmu("kprobe"):
        return "this kernel has no kprobes (CONFIG_KPROBES)"
    return ""


def _functions_of(plan: str, options: Options) -> Dict[str, str]:
    """The functions that the plan hooks. Raises RenamedError without any."""
    if plan not in ("fentry", "kprobe"):
        return {}
    functions = function_names.open_functions()
    if not functions:
        raise RenamedError(
            "this kernel has none of the functions that the plan hooks: "
            + ", ".join(function_names.open_function_names())
        )
    if options.trusted:
        found = function_names.filp_open_function()
        if not found:
            raise RenamedError(
                "this kernel has none of the functions that receive its copy "
                "of the path: " + ", ".join(function_names.filp_open_names())
            )
        functions.update(found)
    return functions
