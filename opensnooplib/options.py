# SPDX-License-Identifier: Apache-2.0
"""The options of a run, by concern; a function takes those that it needs.

cli/arguments.py fills each field from what argparse has under its name.
"""

from __future__ import annotations

import pwd
from typing import Any, Callable, Iterable, List, NamedTuple, Optional, Tuple

from opensnooplib.base.globs import Glob

# The formats of rows.
FORMATS = ("table", "json", "csv", "folded", "paths")


# The root that full paths start from: that of the calling process, or the
# host's.
PATH_VIEWS = ("process", "host")


class Not(NamedTuple):
    """A value with a ! before it: what has it is excluded."""

    value: Any


# The values of an option, and Not(value): an open must have one of the wanted
# values, if there are any, and none that is excluded.
Chosen = Tuple[Any, ...]


def wanted(values: Iterable[Any]) -> List[Any]:
    return [one for one in values if not isinstance(one, Not)]


def excluded(values: Iterable[Any]) -> List[Any]:
    return [one.value for one in values if isinstance(one, Not)]


def each(make: Callable[[Any], Any], values: Iterable[Any]) -> List[Any]:
    """What `make` makes of each value; what is excluded stays so."""
    return [
        Not(make(one.value)) if isinstance(one, Not) else make(one)
        for one in values
    ]


class Selection(NamedTuple):
    """Which opens are shown. Tuples may be empty: then all are."""

    pids: Chosen  # of int
    tid: Optional[int]
    uids: Chosen  # of int
    comms: Chosen  # of bytes: parts of names
    failed: bool
    errnos: Chosen  # of int
    slower_ns: int  # that took as long as that, or longer; 0: any
    flags: Chosen  # of str, as typed: O_CREAT, write, ...
    globs: Tuple[Glob, ...]  # of paths
    by_root: bool  # a pattern, also one of --until, starts with /
    units: Chosen  # of bytes: names of cgroups
    cgroups: Chosen  # of Cgroup
    containers: Chosen  # of Cgroup
    mount_namespaces: Chosen  # of int: inode numbers
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
    # macros of event.h, for fields that are costly to fill
    wanted: Tuple[str, ...]
    latency: bool
    full_path: bool  # with the directory that a relative path starts from
    real_path: bool  # that of the opened file, symbolic links followed
    path_view: str  # one of PATH_VIEWS
    time: Optional[str]  # one of headings.STYLES


class Keep(NamedTuple):
    """How much of a recording is kept at least; one of the two is infinite."""

    seconds: float
    size: float  # bytes


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
