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
from typing import Callable, Dict, Iterator, List, NamedTuple

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import (
    capabilities,
    hooks,
    limits,
    lockdown,
    mounts,
    this_kernel,
    tracefs,
    why_no_bpf,
)
from opensnooplib.kernel.mounts import Mount
from opensnooplib.base.messages import Messages, print_text
from opensnooplib.options import Options
from opensnooplib.plan_list import PLANS, Plan
from opensnooplib.reader import Reader
from opensnooplib.source import kernel_headers
from opensnooplib.trace import plans
from opensnooplib.commands import trace_opens


class Finding(NamedTuple):
    subject: str
    ok: bool
    found: str
    remedy: str = ""  # what to do about it, if it isn't ok


_HAVE_RIGHTS = (
    "run as root (sudo), or with CAP_BPF, CAP_PERFMON and CAP_DAC_READ_SEARCH"
)

# The options that the kernel must be built with, by kind of hook: see its
# Kconfig files.
_CONFIG = {
    "tracepoint": "CONFIG_BPF_EVENTS and CONFIG_FTRACE_SYSCALLS",
    "raw tracepoint": "CONFIG_BPF_EVENTS",
    "kprobe": "CONFIG_KPROBE_EVENTS",
    "fentry": "CONFIG_DEBUG_INFO_BTF and CONFIG_BPF_JIT",
    "uprobe": "CONFIG_UPROBE_EVENTS",
    "lsm": "CONFIG_BPF_LSM",
    "perf event": "CONFIG_PERF_EVENTS",
}


def _perf_event() -> str:
    try:
        Reader(this_kernel.online_cpus(), 1).close()
    except OSError as error:
        return why_no_bpf.sentence(error.errno or 0)
    return ""


# The test of each kind of hook: those of hooks.KINDS, and one for the rings.
_KINDS: Dict[str, Callable[[], str]] = {
    **hooks.KINDS,
    "perf event": _perf_event,
}


def run(options: Options) -> int:
    """Print the findings. Returns 0 if a trace works here, else 1."""
    findings = [look() for look in _LOOKS_ANYWHERE]
    findings += [_mount(mount) for mount in mounts.NEEDED]
    tried: List[Finding] = []
    if all(mount.is_there for mount in mounts.NEEDED):  # else all would fail
        findings += [look() for look in _LOOKS]
        findings += [_hook(kind) for kind in _KINDS]
        tried = [_try_plan(options, plan) for plan in PLANS.values()]
    findings += [plan._replace(remedy=_plan_remedy(tried)) for plan in tried]
    findings = [one._replace(remedy="") if one.ok else one for one in findings]
    if options.format == "json":
        facts = [finding._asdict() for finding in findings]
        print_text(json.dumps(facts, indent=2) + "\n")
    else:
        print_text("\n".join(_table(findings)) + "\n")
    return 0 if any(plan.ok for plan in tried) else 1


def _table(findings: List[Finding]) -> Iterator[str]:
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        mark = "ok" if finding.ok else "--"
        yield f"{mark}  {finding.subject.ljust(width)}  {finding.found}"
        if finding.remedy:
            yield f"    {' ' * width}  to do: {finding.remedy}"


def _kernel() -> Finding:
    found = f"{this_kernel.release()} on {os.uname().machine}"
    return Finding(
        "kernel",
        this_kernel.version() >= (5, 8, 0),
        found,
        "use Linux 5.8 or newer",
    )


def _python() -> Finding:
    return Finding(
        "python",
        sys.version_info >= (3, 9),
        f"{sys.version.split()[0]} in {sys.executable}",
        "use Python 3.9 or newer",
    )


def _bcc() -> Finding:
    spec = importlib.util.find_spec("bcc")
    folder = os.path.dirname(spec.origin) if spec and spec.origin else ""
    found = "unknown version"
    try:
        with open(f"{folder}/version.py", encoding="utf-8") as file:
            version = re.search(r"__version__ *= *['\"]([^'\"]+)", file.read())
        if version:
            found = version.group(1)
    except OSError:
        pass
    return Finding("bcc", bool(folder), f"{found}, in {folder}")


