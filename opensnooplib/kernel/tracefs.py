# SPDX-License-Identifier: Apache-2.0
"""tracefs: where the kernel describes its tracepoints.

BCC reads a tracepoint's number and format there. Many hosts don't mount it, so
the compile room mounts it in a mount namespace of its own, which ends with the
room.
"""

from __future__ import annotations

import os
import re
from typing import List

from opensnooplib.base import libc
from opensnooplib.base.errors import OpensnoopError

# The mount points, as in the kernel's documentation (trace/ftrace.rst). BCC
# looks below DEBUGFS first, and BCC 0.18 only there.
TRACEFS = "/sys/kernel/tracing"
DEBUGFS = "/sys/kernel/debug"
FOLDERS = (DEBUGFS + "/tracing", TRACEFS)


def is_mounted(folder: str) -> bool:
    return os.path.isdir(f"{folder}/events")


def mount_for_this_process() -> None:
    """Mount tracefs where BCC looks for it, if it isn't mounted there.

    The process is then in a mount namespace of its own. Raises OpensnoopError
    if tracefs can't be mounted.
    """
    if all(is_mounted(folder) for folder in FOLDERS):
        return
    try:
        # Not "/", which isn't a mount point in a plain chroot.
        libc.own_mounts("/sys")
        if not is_mounted(TRACEFS):
            libc.mount("tracefs", TRACEFS, "tracefs")
    except OSError as error:
        if any(is_mounted(folder) for folder in FOLDERS):
            return
        raise OpensnoopError(
            "tracefs is not mounted and cannot be mounted "
            f"({error.strerror}): as root, mount -t tracefs tracefs {TRACEFS}"
        ) from None
    try:
        libc.mount("debugfs", DEBUGFS, "debugfs")
    except OSError:
        pass  # Only BCC 0.18 needs it.


def description(category: str, event: str) -> str:
    """The kernel's description of a tracepoint; "" if it doesn't have it."""
    for folder in FOLDERS:
        path = f"{folder}/events/{category}/{event}/format"
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                return file.read()
        except OSError:
            continue
    return ""


def fields(category: str, event: str) -> List[str]:
    """The names of a tracepoint's fields; none if the kernel lacks it."""
    return re.findall(
        r"field:[^;]*?(\w+)(?:\[\d*\])?;", description(category, event)
    )
