# SPDX-License-Identifier: Apache-2.0
"""kernel_lockdown(7): one of its modes forbids tracing."""

from __future__ import annotations

import re

from opensnooplib.kernel import this_kernel

UNLOCK = "boot without lockdown=confidentiality"
LOCKED_DOWN = (
    "the kernel is locked down (confidentiality), which forbids tracing: "
    + UNLOCK
)


def forbids_tracing() -> bool:
    """Is it on in its stronger mode, without perf, kprobes and tracefs?"""
    return mode() == "confidentiality"


def mode() -> str:
    """The mode: none, integrity, confidentiality, or "" without lockdown.

    It is read from securityfs or, if that isn't mounted, from the kernel's
    command line.
    """
    modes = this_kernel.text_of("/sys/kernel/security/lockdown")
    if modes:
        return modes.partition("[")[2].partition("]")[0]
    command_line = this_kernel.text_of("/proc/cmdline")
    found = re.search(r"(?<!\S)lockdown=(\w+)", command_line)
    return found[1] if found else ""