def _mount(mount: Mount) -> Finding:
    found = f"{'' if mount.is_there else 'not '}mounted at {mount.path}"
    return Finding(mount.filesystem, mount.is_there, found, mount.remedy)


def _capabilities() -> Finding:
    held = [
        name for name in capabilities.CAPABILITIES if capabilities.has(name)
    ]
    return Finding(
        "capabilities",
        capabilities.may_trace(),
        f"user {os.geteuid()}, {', '.join(held) or 'none of those needed'}",
        _HAVE_RIGHTS,
    )


def _lockdown() -> Finding:
    mode = lockdown.mode()
    return Finding(
        "lockdown",
        not lockdown.forbids_tracing(),
        mode or "not in this kernel",
        lockdown.UNLOCK,
    )


def _btf() -> Finding:
    return Finding(
        "btf",
        this_kernel.has_btf(),
        this_kernel.BTF if this_kernel.has_btf() else "none",
        "install the kernel's headers if the C uses kernel structs",
    )


def _headers() -> Finding:
    return Finding("headers", True, kernel_headers.choose().reason)


def _tracefs() -> Finding:
    for folder in tracefs.FOLDERS:
        if tracefs.is_mounted(folder):
            return Finding("tracefs", True, f"mounted at {folder}")
    try:
        _in_child(tracefs.mount_for_this_process)
    except OpensnoopError as error:
        return Finding(
            "tracefs",
            False,
            "not visible to this user, and cannot be mounted",
            error.sentence,
        )
    return Finding("tracefs", True, "not mounted; the tool mounts its own")


def _in_child(action: Callable[[], None]) -> None:
    """Do in a child what would change this process.

    Raises OpensnoopError if `action` does.
    """
    child = os.fork()
    if child == 0:
        try:
            action()
        except OpensnoopError:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise OpensnoopError(
            f"as root, mount -t tracefs tracefs {tracefs.TRACEFS}"
        )


_LOOKS_ANYWHERE: List[Callable[[], Finding]] = [_kernel, _python, _bcc]
_LOOKS: List[Callable[[], Finding]] = [
    _capabilities,
    _lockdown,
    _btf,
    _headers,
    _tracefs,
]


def _hook(kind: str) -> Finding:
    why_not = _KINDS[kind]()
    remedy = _rights_or(
        f"boot a kernel that has {_CONFIG[kind]} and permits such hooks",
        why_not,
    )
    return Finding(f"hook {kind}", not why_not, why_not or "works", remedy)


def _plan_remedy(tried: List[Finding]) -> str:
    """What to do about a plan that doesn't work."""
    for plan in tried:
        if plan.ok:
            return f"nothing, since {plan.subject} works"
    return _rights_or(
        "fix what is missing above", "".join(plan.found for plan in tried)
    )


def _rights_or(remedy: str, found: str) -> str:
    """What to do first: without rights, everything else fails, too."""
    if not capabilities.may_trace():
        return _HAVE_RIGHTS
    if limits.MORE_LOCKED_MEMORY in found:
        return limits.MORE_LOCKED_MEMORY
    return lockdown.UNLOCK if lockdown.forbids_tracing() else remedy


def _try_plan(options: Options, plan: Plan) -> Finding:
    """Try a plan by a real launch and real opens."""
    subject = f"plan {plan.name}"
    quiet = Messages(quiet=True)
    try:
        with contextlib.closing(
            trace_opens.open_rings(options, quiet)
        ) as rings:
            trace, result = plans.try_plan(plan, options, rings, quiet)
            trace.close()
    except OpensnoopError as error:
        return Finding(subject, False, error.sentence)
    found = _describe(result._asdict())
    found += "".join(
        f"; does not see {way}: {why}" for way, why in result.why_not.items()
    )
    if plan.may_miss():
        found += (
            "; can miss opens, and counts them, if many tasks open files at "
            "once"
        )
    return Finding(subject, bool(result.seen), found)


def _describe(result: Dict[str, List[str]]) -> str:
    words = {
        "seen": "sees",
        "unseen": "does not see",
        "untested": "could not test",
        "unproven": "should see, untested",
    }
    return "; ".join(
        f"{words[how]} {', '.join(calls)}"
        for how, calls in result.items()
        if calls and how in words
    )
