# SPDX-License-Identifier: Apache-2.0
"""Processes whose opens are all known beforehand.

They report that they are ready, and open nothing until they are released. A
trace can begin in between, and must see exactly the opens asked for.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Callable, List, NamedTuple, NoReturn, Optional, Type, Union

from tests.kernel.tool import Row

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_NAME = 15  # prctl(2)
_SYS_OPENAT2 = 437  # the same on all architectures
_AT_FDCWD = -100


Word = Union[str, bytes, Path]

# A file that glibc opens before it gives a thread's memory back
# (malloc/arena.c), since 2.42 also where there are few threads.
MALLOC_S_OWN = b"/proc/sys/vm/overcommit_memory"


class OpenLoad:
    """tests/programs/open_load.c, held back until run()."""

    def __init__(self, *command: Word, cwd: Optional[Path] = None) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=cwd
        )
        self.pid = self._process.pid
        assert self._process.stdout
        assert self._process.stdout.readline() == b"ready\n"

    def __enter__(self) -> OpenLoad:
        return self

    def __exit__(
        self, error: Optional[Type[BaseException]], *_: object
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()

    def release(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()

    def wait(self) -> None:
        assert self._process.wait() == 0

    def let_begin(self) -> None:
        assert self._process.stdin
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def made(self) -> int:
        """End a load that opens until stdin ends; the number of its opens."""
        assert self._process.stdout
        self.release()
        self.wait()
        return int(self._process.stdout.read())

    def run(self) -> None:
        """Make all opens, and wait for the end."""
        self.release()
        self.wait()

    def thread_ids(self) -> List[int]:
        """The threads that open files; the first one only waits for them."""
        tasks = os.listdir(f"/proc/{self.pid}/task")
        return sorted(int(task) for task in tasks if int(task) != self.pid)


def set_comm(name: bytes) -> None:
    _libc.prctl(_PR_SET_NAME, name, 0, 0, 0)


class Attempt(NamedTuple):
    """One open to be made."""

    path: bytes
    flags: int
    mode: int = 0o777
    by_openat2: bool = False

    @property
    def mode_counts(self) -> bool:
        return (
            self.flags & os.O_CREAT != 0
            or self.flags & os.O_TMPFILE == os.O_TMPFILE
        )


class _OpenHow(ctypes.Structure):
    """struct open_how of openat2(2)."""

    _fields_ = [
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    ]


def _openat2(attempt: Attempt) -> int:
    how = _OpenHow(attempt.flags, attempt.mode * attempt.mode_counts, 0)
    fd: int = _libc.syscall(
        _SYS_OPENAT2,
        _AT_FDCWD,
        attempt.path,
        ctypes.byref(how),
        ctypes.c_size_t(ctypes.sizeof(how)),
    )
    return fd if fd >= 0 else -ctypes.get_errno()


def _open(attempt: Attempt) -> int:
    """Open by openat, not by os.open(), which adds flags of its own."""
    path, flags, mode = attempt.path, attempt.flags, attempt.mode
    fd: int = _libc.openat(_AT_FDCWD, path, flags, mode)
    return fd if fd >= 0 else -ctypes.get_errno()


def make_attempt(attempt: Attempt) -> int:
    """Open and close; returns the descriptor or -errno."""
    ret = _openat2(attempt) if attempt.by_openat2 else _open(attempt)
    if ret >= 0:
        os.close(ret)
    return ret


class Opener:
    """A process that makes these attempts, held back until run().

    `prepare` runs in it first, and its opens are not checked. `make` opens a
    file, in place of make_attempt().
    """

    def __init__(
        self,
        attempts: List[Attempt],
        comm: bytes = b"opener",
        uid: int = 0,
        prepare: Callable[[], None] = lambda: None,
        make: Callable[[Attempt], int] = make_attempt,
    ) -> None:
        self.attempts = attempts
        self._prepare = prepare
        self._make = make
        self.comm = comm
        self.uid = uid
        go, self._go = os.pipe()
        self._results, results = os.pipe()
        ready, report_ready = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            for fd in (self._go, self._results, ready):
                os.close(fd)
            self._live(report_ready, go, results)
        for fd in (go, results, report_ready):
            os.close(fd)
        assert os.read(ready, 1), "the opener failed to get ready"
        os.close(ready)

    def _live(self, ready: int, go: int, results: int) -> NoReturn:
        try:
            self._prepare()
            set_comm(self.comm)
            if self.uid:
                os.setuid(self.uid)
            os.write(ready, b"x")
            if os.read(go, 1):
                rets = [self._make(attempt) for attempt in self.attempts]
                os.write(results, json.dumps(rets).encode())
            os._exit(0)
        except BaseException:
            traceback.print_exc(file=sys.stderr)
            os._exit(1)

    def __enter__(self) -> Opener:
        return self

    def __exit__(
        self, error: Optional[Type[BaseException]], *_: object
    ) -> None:
        """A process that never ran ends, since its pipe is closed."""
        os.close(self._go)
        os.close(self._results)
        os.waitpid(self.pid, 0)

    def run(self) -> List[Row]:
        """Make the attempts. Returns the rows that they must become."""
        os.write(self._go, b"x")
        with open(self._results, "rb", closefd=False) as results:
            rets = json.loads(results.read())
        return [
            self._row(attempt, ret)
            for attempt, ret in zip(self.attempts, rets)
        ]

    def _row(self, attempt: Attempt, ret: int) -> Row:
        return Row(
            ts=0,
            pid=self.pid,
            tid=self.pid,
            uid=self.uid,
            ret=ret,
            fd=max(ret, -1),
            err=max(-ret, 0),
            flags=attempt.flags,
            mode=attempt.mode if attempt.mode_counts else None,
            comm=self.comm[:15],
            path=attempt.path,
            path_cut=False,
        )


def without_time(rows: List[Row]) -> List[Row]:
    return [row._replace(ts=0) for row in rows]
