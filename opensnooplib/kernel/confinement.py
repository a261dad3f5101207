# SPDX-License-Identifier: Apache-2.0
"""Privileges are given up for good, before what strangers wrote is read."""

from __future__ import annotations

import ctypes
import functools
import os
from typing import Set

from opensnooplib.base import native_library
from opensnooplib.base.messages import Messages
from opensnooplib.kernel import capabilities

# User IDs that no host gives to anybody: see UIDS-GIDS of systemd's
# documentation.
_FREE_USERS = range(1879048192, 2147352576)

# So many processes of a trace get one each, from free_users() on.
TRACE, WATCHER, _USERS = 0, 3, 4

# enum confined of native/base/confine.h
_USER, _CAPABILITIES, _SYSCALLS = 1, 2, 4


@functools.lru_cache(maxsize=1)
def free_users() -> int:
    """The first of some user IDs that no process has; 0: none may be taken.

    Another process of the same user could send signals to one of the tool's.
    """
    if not capabilities.has("CAP_SETUID"):
        return 0
    taken = _users_of_processes()
    while True:
        number = int.from_bytes(os.urandom(4), "little")
        user = _FREE_USERS[number % (len(_FREE_USERS) - _USERS)]
        if taken.isdisjoint(range(user, user + _USERS)):
            return user


def _users_of_processes() -> Set[int]:
    users = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                users.add(entry.stat().st_uid)
            except OSError:
                pass  # it has ended
    return users


def confine_reader(messages: Messages) -> None:
    """Confine this process, which has opened all that it needs.

    From then on, no file can be opened, no module imported and no process
    started: reader_confine() of native/pipeline/reader.h.
    """
    user = free_users()
    confined = native_library.load().reader_confine(user)
    steps = [
        (f"user {user}", "user ID", not user or confined & _USER),
        ("no capabilities", "capabilities", confined & _CAPABILITIES),
        ("few system calls", "system calls", confined & _SYSCALLS),
    ]
    done = ", ".join(one for one, _, is_done in steps[not user :] if is_done)
    kept = " and ".join(one for _, one, is_done in steps if not is_done)
    messages.detail(f"privileges dropped: {done or 'none'}")
    if kept:
        messages.note(
            "this host does not let the process that reads records drop its "
            f"{kept}"
        )


def confine_watcher() -> None:
    """Leave this process the right to read any file, and no other right."""
    user = free_users() and free_users() + WATCHER
    kept = 1 << capabilities.CAPABILITIES["CAP_DAC_READ_SEARCH"]
    native_library.load().confine(user, ctypes.c_uint64(kept), None, 0)
