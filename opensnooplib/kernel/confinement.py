# SPDX-License-Identifier: Apache-2.0
"""Privileges are given up for good, before what strangers wrote is read."""

from __future__ import annotations

import ctypes
import functools
import os

from opensnooplib.base import native_library
from opensnooplib.base.messages import Messages
from opensnooplib.kernel import capabilities

# User IDs that a host gives to nobody, by default: those of containers and of
# directory services (SSSD, FreeIPA) are lower, what systemd takes for foreign
# images is higher. There are 147 million, so one drawn at random is free.
_FREE_USERS = range(2000200001, 2147352576)

# So many in a row: the trace has the first; the monitor, which draws its own,
# gives the others to helpers.
_USERS = 3

# enum confined of native/base/confine.h, in words.
_WORDS = [(1, "user ID"), (2, "capabilities"), (4, "system calls")]


@functools.lru_cache(maxsize=1)
def free_users() -> int:
    """The first of some user IDs that no process has; 0: none may be taken.

    Another process of the same user could send signals to one of the tool's.
    """
    if not capabilities.has("CAP_SETUID"):
        return 0
    number = int.from_bytes(os.urandom(4), "little")
    return _FREE_USERS[number % (len(_FREE_USERS) - _USERS)]


def confine_reader() -> int:
    """Confine this process, which has opened all that it needs.

    From then on, no file can be opened, no module imported and no process
    started. Returns what was given up, for in_words().
    """
    return int(native_library.load().confine_reader(free_users()))


def confine_watcher() -> None:
    """Leave this process the right to read any file, and no other right.

    Its user stays: a file system in user space may admit no other.
    """
    read_any_file = 1 << capabilities.CAPABILITIES["CAP_DAC_READ_SEARCH"]
    native_library.load().confine_watcher(ctypes.c_uint64(read_any_file))


def in_words(confined: int) -> tuple[str, str]:
    """What was given up, and what the host does not let a trace give up."""
    is_root = os.geteuid() == 0  # or still, without CAP_SETUID
    wanted = _WORDS if free_users() or is_root else _WORDS[1:]
    done = [word for bit, word in wanted if confined & bit]
    kept = [word for bit, word in wanted if not confined & bit]
    return ", ".join(done) or "none", " and ".join(kept)


def drop_privileges(messages: Messages) -> None:
    """Confine this process, and say so."""
    done, kept = in_words(confine_reader())
    messages.detail(f"privileges dropped: {done}")
    if kept:
        messages.note(
            "this host does not let the process that reads records drop its "
            f"{kept}"
        )
