# SPDX-License-Identifier: Apache-2.0
"""As many rows as opens, and every name whole.

At full speed a record may be lost on a busy machine; then it is counted.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Sequence

import pytest

from opensnooplib.kernel import hooks
from opensnooplib.options import PLANS
from opensnooplib.trace import plans
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import (
    Attempt,
    Opener,
    OpenLoad,
    Word,
    without_time,
)
from tests.kernel.tool import Ended, Row, Tool, map_entries

EXISTING = "/etc/passwd"
MISSING = "/nowhere/to/be/found"

Command = Sequence[str]


class Load(NamedTuple):
    options: List[Command]  # of one or more processes
    opens: int  # of all of them together


# Each row takes an emulator long, see tests/vm/guest_report.py.
_OPENS = int(os.environ.get("OPENSNOOP_OPENS", "100000"))
_HALF, _HUNDREDTH = str(_OPENS // 2), str(_OPENS // 100)

_LOADS = {
    "one thread": Load([["-n", str(_OPENS), EXISTING]], _OPENS),
    "two processes": Load([["-n", _HALF, EXISTING]] * 2, _OPENS),
    "100 threads": Load([["-t", "100", "-n", _HUNDREDTH, EXISTING]], _OPENS),
    "opens that fail": Load([["-n", _HALF, "-f", MISSING]], _OPENS // 2),
}


# With many threads a newer glibc looks there (malloc/arena.c).
_MALLOC_S_OWN = b"/proc/sys/vm/overcommit_memory"


def _trace_loads(open_load: Path, load: Load, *options: str) -> Ended:
    with ExitStack() as stack:
        processes = [
            stack.enter_context(OpenLoad(open_load, *options))
            for options in load.options
        ]
        pids = ",".join(str(process.pid) for process in processes)
        tool = stack.enter_context(
            Tool("--format", "json", "-p", pids, *options)
        )
        for process in processes:
            process.release()
        for process in processes:
            process.wait()
        ended = tool.stop()
    return ended


@pytest.mark.parametrize("name", _LOADS)
def test_the_sum_is_exact(open_load: Path, name: str) -> None:
    load = _LOADS[name]
    ended = _trace_loads(open_load, load)
    assert len(ended.rows) == ended.end.shown
    rows = [row for row in ended.rows if row.path != _MALLOC_S_OWN]
    malloc_s_own = len(ended.rows) - len(rows)
    assert ended.end.happened - malloc_s_own == load.opens
    fails = "-f" in load.options[0]
    assert {row.path for row in rows} == {load.options[0][-1].encode()}
    assert {row.err for row in rows} == {errno.ENOENT if fails else 0}
    if ended.end.lost + ended.end.missed == 0:
        threads = 100 if name == "100 threads" else len(load.options)
        assert _rows_by_thread(rows) == [load.opens // threads] * threads


@pytest.mark.parametrize("plan", PLANS)
def test_what_a_plan_misses_is_told(open_load: Path, plan: str) -> None:
    """Of threads that end soon after."""
    skip_without_hooks_for(plan)
    load = Load([["-t", "100", "-n", "100", EXISTING]], 10_000)
    ended = _trace_loads(open_load, load, "--attach", plan)
    malloc_s_own = [row.path for row in ended.rows].count(_MALLOC_S_OWN)
    assert ended.end.happened - malloc_s_own == load.opens
    assert ended.end.missed == 0 or plans.may_miss(plan)


def _rows_by_thread(rows: List[Row]) -> List[int]:
    counts: Dict[int, int] = {}
    for row in rows:
        counts[row.tid] = counts.get(row.tid, 0) + 1
    return list(counts.values())


def test_each_of_many_names_comes_once_and_in_order(open_load: Path) -> None:
    with OpenLoad(open_load, "-n", "20000", "-f", "-N", "/none/") as load:
        # All of them fit into the ring, so that none can be lost.
        with Tool("--format", "json", "-p", str(load.pid)) as tool:
            load.run()
            ended = tool.stop()
    paths = [row.path for row in ended.rows]
    assert paths == [b"/none/%d" % number for number in range(20000)]


class Named(NamedTuple):
    """Opens of one name, in a folder that is there."""

    name: bytes
    error: int = 0
    path_cut: bool = False


_REPEATS = 10

# glibc (2.42, say) asks the kernel before it gives a thread's memory back.
_OPENED_BY_LIBC = b"/proc/sys/vm/overcommit_memory"
_ALL_BYTES = bytes(byte for byte in range(1, 256) if byte != ord("/"))


def _long_path(size: int) -> bytes:
    """A path of `size` bytes to the file "a"."""
    return b"./" * ((size - 1) // 2) + b"/" * ((size - 1) % 2) + b"a"


_NAMES = {
    "1 byte": Named(b"a"),
    "126 bytes": Named(_long_path(126)),
    "127 bytes": Named(_long_path(127)),
    "128 bytes": Named(_long_path(128)),
    "255 bytes": Named(b"x" * 255),
    "256 bytes": Named(b"x" * 256, errno.ENAMETOOLONG),
    "4095 bytes": Named(_long_path(4095)),
    "4096 bytes": Named(_long_path(4096), errno.ENAMETOOLONG, True),
    "no byte": Named(b"", errno.ENOENT),
    "every byte value": Named(_ALL_BYTES),
    "bytes that are not UTF-8": Named(b"\xff" * 100),
    "quotes": Named(b"\"'\\$`"),
    "a terminal's escapes": Named(b"\x1b]0;owned\x07\x1b[2J\r\n"),
}


@pytest.fixture(scope="module")
def rows_by_name(
    tmp_path_factory: pytest.TempPathFactory, open_load: Path
) -> Dict[str, List[Row]]:
    """One trace of a process for each name."""
    folder = tmp_path_factory.mktemp("names")
    for named in _NAMES.values():
        if not named.error and b"/" not in named.name:
            Path(os.fsdecode(bytes(folder) + b"/" + named.name)).touch()
    with ExitStack() as stack:
        loads: Dict[str, OpenLoad] = {}
        for name, named in _NAMES.items():
            fails = ["-f"] if named.error else []
            options: List[Word] = ["-n", str(_REPEATS), *fails, "--"]
            load = OpenLoad(open_load, *options, named.name, cwd=folder)
            loads[name] = stack.enter_context(load)
        pids = ",".join(str(load.pid) for load in loads.values())
        tool = stack.enter_context(Tool("--format", "json", "-p", pids))
        for load in loads.values():
            load.run()
        ended = tool.stop()
    rows = [row for row in ended.rows if row.path != _OPENED_BY_LIBC]
    assert len(rows) == len(_NAMES) * _REPEATS
    assert ended.end.shown == len(ended.rows)
    assert ended.end.unreadable == 0
    assert ended.end.cut == _REPEATS
    return {
        name: [row for row in rows if row.pid == load.pid]
        for name, load in loads.items()
    }


@pytest.mark.parametrize("name", _NAMES)
def test_the_name_is_whole(
    rows_by_name: Dict[str, List[Row]], name: str
) -> None:
    rows = rows_by_name[name]
    named = _NAMES[name]
    assert len(rows) == _REPEATS
    assert {row.path for row in rows} == {named.name}
    assert {row.err for row in rows} == {named.error}
    assert {row.path_cut for row in rows} == {named.path_cut}


def test_a_name_beyond_path_max_is_cut_and_says_so() -> None:
    opener = Opener([Attempt(b"/" + b"y" * 5000, os.O_RDONLY)])
    with opener, Tool("--format", "json", "-p", str(opener.pid)) as tool:
        opener.run()
        ended = tool.stop()
    (row,) = ended.rows
    assert row.path == b"/" + b"y" * 4095
    assert row.path_cut
    assert row.err == errno.ENAMETOOLONG
    assert ended.end.cut == 1


# Its second thread opens a file, and goes on as the process: execve(2).
_EXEC_BY_THREADS = """
import os, sys, threading
left = int(sys.argv[1])
def go_on():
    open("/dev/null")
    os.execv(sys.executable, [sys.executable, sys.argv[0], str(left - 1)])
