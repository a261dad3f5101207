# SPDX-License-Identifier: Apache-2.0
"""kernel_lockdown(7): one of its modes forbids tracing."""

from __future__ import annotations

UNLOCK = "boot without lockdown=confidentiality"
LOCKED_DOWN = (
    "the kernel is locked down (confidentiality), which forbids tracing: "
    + UNLOCK
)


def forbids_tracing() -> bool:
    """The stronger mode forbids perf, kprobes, tracefs."""
    return mode() == "confidentiality"


def mode() -> str:
    """none, integrity, confidentiality, or "" where the kernel has none.

    From securityfs; where that isn't mounted, as the kernel was booted.
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
