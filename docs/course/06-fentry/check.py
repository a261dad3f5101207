# SPDX-License-Identifier: Apache-2.0
"""Each open that creates a file, or fails in vfs_open(), is one row."""

import contextlib
import errno
import os
import signal
from fcntl import F_SETLEASE, F_WRLCK, fcntl

from opensnooplib.course.check import Case, Check, Hint


def _open(path: str, flags: int) -> None:
    with contextlib.suppress(OSError):
        os.close(os.open(path, flags))


def _open_all(new: str, old: str, pipe: str) -> None:
    _open(new, os.O_CREAT | os.O_RDWR)
    _open(new, os.O_CREAT | os.O_RDWR)
    _open(old, os.O_RDWR)
    _open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    _open(f"{new}.d/file", os.O_RDWR)  # ENOENT comes before vfs_open()
    lease = os.open(old, os.O_RDWR)
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    fcntl(lease, F_SETLEASE, F_WRLCK)
    _open(old, os.O_RDWR | os.O_NONBLOCK)


def work(case: Case) -> None:
    for _ in range(case.number(3, 5)):
        comm, folder = case.word(), case.word()
        os.mkdir(os.path.join(case.folder, folder))
        names = [case.word(case.number(8, 31)) for _ in range(3)]
        new, old, pipe = (os.path.join(case.folder, folder, n) for n in names)
        os.mknod(old)
        os.mkfifo(pipe)
        pid = case.process(lambda: _open_all(new, old, pipe), comm)
        for name, result in zip(names, (0, -errno.EAGAIN, -errno.ENXIO)):
            where = {"folder": folder, "name": name}
            case.expect(pid=pid, comm=comm, result=result, **where)


_OF_FILE = "a file that can't be opened loses its path: use the argument path"
_FLAGS = "vfs_open() clears O_CREAT in f_flags: f_mode says what was done"
_ENTRY = "KFUNC_PROBE runs at the entry, where there is no result yet"
_POSITION = "arguments go by position: name all of them, and the result last"
_HINTS = {
    "still-entry": Hint(_ENTRY, r"^KFUNC_PROBE\([^)]*result"),
    "argument-left-out": Hint(_POSITION, r"vfs_open, struct file"),
    "flags-at-return": Hint(_FLAGS, r"f_flags & O_CREAT"),
    "name-of-the-file": Hint(_OF_FILE, r"file->f_path", came="missing .*=-"),
}
CHECK = Check(("fentry",), work, _HINTS)
