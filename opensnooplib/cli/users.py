# SPDX-License-Identifier: Apache-2.0
"""The users of -u, given by name or by ID."""

from __future__ import annotations

import os
import pwd
from typing import Iterator, Optional, Tuple

from opensnooplib.base.errors import UsageError
from opensnooplib.kernel import this_kernel
from opensnooplib.cli import values

# (uid_t)-1 means "no user": see setreuid(2).
_NO_USER = 2**32 - 1


def uids(words: Optional[str], live: bool = True) -> Tuple[int, ...]:
    """The IDs of the users in `words`, a comma-separated list.

    `live`: they must exist now. Raises UsageError for a user who doesn't.
    """
    if words is None:
        return ()
    every = values.each_of("-u", words, "users")
    return tuple(dict.fromkeys(_uid(word, live) for word in every))


def _uid(word: str, live: bool) -> int:
    if not (word.isascii() and word.isdigit()):
        try:
            return pwd.getpwnam(word).pw_uid
        except (KeyError, ValueError):
            raise UsageError(f"-u {word}: no such user") from None
    if len(word) > 18 or int(word) >= _NO_USER:
        raise UsageError(f"-u {word}: user IDs are below {_NO_USER}")
    if live and not _may_exist(int(word)):
        raise UsageError(
            f"-u {word}: no user has this ID, and no process runs with it: "
            "id -u NAME and ps -eo uid,comm show IDs"
        )
    return int(word)


def _may_exist(uid: int) -> bool:
    """Can a process have this user ID? Containers use IDs without a name."""
    try:
        pwd.getpwuid(uid)
        return True
    except KeyError:
        pass
    # Inside a container, the host's users are unknown.
    if this_kernel.pid_namespace() is not None:
        return True
    return _is_lent(uid) or uid in _uids_of_processes()


def _is_lent(uid: int) -> bool:
    """Is this ID given to a user's containers by /etc/subuid, subuid(5)?"""
    try:
        with open("/etc/subuid", encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return False
    for line in lines:
        _, _, numbers = line.partition(":")
        first, _, count = numbers.partition(":")
        if first.isdigit() and count.isdigit():
            if int(first) <= uid < int(first) + int(count):
                return True
    return False


def _uids_of_processes() -> Iterator[int]:
    """The real user ID of each process: proc_pid_status(5)."""
    for name in os.listdir("/proc"):
        for line in this_kernel.task_status(name) if name.isdigit() else ():
            if line.startswith("Uid:"):
                yield int(line.split()[1])
