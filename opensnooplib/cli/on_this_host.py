# SPDX-License-Identifier: Apache-2.0
"""What must be on this host: /proc, and the processes of -p, -t and --mntns.

With a mistyped number, a trace would show nothing.
"""

from __future__ import annotations

import os

from opensnooplib.base.errors import OpensnoopError, UsageError
from opensnooplib.kernel import this_kernel


def check_mounts() -> None:
    """Raise OpensnoopError without /proc or /sys, which all else reads."""
    for filesystem, path, witness in (
        ("proc", "/proc", "/proc/self/status"),
        ("sysfs", "/sys", this_kernel.CPUS),
    ):
        if not os.path.exists(witness):
            raise OpensnoopError(
                f"{path} is not mounted: as root, mount -t {filesystem} none "
                + path
            )


def check_process(pid: int) -> None:
    """Raise UsageError if this isn't a process, seen from here."""
    process = this_kernel.task_status(pid, "Tgid")
    if not process:
        raise UsageError(f"-p {pid}: no such process")
    if process != str(pid):
        raise UsageError(
            f"-p {pid}: this is a thread of process {process}; use -t {pid}, "
            f"or -p {process} for the whole process"
        )


def check_thread(tid: int | None) -> None:
    """Raise UsageError if there is no such thread."""
    if tid is not None and not this_kernel.task_status(tid, "Tgid"):
        raise UsageError(f"-t {tid}: no such thread")


def mount_namespace(pid: int) -> int:
    """The inode number of a process's mount namespace, for --mntns.

    Raises UsageError.
    """
    try:
        return os.stat(f"/proc/{pid}/ns/mnt").st_ino
    except PermissionError:
        how = "as root" if os.geteuid() else "on the host, not in a container"
        raise UsageError(
            f"--mntns {pid}: this user may not look at that process: run {how}"
        ) from None
    except OSError:
        raise UsageError(f"--mntns {pid}: no such process") from None
