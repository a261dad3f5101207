# SPDX-License-Identifier: Apache-2.0
"""The file of -o or --record, which root writes to.

The file may be in a directory that other users can write to. They must not be
able to choose, by a link, what is overwritten, nor own what rows are written
to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat

from opensnooplib.base import libc
from opensnooplib.base.errors import OpensnoopError

# Flags of open(2). O_NONBLOCK: a FIFO without a reader is refused, not waited
# for. O_APPEND: the file gets no hole if another program truncates it or
# writes to it, too.
_FLAGS = os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,9})")


def open_for_writing(option: str, path: str, access: int = os.O_WRONLY) -> int:
    """The descriptor of a file, FIFO or device, which isn't truncated yet.

    /dev/stdout and the like are the descriptors that the tool was given, as in
    a shell. A file is locked until this process ends, or closes any descriptor
    of it; children don't inherit the lock. A new file belongs to the user who
    called sudo. Raises OpensnoopError.
    """
    try:
        given = _given(path)
        return _open(path, access | _FLAGS) if given is None else given
    except OSError as error:
        why = f"cannot write: {error.strerror}"
        if error.errno == errno.ELOOP:
            real = os.path.realpath(path)
            why = f"the path contains a symbolic link; write {real} instead"
        elif error.errno == errno.ENXIO:
            why = "no process reads from this FIFO; start the reader first"
        elif error.errno == errno.EAGAIN:
            why = "another trace writes to it, or a program has locked it"
        raise OpensnoopError(f"{option} {path}: {why}") from None
    except _Refused as refused:
        raise OpensnoopError(
            f"{option} {path}: {refused}; choose another file"
        ) from None


class _Refused(Exception):
    """Why a file is refused, in words."""


def was_given(fd: int) -> bool:
    """Was the tool given this descriptor? Its own are not inheritable."""
    return os.get_inheritable(fd)


def empty(fd: int) -> None:
    """Truncate a file, if the tool has opened it itself."""
    if not was_given(fd) and stat.S_ISREG(os.fstat(fd).st_mode):
        os.ftruncate(fd, 0)


def _given(path: str) -> int | None:
    number = {"/dev/stdout": 1, "/dev/stderr": 2}.get(path)
    found = _DESCRIPTOR.fullmatch(path)
    if found:
        number = int(found[1])
    if number is not None and not was_given(number):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return number


def _open(path: str, flags: int) -> int:
    """Open or create a file. Raises OSError and _Refused."""
    try:
        fd = libc.open_without_links(
            path, flags | os.O_CREAT | os.O_EXCL, 0o600
        )
        with contextlib.suppress(OSError, OverflowError):  # FAT has no owners
            os.fchown(fd, _sudo_id("SUDO_UID"), _sudo_id("SUDO_GID"))
    except FileExistsError:
        fd = libc.open_without_links(path, flags)
        _check(os.fstat(fd))
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode):
        os.lockf(fd, os.F_TLOCK, 0)
        os.ftruncate(fd, status.st_size)  # fails if chattr +a forbids it
    os.set_blocking(fd, True)
    return fd


def _check(status: os.stat_result) -> None:
    """Check a file that existed before. Raises _Refused."""
    mode = status.st_mode
    if stat.S_ISCHR(mode):  # a terminal, /dev/null
        return
    if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
        raise _Refused("not a file, pipe or terminal")
    # A hard link to a file of root's or of the caller's can be another user's.
    if stat.S_ISREG(mode) and status.st_nlink != 1:
        raise _Refused("the file has other names (hard links)")
    ours = (0, os.getuid(), os.geteuid(), _sudo_id("SUDO_UID"))
    if status.st_uid not in ours:
        raise _Refused("the file belongs to another user")


def _sudo_id(variable: str) -> int:
    """The ID of the user or group that called sudo; -1 if there is none."""
    word = os.environ.get(variable, "")
    return int(word) if re.fullmatch("[0-9]{1,10}", word) else -1
