# SPDX-License-Identifier: Apache-2.0
"""Calls of libc and of the kernel that Python doesn't offer.

Or not before 3.12.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import gc
import os
import signal
import struct
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)

# Flags of <linux/sched.h> and <linux/mount.h>.
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18

_PR_SET_PDEATHSIG = 1  # of <linux/prctl.h>
_PR_SET_CHILD_SUBREAPER = 36
_LAST_FD = (1 << 32) - 1

AT_FDCWD = -100
_RESOLVE_NO_SYMLINKS = 4

# The numbers of syscalls on x86-64, and on newer machines, such as arm64: see
# arch/x86/entry/syscalls/syscall_64.tbl and scripts/syscall.tbl. None: these
# don't have the call.
_NUMBERS = {
    "open": (2, None),
    "execve": (59, 221),
    "creat": (85, None),
    "acct": (163, 89),
    "mount": (165, 40),
    "openat": (257, 56),
    "perf_event_open": (298, 241),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "close_range": (436, 436),
    "openat2": (437, 437),
}
_IS_NEWER = os.uname().machine != "x86_64"


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(name: str, *arguments: Any) -> int:
    """Make a syscall of _NUMBERS, which libc doesn't wrap or would change.

    Arguments are numbers, bytes, and arrays of ctypes. Raises OSError:
    EOPNOTSUPP if the machine has no such call.
    """
    number = _NUMBERS[name][_IS_NEWER]
    if number is None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
    words = [
        ctypes.c_long(one) if isinstance(one, int) else one
        for one in (number, *arguments)
    ]
    return _check(_libc.syscall(*words))


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError."""
    _check(_libc.unshare(flags))


def mount(
    source: str, target: str, filesystem: str | None, flags: int = 0
) -> None:
    """mount(2), without data. Raises OSError."""
    names = os.fsencode(source), os.fsencode(target)
    kind = filesystem.encode() if filesystem else None
    syscall("mount", *names, kind, flags, None)


@functools.lru_cache(maxsize=1)
def _own_mount_namespace(_pid: int) -> None:
    """Make it once for each process: a copy of all mounts takes 0.4 ms."""
    unshare(CLONE_NEWNS)


def own_mounts(folder: str) -> None:
    """Put this process into a mount namespace of its own. Raises OSError.

    What is mounted below `folder`, a mount point, from then on is seen by no
    other process.
    """
    _own_mount_namespace(os.getpid())
    mount("none", folder, None, MS_REC | MS_PRIVATE)


def end_with(parent: int) -> None:
    """Let the kernel kill this process when its parent ends.

    That is by SIGKILL, and so at once, even if this process is stopped.
    """
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL))
    if os.getppid() not in (parent, 0):  # 0: it is in another PID namespace
        os._exit(1)  # it ended before


def adopt_orphans() -> None:
    """Be the parent of descendants whose own has ended. Raises OSError."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1))


def close_all_but(*kept: int) -> None:
    """Close all descriptors of a child but these. Raises OSError.

    What it shares with its parent stays in use while either has it open: a
    program stays attached, for example.
    """
    gc.freeze()  # no object of the parent's closes a descriptor later
    first = 0
    for fd in (*sorted(kept), _LAST_FD):
        if first < fd:
            syscall("close_range", first, fd - 1, 0)
        first = fd + 1


def hang_up(fd: int) -> None:
    """Close a descriptor.

    If it is a connection to a process that cleans up after it (see
    kernel/tc_filter.py), wait until that has closed it, too.
    """
    if _libc.shutdown(fd, 1) == 0:  # SHUT_WR of <sys/socket.h>
        os.read(fd, 1)
    os.close(fd)


def umount(target: str) -> None:
    """umount(2). Raises OSError."""
    _check(_libc.umount(os.fsencode(target)))


def open_without_links(path: str, flags: int, mode: int = 0) -> int:
    """Open a path that contains no symbolic link, by openat2(2).

    `flags` and `mode` are those of open(2). Returns a descriptor. Raises
    OSError: ELOOP if the path contains a link.
    """
    how = struct.pack("QQQ", flags, mode, _RESOLVE_NO_SYMLINKS)
    return syscall("openat2", AT_FDCWD, os.fsencode(path), how, len(how))


def open_at_once(path: str, flags: int) -> int:
    """Open without waiting, as open(2) of a FIFO would: an opener of open().

    Returns a descriptor. Raises OSError.
    """
    return os.open(path, flags | os.O_NONBLOCK)


def give_back_memory() -> None:
    """Return free memory to the kernel: malloc_trim(3) of the GNU libc."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
