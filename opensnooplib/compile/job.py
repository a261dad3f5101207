# SPDX-License-Identifier: Apache-2.0
"""The job of a compile room: what it is to compile and attach."""

from __future__ import annotations

from typing import Container, Mapping, NamedTuple

from opensnooplib.kernel import offered_hooks
from opensnooplib.options import Options
from opensnooplib.plan_list import Plan
from opensnooplib.source.c_text import Source


class Job(NamedTuple):
    options: Options
    source: Source
    plan: Plan
    functions: Mapping[str, str]  # of the kernel, see function_names.py
    tool_pid: int
    folder: str  # for headers, if none can be mounted: headers_folder.py
    # With --live: the programs for which the running trace has slots.
    have_slots: Container[str] | None = None
    # With which lines of bpf_trace_printk() begin, in hex digits; "": those of
    # this job aren't shown.
    printk_tag: str = ""

    @property
    def sees_begin(self) -> bool:
        """Do the tool's programs see opens begin?"""
        return self.plan.sees_begin(self.options)

    @property
    def links_kprobes(self) -> bool:
        """Do kprobes attach by links?

        Those of --source don't: a link may not suit their targets.
        """
        return self.plan.hook == "kprobe" and offered_hooks.has_kprobe_multi()
