# SPDX-License-Identifier: Apache-2.0
"""The processes, threads and users of -p, -t, -u and --mntns.

They must be there: with a mistyped number, a trace would show nothing.
"""

from __future__ import annotations

import os
import pwd
import re
from typing import List, Sequence, Tuple, Union

from opensnooplib.base.errors import OpensnoopError, UsageError
from opensnooplib.kernel import this_kernel


def _status(task: Union[int, str], key: str) -> List[str]:
    """What proc_pid_status(5) says of a task; empty if it isn't there."""
    for line in this_kernel.task_status(task):
        if line.startswith(f"{key}:"):
            return line.split()[1:]
    return []


def check_process(pid: int) -> None:
    """Raise UsageError if this isn't a process, seen from here."""
    tgid = _status(pid, "Tgid")
    if not tgid:
        raise UsageError(f"-p {pid}: no such process")
    if tgid != [str(pid)]:
        raise UsageError(
            f"-p {pid}: this is a thread of process {tgid[0]}; use -t {pid}, "
            f"or -p {tgid[0]} for the whole process"
        )
    # NSpid has a number for each nested PID namespace.
    depth = len(_status("self", "NSpid"))
    if this_kernel.pid_namespace() and len(_status(pid, "NSpid")) != depth:
        raise UsageError(
            f"-p {pid}: this process is in a nested PID namespace, which "
            "can't be selected from inside this one: run on the host"
        )


def check_thread(tid: int) -> None:
    """Raise UsageError if there is no such thread."""
    if not _status(tid, "Tgid"):
        raise UsageError(f"-t {tid}: no such thread")


def check_user(uid: int) -> None:
    """Raise UsageError if no process can have this user ID."""
    # Inside a container, the host's users are unknown.
    if this_kernel.pid_namespace() or _has_name(uid) or _is_lent(uid):
        return
    for name in os.listdir("/proc"):
        if name.isdigit() and _status(name, "Uid")[:1] == [str(uid)]:
            return
    raise UsageError(
        f"-u {uid}: no user has this ID, and no process runs with it: "
        "id -u NAME and ps -eo uid,comm show IDs"
    )


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def _is_lent(uid: int) -> bool:
    """Is this ID given to a user's containers by /etc/subuid, subuid(5)?"""
    try:
        with open("/etc/subuid", encoding="utf-8", errors="replace") as file:
            ranges = re.findall(r":([0-9]+):([0-9]+)$", file.read(), re.M)
    except OSError:
        return False
    return any(
        int(first) <= uid < int(first) + int(count) for first, count in ranges
    )


def mount_namespaces(pids: Sequence[int]) -> Tuple[int, ...]:
    """The inode numbers of these processes' mount namespaces, for --mntns.

    Raises OpensnoopError.
    """
    return tuple(dict.fromkeys(map(_mount_namespace, pids)))


def _mount_namespace(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}/ns/mnt").st_ino
    except PermissionError:
        raise OpensnoopError(
            f"--mntns {pid}: cannot read the namespaces of this process: run "
            "as root, on the host"
        ) from None
    except OSError:
        raise UsageError(f"--mntns {pid}: no such process") from None
