# SPDX-License-Identifier: Apache-2.0
"""Why the kernel says no, in one sentence that says what to do."""

from __future__ import annotations

import errno
import os

from opensnooplib.kernel import this_kernel, limits

# Bits of capabilities(7).
CAPABILITIES = {
    "CAP_DAC_READ_SEARCH": 2,
    "CAP_IPC_LOCK": 14,
    "CAP_SYS_ADMIN": 21,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
}


def effective_capabilities() -> int:
    """The bit set CapEff of proc_pid_status(5)."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    return 0


def has_capability(name: str) -> bool:
    return bool(effective_capabilities() >> CAPABILITIES[name] & 1)


def may_trace() -> bool:
    """CAP_SYS_ADMIN, or since Linux 5.8 CAP_BPF and CAP_PERFMON."""
    return has_capability("CAP_SYS_ADMIN") or (
        has_capability("CAP_BPF") and has_capability("CAP_PERFMON")
    )


UNLOCK = "boot without lockdown=confidentiality"
LOCKED_DOWN = (
    "the kernel is locked down (confidentiality), which forbids tracing: "
    + UNLOCK
)


def is_locked_down() -> bool:
    """kernel_lockdown(7): the stronger mode forbids perf, kprobes, tracefs."""
    return this_kernel.lockdown() == "confidentiality"


def why_no_bpf(error: int) -> str:
    """`error` is the errno of bpf(2), perf_event_open(2) or a Reader."""
    if error == errno.ENOSYS:
        return (
            f"this kernel ({this_kernel.release()}) has no BPF: it needs "
            "CONFIG_BPF_SYSCALL and CONFIG_PERF_EVENTS"
        )
    if error in limits.ERRNOS:
        return limits.sentence(error)
    if error not in (errno.EPERM, errno.EACCES):
        return f"the kernel refuses: {os.strerror(error)}"
    if not may_trace():
        return (
            "tracing needs root, or the capabilities CAP_BPF, CAP_PERFMON and "
            "CAP_DAC_READ_SEARCH with tracefs mounted: try sudo opensnoop"
        )
    if is_locked_down():
        return LOCKED_DOWN
    paranoid = this_kernel.perf_event_paranoid()
    if paranoid > 2 and not has_capability("CAP_SYS_ADMIN"):
        return (
            "this kernel opens perf events for CAP_SYS_ADMIN alone "
            f"(kernel.perf_event_paranoid is {paranoid}): run as root, or, as "
            "root, sysctl kernel.perf_event_paranoid=2"
        )
    return (
        "the kernel refuses BPF although this process may trace: a container "
        "or a security module (seccomp, SELinux, AppArmor) forbids it; run "
        "it on the host, or with --privileged"
    )
