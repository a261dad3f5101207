# SPDX-License-Identifier: Apache-2.0
"""Calls of libc that Python doesn't offer, or not before 3.12."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Optional

_libc = ctypes.CDLL(None, use_errno=True)

# Flags of <linux/sched.h> and <linux/mount.h>.
CLONE_NEWNS = 0x00020000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18

# openat2(2), since Linux 5.6; its number is the same on all machines.
_SYS_OPENAT2 = 437
_AT_FDCWD = -100
_RESOLVE_NO_SYMLINKS = 4


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError."""
    _check(_libc.unshare(flags))


def mount(
    source: str, target: str, filesystem: Optional[str], flags: int = 0
) -> None:
    """mount(2), without data. Raises OSError."""
    _check(
        _libc.mount(
            os.fsencode(source),
            os.fsencode(target),
            filesystem.encode() if filesystem else None,
            ctypes.c_ulong(flags),
            None,
        )
    )


def own_mounts(folder: str) -> None:
    """Put this process into a mount namespace of its own. Raises OSError.

    What is mounted below `folder`, a mount point, from then on is seen by no
    other process.
    """
    unshare(CLONE_NEWNS)
    mount("none", folder, None, MS_REC | MS_PRIVATE)


def umount(target: str) -> None:
    """umount(2). Raises OSError."""
    _check(_libc.umount(os.fsencode(target)))


def open_without_links(path: str, flags: int, mode: int = 0) -> int:
    """Open a path that contains no symbolic link, by openat2(2).

    `flags` and `mode` are those of open(2). Returns a descriptor. Raises
    OSError: ELOOP if the path contains a link.
    """
    how = struct.pack("QQQ", flags, mode, _RESOLVE_NO_SYMLINKS)
    return _check(
        _libc.syscall(
            ctypes.c_long(_SYS_OPENAT2),
            ctypes.c_long(_AT_FDCWD),
            os.fsencode(path),
            how,
            ctypes.c_size_t(len(how)),
        )
    )


def give_back_memory() -> None:
    """Return free memory to the kernel: malloc_trim(3) of the GNU libc."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
