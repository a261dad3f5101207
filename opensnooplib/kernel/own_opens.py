# SPDX-License-Identifier: Apache-2.0
"""Test opens: opens by the tool itself, to check that they are shown.

The monitor makes them, as the trace may no longer open anything. It chooses
the path, since the trace may be an attacker's by then: nobody can have put a
file there.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from typing import Callable, Sequence

from opensnooplib.base import native_library
from opensnooplib.base.libc import AT_FDCWD, syscall
from opensnooplib.base.privileged import FUNCTIONS, do


def make_all(calls: Sequence[str], is_relative: bool) -> tuple[str, list[int]]:
    """Open a path that can't exist with each of these calls.

    Returns the folder in the path, in which the file has the call's name, and
    what make() returns. The folder is below the root, or is relative.
    """
    indexes = map(list(_CALLS).index, calls)
    number, *results = do("make_test_opens", int(is_relative), *indexes)
    return _folder(number), results


def _make_all(is_relative: int, *calls: int) -> tuple[int, ...]:
    number = int.from_bytes(os.urandom(16), "little")
    start = _folder(number) if is_relative else f"/{_folder(number)}"
    names = [list(_CALLS)[one] for one in calls]
    return (number, *(make(name, f"{start}/{name}") for name in names))


FUNCTIONS["make_test_opens"] = _make_all


def _folder(number: int) -> str:
    return f"opensnoop-{number:032x}"


def make(call: str, path: str) -> int:
    """Open `path`, which must not exist, in the way that `call` names.

    That is a syscall, or one of kernel/ways.py. The mode is reading, where
    there is a choice; open_by_handle_at gets a handle of no file.

    Returns a descriptor or -errno; -EOPNOTSUPP: no kernel has this call on
    this machine.
    """
    try:
        return _CALLS[call](os.fsencode(path))
    except OSError as error:
        return -(error.errno or 0)


def _by_int_0x80(path: bytes) -> int:
    return int(native_library.load().open_with_int_0x80(path))


def _by_exec(path: bytes) -> int:
    nothing = (ctypes.c_void_p * 1)()  # neither arguments nor environment
    return syscall("execve", path, nothing, nothing)


# struct io_uring_params of include/uapi/linux/io_uring.h, and the indexes in
# it of where a ring has the end of its requests, and its results.
_PARAMS = struct.Struct("=30I")
_END, _RESULTS = 11, 25
_OFFSET_OF_REQUESTS = 0x10000000  # IORING_OFF_SQES
_OPENAT = 18  # IORING_OP_OPENAT
_AND_WAIT = 1  # IORING_ENTER_GETEVENTS


def _by_io_uring(path: bytes) -> int:
    """Open through a ring that is set up for this one request: io_uring(7).

    All of a new ring is 0; so is the index of the first request.
    """
    params = ctypes.create_string_buffer(_PARAMS.size)
    fd = syscall("io_uring_setup", 1, params)
    try:
        where = _PARAMS.unpack(params)
        ring = mmap.mmap(fd, mmap.PAGESIZE)
        request = mmap.mmap(fd, mmap.PAGESIZE, offset=_OFFSET_OF_REQUESTS)
        name = ctypes.create_string_buffer(path)
        address = ctypes.addressof(name)
        struct.pack_into("=B3xi8xQ", request, 0, _OPENAT, AT_FDCWD, address)
        struct.pack_into("=I", ring, where[_END], 1)
        syscall("io_uring_enter", fd, 1, 1, _AND_WAIT, None, 0)
        (result,) = struct.unpack_from("=8xi", ring, where[_RESULTS])
        return int(result)
    finally:
        os.close(fd)


# By syscall(), since libc would turn open into openat.
_CALLS: dict[str, Callable[[bytes], int]] = {
    "open": lambda path: syscall("open", path, os.O_RDONLY, 0),
    "creat": lambda path: syscall("creat", path, 0o600),
    "openat": lambda path: syscall("openat", AT_FDCWD, path, os.O_RDONLY, 0),
    "openat2": lambda path: syscall("openat2", AT_FDCWD, path, bytes(24), 24),
    "open_by_handle_at": lambda _: syscall(
        "open_by_handle_at", -1, bytes(8), os.O_RDONLY
    ),
    "io_uring": _by_io_uring,
    "32-bit system calls": _by_int_0x80,
    "exec": _by_exec,
    # For process accounting, the kernel itself opens the file.
    "the kernel": lambda path: syscall("acct", path),
}
