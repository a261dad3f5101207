# SPDX-License-Identifier: Apache-2.0
"""The file that -o or --record names, which root writes to.

The name may lie where other users can write. They must not choose what is
overwritten, by a link, nor own what the rows go to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from typing import Optional

from opensnooplib.base import libc
from opensnooplib.base.errors import OpensnoopError

# O_NONBLOCK: a FIFO that nobody reads is refused, not waited for. O_APPEND:
# there is no hole where somebody empties the file, or writes there as well.
_FLAGS = os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,9})")


def open_for_writing(option: str, path: str, access: int = os.O_WRONLY) -> int:
    """The descriptor of a file, FIFO or device; nothing is emptied yet.

    /dev/stdout and the like are the descriptor that the tool was given, as in
    a shell. A file is locked until this process ends, but not by its children.
    A new one is the user's who called sudo. Raises OpensnoopError.
    """
    try:
        given = _given(path)
        return _open(path, access | _FLAGS) if given is None else given
    except OSError as error:
        why = f"cannot write there: {error.strerror}"
        if error.errno == errno.ELOOP:
            real = os.path.realpath(path)
            why = f"has a symbolic link in its path; name {real} itself"
        elif error.errno == errno.ENXIO:
            why = "nobody reads there; start the reader first"
        elif error.errno == errno.EAGAIN:
            why = "another trace writes there, or a program has locked it"
        raise OpensnoopError(f"{option} {path}: {why}") from None
    except _Refused as refused:
        raise OpensnoopError(
            f"{option} {path}: {refused}; choose another name"
        ) from None


class _Refused(Exception):
    """What is wrong with the file, in words."""


def was_given(fd: int) -> bool:
    """By who started the tool: what it opens itself, no child inherits."""
    return os.get_inheritable(fd)


def empty(fd: int) -> None:
    """If it is a file that the tool has opened itself."""
    if not was_given(fd) and stat.S_ISREG(os.fstat(fd).st_mode):
        os.ftruncate(fd, 0)


def _given(path: str) -> Optional[int]:
    number = {"/dev/stdout": 1, "/dev/stderr": 2}.get(path)
    found = _DESCRIPTOR.fullmatch(path)
    if found:
        number = int(found[1])
    if number is not None and not was_given(number):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return number


def _open(path: str, flags: int) -> int:
    """Raises OSError and _Refused."""
    try:
        fd = libc.open_without_links(
            path, flags | os.O_CREAT | os.O_EXCL, 0o600
        )
        with contextlib.suppress(OSError, OverflowError):  # FAT has no users
            os.fchown(fd, _sudo_id("SUDO_UID"), _sudo_id("SUDO_GID"))
    except FileExistsError:
        fd = libc.open_without_links(path, flags)
        _check(os.fstat(fd))
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode):
        os.lockf(fd, os.F_TLOCK, 0)
        os.ftruncate(fd, status.st_size)  # fails where chattr +a forbids it
    os.set_blocking(fd, True)
    return fd


def _check(status: os.stat_result) -> None:
    """What was there before. Raises _Refused."""
    mode = status.st_mode
    if stat.S_ISCHR(mode):  # a terminal, /dev/null
        return
    if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
        raise _Refused("is no file, pipe or terminal")
    # Of root's or one's own files, another user can make a hard link.
    if stat.S_ISREG(mode) and status.st_nlink != 1:
        raise _Refused("the file has other names too (hard links)")
    ours = (0, os.getuid(), os.geteuid(), _sudo_id("SUDO_UID"))
    if status.st_uid not in ours:
        raise _Refused("belongs to another user")


def _sudo_id(variable: str) -> int:
    """Of who called sudo; -1: there is no such user."""
    word = os.environ.get(variable, "")
    return int(word) if re.fullmatch("[0-9]{1,10}", word) else -1