if left == 30:
    sys.stdin.readline()
if left:
    threading.Thread(target=go_on).start()
else:
    print("done", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize(
    "options, kept, shown",
    [
        (["--attach", "syscall", "--path", "/dev/null"], "start", 30),
        (["--trusted", "-x", "--path", "/dev/null"], "kernel_names", 0),
    ],
    ids=["start", "kernel_names"],
)
def test_threads_that_exec_leave_nothing(
    tmp_path: Path, options: List[str], kept: str, shown: int
) -> None:
    """Their numbers are nobody's then, and each had an entry in a map."""
    if "--trusted" in options and hooks.KINDS["kprobe"]():
        pytest.skip("no kprobes here")
    script = tmp_path / "script.py"
    script.write_text(_EXEC_BY_THREADS)
    program = subprocess.Popen(
        ["/usr/bin/python3", script, "30"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert program.stdin and program.stdout
    with program, Tool("-p", str(program.pid), *options) as tool:
        program.stdin.write(b"\n")
        program.stdin.flush()
        assert program.stdout.readline() == b"done\n"
        assert map_entries(tool.pid, kept) <= 2
        program.stdin.close()
        ended = tool.stop()
    assert ended.end.shown == shown
    assert ended.end.missed == 0


class _NameInMemory:
    """A name whose page is not in memory until the kernel reads it."""

    def __init__(self, folder: Path, name: bytes) -> None:
        self._file = folder / "names"
        self._file.write_bytes(name + b"\0")

    def map_here(self) -> None:
        with open(self._file, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        self._mapped = (ctypes.c_char * len(mapped)).from_buffer(mapped)

    @property
    def address(self) -> int:
        return ctypes.addressof(self._mapped)


def _open_address(address: Callable[[], int]) -> Callable[[Attempt], int]:
    libc = ctypes.CDLL(None, use_errno=True)

    def open_it(_: Attempt) -> int:
        fd: int = libc.openat(-100, ctypes.c_void_p(address()), os.O_RDONLY)
        return fd if fd >= 0 else -ctypes.get_errno()

    return open_it


@pytest.mark.parametrize("size", [20, 2000])
def test_a_name_that_is_not_in_memory_yet_is_read(
    tmp_path: Path, size: int
) -> None:
    """The program that sees the entry can't read it; the exit can."""
    name = b"/" + b"n" * (size - 1)
    in_memory = _NameInMemory(tmp_path, name)
    opener = Opener(
        [Attempt(name, os.O_RDONLY)],
        prepare=in_memory.map_here,
        make=_open_address(lambda: in_memory.address),
    )
    with opener, Tool("--format", "json", "-p", str(opener.pid)) as tool:
        expected = opener.run()
        ended = tool.stop()
    assert without_time(ended.rows) == expected
    assert ended.end.unreadable == 0


class _LastPage:
    """A page of a name without end; the page behind it can't be read."""

    def map_here(self) -> None:
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        writable = mmap.PROT_READ | mmap.PROT_WRITE
        kind = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        size = 2 * mmap.PAGESIZE
        self.address: int = libc.mmap(None, size, writable, kind, -1, 0)
        behind = self.address + mmap.PAGESIZE
        ctypes.memset(self.address, ord("n"), mmap.PAGESIZE)
        none = 0  # PROT_NONE
        libc.mprotect(ctypes.c_void_p(behind), mmap.PAGESIZE, none)


@pytest.mark.parametrize("plan", ["auto", "syscall"])
def test_a_name_that_fills_the_last_page(plan: str) -> None:
    """The kernel reads no further either."""
    page = _LastPage()
    opener = Opener(
        [Attempt(b"", os.O_RDONLY)],
        prepare=page.map_here,
        make=_open_address(lambda: page.address),
    )
    options = ["--attach", plan, "--format", "json", "-p", str(opener.pid)]
    with opener, Tool(*options) as tool:
        opener.run()
        ended = tool.stop()
    (row,) = ended.rows
    assert (row.path, row.err) == (b"n" * 4096, errno.ENAMETOOLONG)
    assert row.path_cut
    assert ended.end.unreadable == 0


def test_a_name_that_cannot_be_read_is_told() -> None:
    opener = Opener([Attempt(b"", os.O_RDONLY)], make=_open_address(lambda: 1))
    with opener, Tool("--format", "json", "-p", str(opener.pid)) as tool:
        opener.run()
        ended = tool.stop()
    (row,) = ended.rows
    assert (row.path, row.err) == (None, errno.EFAULT)
    assert ended.end.shown == ended.end.unreadable == 1
