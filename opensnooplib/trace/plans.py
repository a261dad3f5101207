# SPDX-License-Identifier: Apache-2.0
"""The choice of the plan: the best that is proven to work here.

See plan_list.py for the plans, and their order.
"""

from __future__ import annotations


from opensnooplib import plan_list
from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.base.messages import Messages
from opensnooplib.compile import launch
from opensnooplib.compile.launch import Launched
from opensnooplib.compile.make_source import find_ways, make_source
from opensnooplib.kernel import tracefs
from opensnooplib.options import Options, Probe
from opensnooplib.plan_list import Plan, PlanError
from opensnooplib.reader import Reader
from opensnooplib.trace.proof import Result
from opensnooplib.trace.running_trace import Trace


def attach(
    options: Options, rings: Reader, messages: Messages
) -> tuple[Trace, Result]:
    """Attach the plan that was asked for, or the best that works.

    The best plan is the first that sees all calls, else the first of those
    that see most. With --live it is the first that can be attached, since a
    filter in the C can hide the tool's test opens. Raises OpensnoopError if
    none can be attached, with the reason of the plan that needs least.
    """
    wanted = _wanted(options.probe)
    if len(wanted) == 1:
        try:
            return try_plan(wanted[0], options, rings, messages)
        except PlanError as error:
            error.sentence = f"--attach {options.probe.plan}: {error.sentence}"
            raise
    reasons: dict[str, OpensnoopError] = {}
    unseen: dict[str, list[str]] = {}
    for plan in wanted:
        try:
            trace, result = try_plan(plan, options, rings, messages)
        except SourceError:
            raise  # the C is wrong, for every plan
        except OpensnoopError as error:
            reasons[plan.name] = error
            _pass_over(plan, error, messages)
            continue
        if not result.unseen or options.probe.live:
            return trace, result
        trace.close()
        names = ", ".join(result.unseen)
        messages.detail(f"plan {plan.name} does not see opens by {names}")
        is_shared = result.unseen in unseen.values()
        unseen[plan.name] = result.unseen
        if is_shared:  # by the C of two plans, so no other one sees more
            break
    if unseen:
        name = min(unseen, key=lambda name: len(unseen[name]))
        return try_plan(plan_list.PLANS[name], options, rings, messages)
    if options.probe.trusted:  # tracepoints never see the kernel's copy
        raise PlanError(
            f"plan kprobe does not work here: {reasons['kprobe'].sentence}; "
            "the others see no copy of the path here either: leave out "
            "--trusted"
        )
    raise reasons[plan_list.PAIR.name]


def _wanted(probe: Probe) -> list[Plan]:
    """The plans to try, in this order."""
    if probe.source is not None:
        return [plan_list.SOURCE]
    if probe.plan != "auto":
        return [plan_list.PLANS[probe.plan]]
    if probe.live:  # what is edited is what runs
        return sorted(
            plan_list.best_first(), key=lambda plan: plan is not plan_list.PAIR
        )
    return plan_list.best_first()


def _pass_over(plan: Plan, error: OpensnoopError, messages: Messages) -> None:
    """Say why: only a kernel newer than this tool is worth a warning."""
    sentence = f"plan {plan.name} does not work here: {error.sentence}"
    if isinstance(error, plan_list.RenamedError):
        messages.warn(sentence)
    else:
        messages.detail(sentence)


def _tell_of(launched: Launched, messages: Messages) -> None:
    messages.detail(
        f"plan {launched.job.plan.name}: compiled and attached in "
        f"{launched.seconds:.3f} s"
    )
    messages.detail(f"headers: {launched.handover.headers}")
    for way, reason in launched.handover.unseen.items():
        messages.detail(f"opens by {way} can't be seen here: {reason}")
    for line in launched.messages.splitlines():
        messages.detail(f"the compiler: {line}")
    options = launched.job.options
    if options.probe.live or options.probe.source is not None:
        messages.show("\n".join(launched.handover.warnings))


def try_plan(
    plan: Plan, options: Options, rings: Reader, messages: Messages
) -> tuple[Trace, Result]:
    """Attach `plan`, and prove which opens it sees. Raises OpensnoopError."""
    why_not = plan.why_not(options)
    if why_not:
        raise PlanError(why_not)
    launched = launch.launch(options, plan)
    _tell_of(launched, messages)
    chosen = options._replace(probe=options.probe._replace(plan=plan.name))
    try:
        trace = Trace(rings, launched, chosen, messages)
    except OpensnoopError:
        launched.handover.close()
        raise
    return trace, trace.prove()


def source(options: Options) -> str:
    """The C that BCC gets for the plan that would be tried first.

    Raises OpensnoopError.
    """
    wanted = _wanted(options.probe)
    plan = next((p for p in wanted if not p.why_not(options)), wanted[-1])
    job = launch.job_for(options, plan)
    try:
        tracefs.mount_for_this_process()
    except OpensnoopError:
        pass  # printing needs no privileges; all calls are assumed then
    return make_source(job, find_ways(job))
