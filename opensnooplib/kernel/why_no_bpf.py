# SPDX-License-Identifier: Apache-2.0
"""Why the kernel refuses BPF or perf events, and what to do about it."""

from __future__ import annotations

import errno
import os
import resource

from opensnooplib.kernel import (
    capabilities,
    limits,
    lockdown,
    ran_out,
    this_kernel,
)


def sentence(error: int) -> str:
    """The message for an errno of bpf(2), perf_event_open(2) or a Reader."""
    if error == errno.ENOSYS:
        return (
            f"this kernel ({this_kernel.release()}) has no BPF: it needs "
            "CONFIG_BPF_SYSCALL and CONFIG_PERF_EVENTS"
        )
    if error in ran_out.ERRNOS:
        return ran_out.sentence(error)
    if error not in (errno.EPERM, errno.EACCES):
        return f"the kernel refuses BPF or perf events: {os.strerror(error)}"
    if not capabilities.may_trace():
        return (
            "tracing needs root, or the capabilities CAP_BPF, CAP_PERFMON and "
            "CAP_DAC_READ_SEARCH with tracefs mounted: try sudo opensnoop"
        )
    if lockdown.forbids_tracing():
        return lockdown.LOCKED_DOWN
    paranoid = this_kernel.perf_event_paranoid()
    if paranoid > 2 and not capabilities.has("CAP_SYS_ADMIN"):
        return (
            "this kernel allows perf events only with CAP_SYS_ADMIN "
            f"(kernel.perf_event_paranoid is {paranoid}): run as root, or, as "
            "root, run sysctl kernel.perf_event_paranoid=2"
        )
    locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if (
        this_kernel.version() < limits.BPF_IS_NOT_LOCKED
        and locked != resource.RLIM_INFINITY
    ):
        return (
            "before Linux 5.11, programs and maps are locked memory, of which "
            f"this user may have {locked >> 10} KiB (ulimit -l): run as root, "
            "or with ulimit -l unlimited"
        )
    return (
        "the kernel refuses BPF although this process may trace: a container "
        "or a security module (seccomp, SELinux, AppArmor) forbids it; run "
        "opensnoop on the host, or the container with --privileged"
    )
