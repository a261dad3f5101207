# SPDX-License-Identifier: Apache-2.0
"""Each open with O_CREAT that reaches vfs_open() is one row."""

import contextlib
import os
import signal
import threading
from fcntl import F_SETLEASE, F_UNLCK, F_WRLCK, fcntl

from opensnooplib.course.check import Case, Check, Hint


def _open(path: str, flags: int = os.O_CREAT) -> None:
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | flags))


def _open_all(folder: str, comm: str, new: str, old: str, pipe: str) -> None:
    os.chdir(folder)
    os.mknod(old)
    os.mkfifo(pipe)
    lease = os.open(old, os.O_RDWR)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
    fcntl(lease, F_SETLEASE, F_WRLCK)
    thread = threading.Thread(target=_open, args=(old,), name=comm)
    thread.start()
    signal.sigwait({signal.SIGIO})  # the thread is in vfs_open()
    _open(new)
    fcntl(lease, F_SETLEASE, F_UNLCK)
    thread.join()
    for path, flags in ((new, os.O_EXCL), (f"{new}/x", 0), (new, 0)):
        _open(path, os.O_CREAT | flags)  # EEXIST, ENOTDIR, success
    _open(old, 0)
    _open(pipe, os.O_CREAT | os.O_NONBLOCK)  # ENXIO


def work(case: Case) -> None:
    for _ in range(case.number(2, 4)):
        comm, new, old, pipe = names = [case.word() for _ in range(4)]
        pid = case.process(lambda: _open_all(case.folder, *names), comm)
        rows = [(new, True, 0), (new, False, 0), (old, False, 0)]
        for name, created, result in [*rows, (pipe, False, -6)]:
            case.expect(
                pid=pid, comm=comm, created=created, result=result, name=name
            )


_NOT_KEPT = "at the return, the arguments are gone: keep them from the entry"
_ONLY_ENTRY = "a result is only known at the return: add kretprobe__vfs_open"
_NOT_DELETED = "an entry that stays in the map is found by the next return"
_PROCESS = "threads of a process are in the function at once: the key is a TID"
_HINTS = {
    "arguments-at-return": Hint(_NOT_KEPT, r"kretprobe__\w+\([^)]*,"),
    "result-at-entry": Hint(_ONLY_ENTRY, r"(?s)\A(?!.*kretp).*PT_REGS_RC"),
    "not-deleted": Hint(_NOT_DELETED, r"(?s)\A(?!.*\.delete).*kretprobe"),
    "by-process": Hint(_PROCESS, r"u32 (\w+) =.*>> 32(?s:.*)lookup\(&\1\)"),
}
CHECK = Check(("kprobe",), work, _HINTS)
