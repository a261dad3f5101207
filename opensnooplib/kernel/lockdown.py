# SPDX-License-Identifier: Apache-2.0
"""kernel_lockdown(7): one of its modes forbids tracing."""

from __future__ import annotations

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
    try:
        with open("/sys/kernel/security/lockdown", encoding="ascii") as file:
            return file.read().partition("[")[2].partition("]")[0]
    except OSError:
        pass
    with open("/proc/cmdline", encoding="ascii", errors="replace") as file:
        for word in file.read().split():
            if word.startswith("lockdown="):
                return word.partition("=")[2]
    return ""
