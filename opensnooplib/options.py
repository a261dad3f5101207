# SPDX-License-Identifier: Apache-2.0
"""The options of a run, by concern; a function takes those that it needs.

cli/arguments.py fills each field from what argparse has under its name.
"""

from __future__ import annotations

import math
import pwd
from typing import Callable, Generic, Iterable, NamedTuple, Optional, Tuple
from typing import TypeVar

from opensnooplib.base.globs import Glob
from opensnooplib.kernel.cgroups import Cgroup

# The formats of rows.
FORMATS = ("table", "json", "csv", "folded", "paths")


# The root that full paths start from: that of the calling process, or the
# host's.
PATH_VIEWS = ("process", "host")


_T = TypeVar("_T")
_Made = TypeVar("_Made")


class Chosen(Generic[_T]):
    """What an open must have: a wanted value, if any is, and none excluded.

    What is there twice counts once.
    """

    def __init__(
        self, wanted: Iterable[_T] = (), excluded: Iterable[_T] = ()
    ) -> None:
        self.wanted = tuple(dict.fromkeys(wanted))
        self.excluded = tuple(dict.fromkeys(excluded))

    def __bool__(self) -> bool:
        return bool(self.all)

    def __add__(self, new: Chosen[_T]) -> Chosen[_T]:
        return Chosen(self.wanted + new.wanted, self.excluded + new.excluded)

    @property
    def all(self) -> Tuple[_T, ...]:
        return self.wanted + self.excluded

    def each(self, make: Callable[[_T], _Made]) -> Chosen[_Made]:
        return Chosen(map(make, self.wanted), map(make, self.excluded))


class Selection(NamedTuple):
    """Which opens are shown; nothing is selected by what is empty."""

    pids: Chosen[int]
    tid: Optional[int]
    uids: Chosen[int]
    comms: Chosen[bytes]  # parts of names
    failed: bool
    errnos: Chosen[int]
    slower_ns: int  # that took as long as that, or longer; 0: any
    flags: Chosen[str]  # as typed: O_CREAT, write, ...
    globs: Tuple[Glob, ...]  # of paths
    by_root: bool  # a pattern, also one of --until, starts with /
    units: Chosen[bytes]  # names of cgroups
    cgroups: Chosen[Cgroup]
    containers: Chosen[Cgroup]
    mount_namespaces: Chosen[int]  # inode numbers
    cgroup_map: Optional[str]
    mntns_map: Optional[str]
    command: Tuple[str, ...]
    exec_user: Optional[pwd.struct_passwd]  # who runs it
    follow: bool  # the trace goes on while a descendant of it lives
    follow_children: bool
    all: bool  # also ways to open a file that are costly to see
    own: bool  # also what the tool itself does


class Columns(NamedTuple):
    """What is shown of an open."""

    timestamp: bool
    print_uid: bool
    extended_fields: bool
    names: Tuple[str, ...]  # empty: those of the format
    beside: Tuple[str, ...]  # that are added by an option, such as --ppid
    macros: Tuple[str, ...]  # of the C, for fields that are costly to fill
    latency: bool
    full_path: bool  # with the directory that a relative path starts from
    real_path: bool  # that of the opened file, symbolic links followed
    path_view: str  # one of PATH_VIEWS
    time: Optional[str]  # one of headings.STYLES


class Keep(NamedTuple):
    """How much of a recording is kept at least; one of the two is infinite."""

    seconds: float
    size: float  # bytes

    @property
    def text(self) -> str:
        """For a person, such as 64 min or 64 MiB."""
        if self.seconds == math.inf:
            return f"{self.size / 2**20:g} MiB"
        long = self.seconds >= 60
        return f"{self.seconds / 60:g} min" if long else f"{self.seconds:g} s"


class Until(NamedTuple):
    """The open after which a trace ends."""

    selection: Selection
    is_opened: bool  # it must succeed


class Output(NamedTuple):
    """What is written, where, and when that ends."""

    format: str  # one of FORMATS
    nul: bool  # paths end with NUL
    color: bool  # of rows
    color_mistakes: bool  # colours for errors in the C
    unbuffered: bool
    output_file: Optional[str]
    row_limit: int  # 0: no limit
    duration: Optional[float]  # seconds
    until: Optional[Until]
    quiet: bool
    verbose: bool
    summary: bool  # instead of rows
    interval: Optional[float]  # seconds
    by: Tuple[str, ...]  # columns that a summary counts by; empty: comm
    table_rows: int  # of each table of a summary
    hanging: Optional[float]  # seconds: rows of opens that took so long so far
    top: bool  # a summary as a live screen
    once: bool  # rows that are alike: how often, at the end
    record: Optional[str]  # a file; "-" is stdout
    keep: Optional[Keep]  # of a recording; None: all
    replay: Optional[str]  # a file; "-" is stdin
    doctor: bool


class Probe(NamedTuple):
    """What runs in the kernel, and what is shown of that."""

    buffer_pages: Optional[int]  # for each CPU
    plan: str  # one of plan_list.PLANS, or "auto"
    trusted: bool  # paths from the kernel's own copy
    source: Optional[str]  # a C file instead of bpf_src
    btf: Optional[str]  # a file or folder
    live: bool
    maps: bool
    settings: Tuple[str, ...]  # MAP[KEY]=VALUE, or "-" for lines on stdin
    disasm: bool
    verifier_log: bool
    ebpf: bool
    no_drop: bool  # keep all privileges


class Course(NamedTuple):
    """What is asked of the course."""

    lesson: Optional[int]  # 0: all of them; None: this is no lesson
    check: Optional[str]  # a C file to judge once
    hint: bool
    solution: bool
    reset: bool
    progress: Tuple[str, ...]  # folders


class Options(NamedTuple):
    """What the command line asked for."""

    selection: Selection
    columns: Columns
    output: Output
    probe: Probe
    course: Course

    @property
    def needs_begin(self) -> bool:
        """Must the programs see opens begin?"""
        return self.columns.latency or self.probe.trusted
