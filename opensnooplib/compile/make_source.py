# SPDX-License-Identifier: Apache-2.0
"""The C for one job on this kernel: #defines, followed by the files."""

from __future__ import annotations

import os

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.compile.job import Job
from opensnooplib.kernel import open_calls, ways
from opensnooplib.kernel.open_calls import OPEN_CALLS
from opensnooplib.kernel.ways import NO_WAYS, Ways
from opensnooplib.selection import criteria
from opensnooplib.source import c_text, declarations, defines, kernel_headers
from opensnooplib.source.c_text import Source

# The syscall whose path is that of the opened file, which is found by the
# kernel's structs.
_NEEDS_STRUCTS = "open_by_handle_at"


def make_source(job: Job, other_ways: Ways = NO_WAYS) -> str:
    """The C for this job on this kernel; tracefs must be mounted."""
    chosen = defines.plan(
        job.plan.name,
        calls_of(job),
        job.functions,
        job.tool_pid,
        job.sees_begin,
    )
    chosen += other_ways.defines + criteria.defines(job.options)
    extras = defines.extras(job.options, kernel_headers.has_structs())
    chosen += [(name, "1") for name, is_on in extras.items() if is_on]
    if job.plan.runs_bpf_src:
        if "WANT_AUID" in extras and not os.path.exists("/proc/self/loginuid"):
            raise OpensnoopError("auid needs a kernel with CONFIG_AUDIT")
        chosen += defines.HELPERS
        chosen += criteria.conditions_of_all(job.options)
        follows = job.options.selection.follow_children
        if other_ways.defines or job.sees_begin or follows:
            chosen.append(("MORE_PROBES", "1"))
        declared = declarations.of_event(job.source.text).values()
        optional = [one.macro for one in declared if one.macro]
        conditions = defines.names_in_conditions(job.source.text)
        chosen += defines.zeros([*extras, *optional, *conditions], chosen)
    text = c_text.with_defines(job.source.text, chosen)
    if not job.plan.runs_bpf_src:
        from opensnooplib.compile import own_source  # seldom needed
        from opensnooplib.source import struct_maps

        own_source.check(job.source)
        text = struct_maps.with_maps(text)
    if job.printk_tag:
        from opensnooplib.source import printk_names  # seldom needed

        text = printk_names.with_names(text, job.printk_tag)
    return text


def compiled(job: Job) -> Source:
    """The C as it is compiled: other plans have probes of such names."""
    try:
        text = make_source(job, find_ways(job))
    except OpensnoopError:
        return job.source
    return c_text.compiled(text, job.source)


def find_ways(job: Job) -> Ways:
    """The ways that the plan sees, too; tracefs must be mounted."""
    if not job.plan.runs_bpf_src:
        return NO_WAYS
    return ways.find(
        job.options.selection.all, job.functions, job.options.probe.trusted
    )


def calls_of(job: Job) -> list[str]:
    """The syscalls that the plan sees."""
    calls = open_calls.traced() or list(OPEN_CALLS)
    if job.functions:
        calls = [
            call
            for call in OPEN_CALLS
            if f"{call.upper()}_FUNCTION" in job.functions
        ]
    needs = () if kernel_headers.has_structs() else (_NEEDS_STRUCTS,)
    return [call for call in calls if call not in needs]
