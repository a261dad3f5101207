#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Open files from many folders, and ask the kernel for their paths.

    open_paths.py FOLDER

Says "ready", waits for a line on stdin, then makes its opens in FOLDER, which
is empty, and prints JSON: for each open, the result of the call, the path that
was meant, and the path of the file that was opened. Both paths are the
kernel's, from /proc/self/fd and getcwd(2).
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from typing import Callable, Dict, List, Optional

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18
_SYS_OPENAT2, _AT_FDCWD, _RESOLVE_IN_ROOT = 437, -100, 0x10

_opens: List[Dict[str, object]] = []


def _check(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def _mount(source: bytes, target: str, kind: bytes, flags: int = 0) -> None:
    data = kind.partition(b":")[2] or None
    name = kind.partition(b":")[0] or None
    _check(_libc.mount(source, target.encode(), name, flags, data))


def _getcwd() -> bytes:
    """The working directory; the syscall marks unreachable ones."""
    room = ctypes.create_string_buffer(4096)
    if _libc.syscall(79, room, len(room)) < 0:  # it was removed
        return os.readlink(b"/proc/self/cwd")
    return room.value


def _meant(name: bytes, directory: Optional[bytes]) -> bytes:
    if directory is None or name.startswith(b"/"):
        return name
    return (b"" if directory == b"/" else directory) + b"/" + name


def _directory(dirfd: int) -> Optional[bytes]:
    if dirfd == _AT_FDCWD:
        return _getcwd()
    try:
        return os.readlink(b"/proc/self/fd/%d" % dirfd)
    except FileNotFoundError:
        return None


def _note(ret: int, meant: bytes) -> None:
    real = os.readlink(b"/proc/self/fd/%d" % ret) if ret >= 0 else meant
    unreachable = b"(unreachable)"  # only getcwd(2) marks it
    if meant.startswith(unreachable) and ret >= 0:
        real = unreachable + real
    _opens.append(
        {"ret": ret, "meant": os.fsdecode(meant), "real": os.fsdecode(real)}
    )


def _open_directory(path: str, flags: int = 0) -> int:
    """Open a directory, which stays open."""
    fd = _check(_libc.openat(_AT_FDCWD, path.encode(), flags))
    _note(fd, path.encode())
    return fd


def _openat(name: bytes, flags: int = 0, dirfd: int = _AT_FDCWD) -> None:
    directory = _directory(dirfd)
    ret: int = _libc.openat(dirfd, name, flags, 0o600)
    _note(ret if ret >= 0 else -ctypes.get_errno(), _meant(name, directory))
    if ret >= 0:
        os.close(ret)


def _openat2_in_root(name: bytes, dirfd: int) -> None:
    how = (ctypes.c_uint64 * 3)(0, 0, _RESOLVE_IN_ROOT)
    ret: int = _libc.syscall(
        _SYS_OPENAT2, dirfd, name, how, ctypes.sizeof(how)
    )
    meant = (_directory(dirfd) or b"") + b"/" + name.lstrip(b"/")
    _note(ret if ret >= 0 else -ctypes.get_errno(), meant)
    if ret >= 0:
        os.close(ret)


def _plain(folder: str) -> None:
    os.makedirs(f"{folder}/a/b")
    os.symlink("/etc/passwd", f"{folder}/link")
    os.chdir(f"{folder}/a")
    _openat(b"new", os.O_CREAT | os.O_WRONLY)
    for name in (b"new", b"b", b".", b"..", b"../link", b"./b/../new"):
        _openat(name)
    for name in (b"missing", b"b/missing", b"new/missing", b"/etc/passwd"):
        _openat(name)
    _openat(b"b", os.O_TMPFILE | os.O_RDWR)
    os.chdir("/")
    _openat(b"etc/passwd")
    _openat(b"missing")
    os.chdir("/proc/self")
    _openat(b"status")


def _dirfds(folder: str) -> None:
    dirfd = _open_directory(f"{folder}/a/b")
    path_fd = _open_directory(f"{folder}/a", os.O_PATH)
    for fd in (dirfd, path_fd):
        _openat(b"../new", dirfd=fd)
        _openat(b"missing", dirfd=fd)
        _openat(b"/etc/passwd", dirfd=fd)
    _openat2_in_root(b"/new", path_fd)
    _openat2_in_root(b"/etc/passwd", path_fd)
    # Without a directory, the name has no meaning.
    _openat(b"name", dirfd=-1)
    _openat(b"name", dirfd=999)


def _names(folder: str) -> None:
    for name in (b"new\nline", b"esc\x1b[31m", b"\xff\xfe", b"x" * 255):
        os.mkdir(os.fsencode(folder) + b"/" + name)
        os.chdir(os.fsencode(folder) + b"/" + name)
        _openat(b"missing")


def _deep(folder: str) -> None:
    """As many components as are shown, and as few as fill PATH_MAX."""
    for name, depth in ((b"d", 230), (b"w" * 250, 14)):
        os.chdir(folder)
        for _ in range(depth):
            os.mkdir(name)
            os.chdir(name)
        _openat(b"missing")
        _openat(b"here", os.O_CREAT | os.O_WRONLY)


def _removed(folder: str) -> None:
    os.makedirs(f"{folder}/gone")
    os.chdir(f"{folder}/gone")
    os.rmdir(f"{folder}/gone")
    _openat(b"missing")


def _mounts(folder: str) -> None:
    os.makedirs(f"{folder}/m/inner")
    _mount(b"none", f"{folder}/m/inner", b"tmpfs")
    os.makedirs(f"{folder}/m/inner/x")
    os.chdir(f"{folder}/m/inner/x")
    _openat(b"file", os.O_CREAT | os.O_WRONLY)
    os.mkdir(f"{folder}/bound")
    source = os.fsencode(f"{folder}/m/inner/x")
    _mount(source, f"{folder}/bound", b"", _MS_BIND)
    os.chdir(f"{folder}/bound")
    _openat(b"file")
    # One mount on another, at the same path.
    _mount(b"none", f"{folder}/bound", b"tmpfs")
    os.chdir(f"{folder}/bound")
    _openat(b"missing")


def _overlay(folder: str) -> None:
    tmpfs = f"{folder}/for-overlay"
    os.mkdir(tmpfs)
    _mount(b"none", tmpfs, b"tmpfs")
    for name in ("lower/d", "upper", "work", "merged"):
        os.makedirs(f"{tmpfs}/{name}")
    options = f"lowerdir={tmpfs}/lower,upperdir={tmpfs}/upper,"
    options += f"workdir={tmpfs}/work"
    try:
        _mount(b"none", f"{tmpfs}/merged", f"overlay:{options}".encode())
    except OSError:
        return  # not in this kernel
    os.chdir(f"{tmpfs}/merged/d")
    _openat(b"file", os.O_CREAT | os.O_WRONLY)
    _openat(b"file")


def _chroot(folder: str) -> None:
    """The last case, since there is no way back; /proc is mounted inside."""
    root = f"{folder}/root"
    os.makedirs(f"{root}/etc")
    os.makedirs(f"{root}/proc")
    _mount(b"none", f"{root}/proc", b"proc")
    os.chdir(f"{folder}/a")
    os.chroot(root)
    _openat(b"missing")
    _openat(b"new")
    os.chdir("/etc")
    _openat(b"file", os.O_CREAT | os.O_WRONLY)
    _openat(b"/etc/file")
    _openat(b"../..")


_CASES: List[Callable[[str], None]] = [
    *(_plain, _dirfds, _names, _deep, _removed, _mounts, _overlay, _chroot)
]


def main() -> None:
    folder = sys.argv[1]
    _check(_libc.unshare(_CLONE_NEWNS))
    _mount(b"none", "/", b"", _MS_REC | _MS_PRIVATE)
    print("ready", flush=True)
    sys.stdin.readline()
    for case in _CASES:
        case(folder)
    print(json.dumps(_opens), flush=True)


main()
