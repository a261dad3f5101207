# SPDX-License-Identifier: Apache-2.0
"""The options of a run, by concern; a function takes those that it needs.

cli/arguments.py fills each field from what argparse has under its name.
"""

from __future__ import annotations

import pwd
from typing import NamedTuple, Optional, Tuple

from opensnooplib.base.globs import Glob
from opensnooplib.kernel.cgroups import Cgroup

# The formats of rows, in the order of enum row_kind of
# native/pipeline/reader_data.h.
FORMATS = ("table", "json", "csv")


# The root that full paths start from: that of the calling process, or the
# host's.
PATH_VIEWS = ("process", "host")


class Selection(NamedTuple):
    """Which opens are shown. Tuples may be empty: then all are."""

    pids: Tuple[int, ...]
    tid: Optional[int]
    uids: Tuple[int, ...]
    comm_part: bytes
    failed: bool
    errnos: Tuple[int, ...]
    flags: Tuple[str, ...]  # as typed: O_CREAT, write, ...
    globs: Tuple[Glob, ...]  # of paths
    cgroups: Tuple[Cgroup, ...]
    containers: Tuple[Cgroup, ...]
    mount_namespaces: Tuple[int, ...]  # inode numbers
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


class Output(NamedTuple):
    """What is written, where, and when that ends."""

    format: str  # one of FORMATS
    color: bool  # of rows
    color_mistakes: bool  # colours for errors in the C
    unbuffered: bool
    output_file: Optional[str]
    row_limit: int  # 0: no limit
    duration: Optional[float]  # seconds
    quiet: bool
    verbose: bool
    summary: bool  # instead of rows
    interval: Optional[float]  # seconds
    top: bool  # a summary as a live screen
    record: Optional[str]  # a file; "-" is stdout
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


class Options(NamedTuple):
    """What the command line asked for."""

    selection: Selection
    columns: Columns
    output: Output
    probe: Probe

    @property
    def needs_begin(self) -> bool:
        """Must the programs see opens begin?"""
        return self.columns.latency or self.probe.trusted
