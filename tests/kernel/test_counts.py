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

from opensnooplib.kernel import offered_hooks
from tests.kernel.openers import (
    MALLOC_S_OWN,
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


class Traced(NamedTuple):
    """What one trace told of several loads."""

    rows: Dict[str, List[Row]]  # by the load's name
    ended: Ended
    malloc_s_own: int


@pytest.fixture(scope="module")
def traced(open_load: Path) -> Traced:
    """One load after the other, in one trace."""
    with ExitStack() as stack:
        processes = {
            name: [
                stack.enter_context(OpenLoad(open_load, *options))
                for options in load.options
            ]
            for name, load in _LOADS.items()
        }
        pids = {
            process.pid: name
            for name, some in processes.items()
            for process in some
        }
        options = ["--format", "json", "-p", ",".join(map(str, pids))]
        tool = stack.enter_context(Tool(*options))
        for some in processes.values():
            for process in some:
                process.release()
            for process in some:
                process.wait()
        ended = tool.stop()
    rows: Dict[str, List[Row]] = {name: [] for name in _LOADS}
    malloc_s_own = 0
    for row in ended.rows:
        if row.path == MALLOC_S_OWN:
            malloc_s_own += 1
        else:
            rows[pids[row.pid]].append(row)
    return Traced(rows, ended, malloc_s_own)


@pytest.mark.every_kernel
def test_the_sum_is_exact(traced: Traced) -> None:
    end = traced.ended.end
    assert len(traced.ended.rows) == end.shown
    made = sum(load.opens for load in _LOADS.values())
    assert end.happened - traced.malloc_s_own == made


@pytest.mark.every_kernel
@pytest.mark.parametrize("name", _LOADS)
def test_each_open_is_shown_once(traced: Traced, name: str) -> None:
    load, rows = _LOADS[name], traced.rows[name]
    fails = "-f" in load.options[0]
    assert {row.path for row in rows} == {load.options[0][-1].encode()}
    assert {row.err for row in rows} == {errno.ENOENT if fails else 0}
    assert len(rows) <= load.opens
    if traced.ended.end.lost + traced.ended.end.missed == 0:
        threads = 100 if name == "100 threads" else len(load.options)
        assert _rows_by_thread(rows) == [load.opens // threads] * threads


def _rows_by_thread(rows: List[Row]) -> List[int]:
    counts: Dict[int, int] = {}
    for row in rows:
        counts[row.tid] = counts.get(row.tid, 0) + 1
    return list(counts.values())


class Named(NamedTuple):
    """Opens of one name, in a folder that is there."""

    name: bytes
    error: int = 0
    path_cut: bool = False


_REPEATS = 10

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


def _from_disk(folder: Path, name: bytes) -> Opener:
    in_memory = _NameInMemory(folder, name)
    return Opener(
        [Attempt(name, os.O_RDONLY)],
        prepare=in_memory.map_here,
        make=_open_address(lambda: in_memory.address),
    )


def _open_address(address: Callable[[], int]) -> Callable[[Attempt], int]:
    libc = ctypes.CDLL(None, use_errno=True)

    def open_it(_: Attempt) -> int:
        fd: int = libc.openat(-100, ctypes.c_void_p(address()), os.O_RDONLY)
        return fd if fd >= 0 else -ctypes.get_errno()

    return open_it


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


def _of_the_last_page() -> Opener:
    page = _LastPage()
    return Opener(
        [_NO_NAME],
        prepare=page.map_here,
        make=_open_address(lambda: page.address),
    )


_NO_NAME = Attempt(b"", os.O_RDONLY)
_BEYOND_PATH_MAX = Attempt(b"/" + b"y" * 5000, os.O_RDONLY)
_MANY_NAMES = 20_000
_SIZES = (20, 2000)  # of names that are not in memory


class Shown(NamedTuple):
    """What one trace told of processes that open odd names."""

    rows: Dict[str, List[Row]]  # by the name of who opened, see below
    ended: Ended
    expected: Dict[str, List[Row]]  # of some


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, open_load: Path) -> Shown:
    """A process for each name, one after the other, in one trace."""
    folder = tmp_path_factory.mktemp("names")
    for named in _NAMES.values():
        if not named.error and b"/" not in named.name:
            Path(os.fsdecode(bytes(folder) + b"/" + named.name)).touch()
    openers = {"beyond PATH_MAX": Opener([_BEYOND_PATH_MAX])}
    for size in _SIZES:
        name = b"/" + b"n" * (size - 1)
        place = tmp_path_factory.mktemp("memory")
        openers[f"{size} bytes, not in memory"] = _from_disk(place, name)
    openers["last page"] = _of_the_last_page()
    openers["unreadable"] = Opener([_NO_NAME], make=_open_address(lambda: 1))
    expected: Dict[str, List[Row]] = {}
    with ExitStack() as stack:
        loads = {
            "many": OpenLoad(
                *(open_load, "-n", str(_MANY_NAMES), "-f", "-N", "/none/")
            )
        }
        for label, named in _NAMES.items():
            fails = ["-f"] if named.error else []
            options: List[Word] = ["-n", str(_REPEATS), *fails, "--"]
            load = OpenLoad(open_load, *options, named.name, cwd=folder)
            loads[label] = load
        for load in loads.values():
            stack.enter_context(load)
        for opener in openers.values():
            stack.enter_context(opener)
        pid_of = {label: load.pid for label, load in loads.items()}
        pid_of.update((label, one.pid) for label, one in openers.items())
        pids = ",".join(map(str, pid_of.values()))
        # All of them fit into the ring, so that none can be lost.
        tool = stack.enter_context(Tool("--format", "json", "-p", pids))
        for load in loads.values():
            load.run()
        for label, opener in openers.items():
            expected[label] = opener.run()
        ended = tool.stop()
    rows = [row for row in ended.rows if row.path != MALLOC_S_OWN]
    by_label = {
        label: [row for row in rows if row.pid == pid]
        for label, pid in pid_of.items()
    }
    return Shown(by_label, ended, expected)


@pytest.mark.every_kernel
def test_odd_names_are_counted(shown: Shown) -> None:
    end = shown.ended.end
    assert end.shown == len(shown.ended.rows)
    assert end.unreadable == 1
    assert end.cut == _REPEATS + 2
    assert end.lost == end.missed == 0
    rows = sum(map(len, shown.rows.values()))
    assert rows == _MANY_NAMES + len(_NAMES) * _REPEATS + len(shown.expected)


@pytest.mark.every_kernel
def test_each_of_many_names_comes_once_and_in_order(shown: Shown) -> None:
    paths = [row.path for row in shown.rows["many"]]
    assert paths == [b"/none/%d" % number for number in range(_MANY_NAMES)]


@pytest.mark.every_kernel
@pytest.mark.parametrize("name", _NAMES)
def test_the_name_is_whole(shown: Shown, name: str) -> None:
    rows = shown.rows[name]
    named = _NAMES[name]
    assert len(rows) == _REPEATS
    assert {row.path for row in rows} == {named.name}
    assert {row.err for row in rows} == {named.error}
    assert {row.path_cut for row in rows} == {named.path_cut}


@pytest.mark.every_kernel
def test_a_name_beyond_path_max_is_cut_and_says_so(shown: Shown) -> None:
    (row,) = shown.rows["beyond PATH_MAX"]
    assert row.path == b"/" + b"y" * 4095
    assert row.path_cut
    assert row.err == errno.ENAMETOOLONG


@pytest.mark.every_kernel
@pytest.mark.parametrize("size", _SIZES)
def test_a_name_that_is_not_in_memory_yet_is_read(
    shown: Shown, size: int
) -> None:
    """The program that sees the entry can't read it; the exit can."""
    label = f"{size} bytes, not in memory"
    assert without_time(shown.rows[label]) == shown.expected[label]


def _assert_fills_the_last_page(rows: List[Row]) -> None:
    """The kernel reads no further either."""
    (row,) = rows
    assert (row.path, row.err) == (b"n" * 4096, errno.ENAMETOOLONG)
    assert row.path_cut


@pytest.mark.every_kernel
def test_a_name_that_fills_the_last_page(shown: Shown) -> None:
    _assert_fills_the_last_page(shown.rows["last page"])


def test_a_name_that_fills_the_last_page_at_the_entry() -> None:
    with _of_the_last_page() as opener:
        options = ["--attach", "syscall", "-p", str(opener.pid)]
        with Tool("--format", "json", *options) as tool:
            opener.run()
            ended = tool.stop()
    _assert_fills_the_last_page(ended.rows)
    assert ended.end.unreadable == 0


@pytest.mark.every_kernel
def test_a_name_that_cannot_be_read_is_told(shown: Shown) -> None:
    (row,) = shown.rows["unreadable"]
    assert (row.path, row.err) == (None, errno.EFAULT)


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
        pytest.param(
            *(["--trusted", "-x", "--path", "/dev/null"], "kernel_names", 0),
            marks=pytest.mark.one_kernel,
        ),
    ],
    ids=["start", "kernel_names"],
)
def test_threads_that_exec_leave_nothing(
    tmp_path: Path, options: List[str], kept: str, shown: int
) -> None:
    """Their numbers are nobody's then, and each had an entry in a map."""
    if "--trusted" in options and offered_hooks.why_not("kprobe"):
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
