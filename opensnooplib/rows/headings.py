# SPDX-License-Identifier: Apache-2.0
"""How columns look: the headings and widths of known ones, and renderings."""

from __future__ import annotations

from enum import IntEnum
from typing import Dict, NamedTuple, Tuple


class Kind(IntEnum):
    """How a column is rendered: enum column_kind of native/rows/column.h."""

    UNSIGNED = 0
    SIGNED = 1
    TEXT = 2
    BYTES = 3
    HEX = 4
    OCTAL = 5
    BOOL = 6
    ENUM = 7
    ERRNO = 8
    NS = 9
    USER = 10
    GROUP = 11
    CGROUP = 12
    CONTAINER = 13
    FD = 14
    ERR = 15
    ERRNAME = 16
    FLAGS = 17
    FLAG_NAMES = 18
    MODE = 19
    MODE_BITS = 20
    PATH = 21
    SECONDS = 22
    MONO = 23
    DELTA = 24
    WALL = 25
    DATE = 26
    CALLERS = 27
    SIGNED_NS = 28


class Known(NamedTuple):
    """A column that the frontend knows by name."""

    field: str
    heading: str
    kind: Kind  # in the table
    width: int
    data_kind: Kind  # in JSON and CSV
    about: str


# Headings and widths are those of BCC's opensnoop.py, where it has the column.
KNOWN: Dict[str, Known] = {
    name: Known(*known)
    for name, known in {
        "time": (
            *("ts", "", Kind.SECONDS, 0, Kind.DATE),
            "when the open ended, in the style of --time",
        ),
        "uid": (
            *("uid", "UID", Kind.UNSIGNED, -5, Kind.UNSIGNED),
            "the real user ID",
        ),
        "user": (
            *("uid", "USER", Kind.USER, -12, Kind.USER),
            "the user's name, or the ID if it has none",
        ),
        "pid": (
            *("pid", "PID", Kind.UNSIGNED, -6, Kind.UNSIGNED),
            "the process ID",
        ),
        "tid": (
            *("tid", "TID", Kind.UNSIGNED, -6, Kind.UNSIGNED),
            "the thread ID",
        ),
        "comm": (
            *("comm", "COMM", Kind.TEXT, -16, Kind.TEXT),
            "the command's name",
        ),
        "fd": (
            *("ret", "FD", Kind.FD, 4, Kind.FD),
            "the file descriptor, or -1",
        ),
        "err": (
            *("ret", "ERR", Kind.ERR, 3, Kind.ERR),
            "the error number, or 0",
        ),
        "errname": (
            *("ret", "ERRNAME", Kind.ERRNAME, -8, Kind.ERRNAME),
            "the error by name, such as ENOENT",
        ),
        "flags": (
            *("flags", "FLAGS", Kind.FLAG_NAMES, -26, Kind.UNSIGNED),
            "flags of open(2), such as O_RDWR|O_CREAT",
        ),
        "mode": (
            *("mode", "MODE", Kind.MODE, -4, Kind.MODE_BITS),
            "permissions for a new file, in octal",
        ),
        "gid": (
            *("gid", "GID", Kind.UNSIGNED, -5, Kind.UNSIGNED),
            "the real group ID",
        ),
        "group": (
            *("gid", "GROUP", Kind.GROUP, -12, Kind.GROUP),
            "the group's name, or the ID if it has none",
        ),
        "cgroup": (
            *("cgroup_id", "CGROUP", Kind.CGROUP, -32, Kind.CGROUP),
            "the cgroup's path, or its ID if it is gone",
        ),
        "container": (
            *("cgroup_id", "CONTAINER", Kind.CONTAINER, -12, Kind.CONTAINER),
            "the container's ID or name",
        ),
        "callers": (
            *("callers", "CALLERS", Kind.CALLERS, 0, Kind.CALLERS),
            "who called: the functions on the user stack, below the row",
        ),
        "path": (
            *("path", "PATH", Kind.PATH, 0, Kind.PATH),
            "the path as the program gave it",
        ),
    }.items()
}

# The column time, for each --time: heading, rendering, width.
STYLES: Dict[str, Tuple[str, Kind, int]] = {
    "relative": ("TIME(s)", Kind.SECONDS, -13),
    "wall": ("TIME", Kind.WALL, -15),
    "mono": ("MONO(s)", Kind.MONO, -16),
    "delta": ("DELTA(s)", Kind.DELTA, -11),
}
