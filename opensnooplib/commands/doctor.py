# SPDX-License-Identifier: Apache-2.0
"""--doctor: what this host can do, found out by trying, and what is missing.

Nothing stays attached: all that is tried is closed again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import sys
from typing import Iterator, NamedTuple

from opensnooplib.base import child
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.messages import Messages, print_text
from opensnooplib.commands import trace_opens
from opensnooplib.kernel import (
    btf,
    capabilities,
    confinement,
    lockdown,
    offered_hooks,
    ran_out,
    this_kernel,
    tracefs,
    why_no_bpf,
)
from opensnooplib.kernel.hooks import HOOKS
from opensnooplib.options import Options
from opensnooplib.plan_list import PLANS, Plan
from opensnooplib.reader import Reader
from opensnooplib.source import kernel_headers
from opensnooplib.trace import plans


class Finding(NamedTuple):
    subject: str
    ok: bool
    found: str
    remedy: str = ""  # what to do about it, if it isn't ok


_HAVE_RIGHTS = (
    "run as root (sudo), or with CAP_BPF, CAP_PERFMON and CAP_DAC_READ_SEARCH"
)
_NO_RIGHTS = "needs the capabilities above"


def run(options: Options) -> int:
    """Print the findings. Returns 0 if a trace works here, else 1."""
    tried = [_try_plan(options, plan) for plan in PLANS.values()]
    works = [plan.subject for plan in tried if plan.ok]
    remedy = (
        f"nothing, since {works[0]} works"
        if works
        else _rights_or(
            "fix what is missing above", "".join(plan.found for plan in tried)
        )
    )
    findings = _of_the_host(options) + _of_hooks()
    findings += [plan._replace(remedy=remedy) for plan in tried]
    findings = [one._replace(remedy="") if one.ok else one for one in findings]
    if options.output.format == "json":
        facts = [finding._asdict() for finding in findings]
        print_text(json.dumps(facts, indent=2) + "\n")
    else:
        print_text("\n".join(_table(findings)) + "\n")
    return 0 if any(plan.ok for plan in tried) else 1


def _table(findings: list[Finding]) -> Iterator[str]:
    width = max(len(finding.subject) for finding in findings)
    told = {""}
    for finding in findings:
        mark = "ok" if finding.ok else "--"
        yield f"{mark}  {finding.subject.ljust(width)}  {finding.found}"
        if finding.remedy not in told:  # once is enough
            told.add(finding.remedy)
            yield f"    {' ' * width}  to do: {finding.remedy}"


def _of_the_host(options: Options) -> list[Finding]:
    release = this_kernel.release()
    python = sys.version.split()[0]
    held = ", ".join(filter(capabilities.has, capabilities.CAPABILITIES))
    has_btf = this_kernel.has_btf()
    mounted = [*filter(tracefs.is_mounted, tracefs.FOLDERS)]
    return [
        Finding(
            "kernel",
            this_kernel.version() >= (5, 8, 0),
            f"{release} on {os.uname().machine}",
            "use Linux 5.8 or newer",
        ),
        Finding("python", True, f"{python} in {sys.executable}"),
        Finding("bcc", True, _bcc()),
        Finding(
            "capabilities",
            capabilities.may_trace(),
            f"user {os.geteuid()}, {held or 'none of those needed'}",
            _HAVE_RIGHTS,
        ),
        Finding(
            "lockdown",
            not lockdown.forbids_tracing(),
            lockdown.mode() or "not in this kernel",
            lockdown.UNLOCK,
        ),
        Finding(
            "btf",
            btf.has_structs(),
            options.probe.btf or (this_kernel.BTF if has_btf else "none"),
            "if the C uses kernel structs, give the kernel's BTF by --btf "
            "(BTFHub has many), or install the kernel's headers",
        ),
        Finding("headers", True, kernel_headers.choose().reason),
        Finding(
            "tracefs",
            bool(mounted) or capabilities.has("CAP_SYS_ADMIN"),
            f"mounted at {mounted[0]}"
            if mounted
            else "not mounted, or not visible to this user; with "
            "CAP_SYS_ADMIN, the tool mounts its own",
            _rights_or(f"mount -t tracefs tracefs {tracefs.TRACEFS}"),
        ),
        _privileges(),
    ]


def _bcc() -> str:
    """The version, from a file of BCC's: importing BCC would load LLVM."""
    spec = importlib.util.find_spec("bcc")
    folder = os.path.dirname(str(spec and spec.origin))
    text = this_kernel.text_of(f"{folder}/version.py")
    version = re.search(r"__version__ *= *['\"]([^'\"]+)", text)
    return f"{version[1] if version else 'unknown version'}, in {folder}"


def _privileges() -> Finding:
    """Which ones a trace can drop: a child tries."""
    pid = child.fork(lambda: os._exit(confinement.confine_reader()))
    confined = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    done, kept = confinement.in_words(confined)
    can_not = f"a trace cannot drop its {kept} here"
    return Finding(
        "privileges",
        not kept,
        can_not if kept else f"a trace drops: {done}",
        "permit setuid(2) and seccomp(2) in this container",
    )


def _of_hooks() -> list[Finding]:
    """Whether each kind of hook works here, and the perf rings."""
    needed = {hook.kind: hook.config for hook in HOOKS}
    why_not = {kind: offered_hooks.why_not(kind) for kind in needed}
    why_not["perf event"] = _no_perf_event()
    remedy = "boot a kernel that has {} and permits such hooks"
    return [
        Finding(
            f"hook {kind}",
            not why,
            why or "works",
            _rights_or(remedy.format(needed[kind]), why),
        )
        for kind, why in why_not.items()
    ]


def _no_perf_event() -> str:
    try:
        Reader(this_kernel.online_cpus(), 1).close()
    except OSError as error:
        if not capabilities.may_trace():
            return _NO_RIGHTS
        return why_no_bpf.sentence(error.errno or 0)
    return ""


def _rights_or(remedy: str, found: str = "") -> str:
    """What to do first: without rights, everything else fails, too."""
    if not capabilities.may_trace():
        return _HAVE_RIGHTS
    if ran_out.MORE_LOCKED_MEMORY in found:
        return ran_out.MORE_LOCKED_MEMORY
    return lockdown.UNLOCK if lockdown.forbids_tracing() else remedy


def _try_plan(options: Options, plan: Plan) -> Finding:
    """Try a plan by a real launch and real opens."""
    subject = f"plan {plan.name}"
    if not capabilities.may_trace():
        return Finding(subject, False, _NO_RIGHTS)
    quiet = Messages(quiet=True)
    try:
        with contextlib.closing(
            trace_opens.open_rings(options, quiet)
        ) as rings:
            trace, result = plans.try_plan(plan, options, rings, quiet)
            trace.close()
    except OpensnoopError as error:
        return Finding(subject, False, error.sentence)
    calls = {
        "sees": result.seen,
        "does not see": result.unseen,
        "could not test": result.untested,
        "should see, but could not test": result.unproven,
    }
    found = [f"{verb} {', '.join(of)}" for verb, of in calls.items() if of]
    found += [f"does not see {w}: {why}" for w, why in result.why_not.items()]
    if plan.may_miss():
        found.append(
            "can miss opens, and counts them, if many tasks open files at once"
        )
    return Finding(subject, bool(result.seen), "; ".join(found))
