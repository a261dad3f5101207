# SPDX-License-Identifier: Apache-2.0
"""Each openat is one row, with a time between how long it surely waited and
how long it took as its process sees it."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

from opensnooplib.course.check import Between, Case, Check, Hint, wait

_early: "list[tuple[int, list[str]]]" = []  # that waits before the trace


def _open(
    note: int, path: str, flags: int = 0, folder: "int | None" = None
) -> None:
    began = time.monotonic_ns()
    try:
        ret = os.open(path, flags, dir_fd=folder)
    except OSError as error:
        ret = -error.errno
    most = time.monotonic_ns() - began + 1000
    os.write(note, f"{os.getpid()} {ret} {most} {path}\n".encode())


def _start(case: Case, note: int, count: int) -> "tuple[int, list[str]]":
    """Start a process, and wait until each thread waits in an open."""
    fifos = [case.path() for _ in range(count)]
    there, missing, long = case.file(), case.path(), case.word(127)
    folder = os.open(case.folder, os.O_RDONLY)

    def run() -> None:
        list(map(os.dup, [note] * case.number(200, 400)))  # large results
        with ThreadPoolExecutor(count) as pool:
            _open(note, there)
            _open(note, missing)  # ENOENT
            _open(note, f"{there}/x", os.O_WRONLY)  # ENOTDIR
            _open(note, long, os.O_RDWR | os.O_CREAT, folder)
            list(pool.map(lambda path: _open(note, path), fifos))

    list(map(os.mkfifo, fifos))
    pid = case.start(run)
    calls = f"cat /proc/{pid}/task/*/syscall"
    while os.popen(calls).read().count("fffff9c ") < count:  # AT_FDCWD
        pass
    return pid, fifos


def before(case: Case) -> None:
    _early.append(_start(case, os.pipe()[1], 1))


def work(case: Case) -> None:
    reports, note = os.pipe()
    started = _early + [_start(case, note, count) for count in (1, 2, 3)]
    waited, began = {}, time.monotonic_ns()
    for pid, fifos in started:
        for path in reversed(fifos):
            time.sleep(case.number(10, 60) / 1000)
            waited[path] = time.monotonic_ns() - began
            os.close(os.open(path, os.O_WRONLY))
        wait(pid)
    for line in os.read(reports, 65536).decode().splitlines():
        opener, ret, most, path = line.split(" ", 3)
        took = Between(waited.get(path, 1), int(most))
        case.expect(pid=int(opener), ret=int(ret), took=took, path=path)


_NULL = "lookup() returns NULL if there is no entry: test that first"
_PROCESS = "threads of a process can open at once: the thread is the key"
_FAILED = "an open that fails has ended, too: its result is negative"
_KEY = r"(\w+) = bpf_get_current_pid_tgid\(\) >> 32;[^@]*update\(&\1,"
_HINTS = {
    "no-null-check": Hint(_NULL, says=r"the result of a lookup may be NULL"),
    "by-process": Hint(_PROCESS, _KEY),
    "failures-left-out": Hint(_FAILED, "ret (<|>=) 0", came="missing .*ret=-"),
}
CHECK = Check(("tracepoint",), work, _HINTS, before=before)
