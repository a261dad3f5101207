# SPDX-License-Identifier: Apache-2.0
"""What a lesson's check.py says: what to do, what must come, which hints.

The judge (judge.py) runs the learner's C, calls work() with a Case, and
compares what the Case expects with what came. So a check is a workload of real
processes, with names that cannot be guessed, and a few expectations:

    def work(case: Case) -> None:
        path = case.file()
        pid = case.process(lambda: open(path))
        case.expect(pid=pid, path=path)

    CHECK = Check(hooks=("tracepoint",), work=work)
"""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import os
import random
import string
from typing import Any, Callable, Mapping, NamedTuple, Sequence

from opensnooplib.base import child
from opensnooplib.base.errors import OpensnoopError

# The table of the rows; other tables are maps and outputs, by their names.
ROWS = "rows"

_random = random.SystemRandom()
_PR_SET_NAME = 15  # of <linux/prctl.h>
_set_name = ctypes.CDLL(None).prctl
# A thread that ends loads this before Python 3.9.6: no open of the workload.
with contextlib.suppress(OSError):  # another C library has none
    ctypes.CDLL("libgcc_s.so.1")


class Between(NamedTuple):
    """A number that is expected to lie in a range, its ends included."""

    least: float
    most: float

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (int, float)) and (
            self.least <= other <= self.most
        )

    def __str__(self) -> str:
        return f"{self.least} to {self.most}"


class Hint(NamedTuple):
    """What to tell a learner whose C has a known mistake.

    Patterns of re: all that are given must be found.
    """

    text: str
    c: str = ""  # in the C, without its comments
    says: str = ""  # in what the tool printed to stderr
    came: str = ""  # in the lines of the verdict


def wait(pid: int) -> None:
    """Wait for the end of a process that Case.start() has started.

    Raises OpensnoopError if its work failed.
    """
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        raise OpensnoopError(
            f"a process of the workload failed ({status}); save again"
        )


class Case:
    """One workload: what it did, and what it expects to come of that.

    Of all that the tool shows, only entries that belong to the workload are
    compared: those with the PID of one of its processes, or with one of its
    words. So whatever else happens on the host makes no difference.
    """

    def __init__(self, folder: str) -> None:
        """`folder` is a new one, for the files of the workload."""
        self.folder = folder
        self.expected: dict[str, list[dict[str, Any]]] = {ROWS: []}
        self.observed: list[str] = []  # lines about what was not as expected
        self.whole: set[str] = set()  # tables all of whose entries count
        self._pids: set[int] = set()  # of its processes
        self._words: set[str] = set()

    def word(self, length: int = 8) -> str:
        """A new word, of small letters, that can't be guessed."""
        made = "".join(_random.choices(string.ascii_lowercase, k=length))
        self._words.add(made)
        return made

    def own(self, *words: str) -> None:
        """Entries with these words belong to the workload as well."""
        self._words.update(words)

    def number(self, least: int, most: int) -> int:
        """A number that can't be guessed, `most` included."""
        return _random.randint(least, most)

    def path(self) -> str:
        """The path of a file that does not exist."""
        path = os.path.join(self.folder, self.word())
        self._words.add(path)
        return path

    def file(self) -> str:
        """The path of a new, empty file, which is made without an open."""
        path = self.path()
        os.mknod(path, 0o644)
        return path

    def start(self, work: Callable[[], object], comm: str = "") -> int:
        """Start a process that does `work`, under the name `comm`.

        It makes no other syscalls than the work does. Returns the PID.
        """

        def named_work() -> None:
            if comm:
                _set_name(_PR_SET_NAME, comm.encode(), 0, 0, 0)
            work()

        pid = child.fork(named_work)
        self._pids.add(pid)
        return pid

    def process(self, work: Callable[[], object], comm: str = "") -> int:
        """Like start(), but wait for its end. Returns the PID."""
        pid = self.start(work, comm)
        wait(pid)
        return pid

    def expect(self, table: str = ROWS, **fields: Any) -> None:
        """One entry with these fields must come in a table, exactly once.

        `table` is ROWS, or the name of a map or of one of several outputs. A
        value may be Between. Entries of the workload that nothing expects must
        not come.
        """
        self.expected.setdefault(table, []).append(fields)

    def expect_all(self, table: str) -> None:
        """Every entry of the table counts, not only the workload's."""
        self.whole.add(table)
        self.expected.setdefault(table, [])

    def observe(self, what: str, expected: object, came: object) -> None:
        """Something else than an entry must be so: an open was refused."""
        if expected != came:
            self.observed.append(f"{what}: expected {expected}, came {came}")

    def owns(self, entry: Mapping[str, Any]) -> bool:
        """Does this entry of a table belong to the workload?"""
        if entry.get("pid") == os.getpid():
            return False  # the judge prepares what the workload does
        return entry.get("pid") in self._pids or any(
            value in self._words
            for value in entry.values()
            if isinstance(value, str)
        )


def start_thread(work: Callable[[], object]) -> Callable[[], object]:
    """Do the work in another thread. Returns what waits for its end.

    Since Python 3.14, the threads of threading change their comm.
    """
    ended = _thread.allocate_lock()
    ended.acquire()

    def run() -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(ended.release)
            work()

    _thread.start_new_thread(run, ())
    return ended.acquire


def in_thread(work: Callable[[], object]) -> Callable[[], object]:
    """The same work in another thread than the first of its process."""
    return lambda: start_thread(work)()


class Check(NamedTuple):
    """The check of a lesson: check.py has one by the name CHECK."""

    hooks: tuple[str, ...]  # kinds of hook of kernel/hooks.txt that it needs
    work: Callable[[Case], None]
    hints: Mapping[str, Hint] = {}  # by the name of the file in mistakes/
    options: tuple[str, ...] = ()  # of the trace, besides --source
    shown: tuple[str, ...] = ()  # more of the learner's, but not the judge's
    programs: tuple[str, ...] = ()  # commands, or paths, that it needs
    # The command lines that trace a file; None: --source with the options.
    # Each must write JSON to stdout, "opensnoop: watching" to stderr when it
    # does, and end on SIGINT. The second argument is a folder for what they
    # build.
    tracers: Callable[[str, str], Sequence[Sequence[str]]] | None = None
    before: Callable[[Case], object] = bool  # begins before the trace
    network: bool = False  # it needs the interface of network.py
    is_live: bool = True  # the learner's C can run with --live
