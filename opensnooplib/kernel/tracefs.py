# SPDX-License-Identifier: Apache-2.0
"""tracefs: where the kernel describes its tracepoints.

BCC reads a tracepoint's number and format there. Many hosts don't mount it, so
the compile room mounts it in a mount namespace of its own, which ends with the
room.
"""

from __future__ import annotations

import errno
import os
import re
from typing import NamedTuple

from opensnooplib.base import libc
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import this_kernel

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


def _read(path: str) -> str:
    """The text of a file in tracefs; "" if it isn't there."""
    texts = (this_kernel.text_of(f"{folder}/{path}") for folder in FOLDERS)
    return next(filter(None, texts), "")


def tracepoints() -> set[str]:
    """All tracepoints, for example "syscalls:sys_enter_openat"."""
    return set(_read("available_events").split())


def has(category: str, event: str = "") -> bool:
    """Does the kernel have this tracepoint? It is quicker than to read it."""
    paths = (f"{one}/events/{category}/{event}/format" for one in FOLDERS)
    return any(map(os.path.exists, paths))


def description(category: str, event: str) -> str:
    """The kernel's description of a tracepoint; "" if it doesn't have it."""
    return _read(f"events/{category}/{event}/format")


def number(category: str, event: str) -> int:
    """The tracepoint's number, for perf_event_open(2). Raises OSError."""
    text = _read(f"events/{category}/{event}/id")
    if not text:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return int(text)


class Field(NamedTuple):
    """A field of a tracepoint."""

    type: str  # as the kernel's C has it
    size: int  # bytes, of one element if it is an array
    is_signed: bool


_FIELD = re.compile(
    r"field:([^;]*?)\s*(\w+)(?:\[([^]]*)\])?;"
    r"\s*offset:\d+;\s*size:(\d+);\s*signed:(\d);"
)


def fields(category: str, event: str) -> dict[str, Field]:
    """A tracepoint's fields by name; none if the kernel lacks it."""
    found = {}
    text = description(category, event)
    for type_, name, count, size, signed in _FIELD.findall(text):
        elements = int(count) if count.isdigit() else 1
        size_of_one = int(size) // max(elements, 1)
        found[name] = Field(type_, size_of_one, signed == "1")
    return found
