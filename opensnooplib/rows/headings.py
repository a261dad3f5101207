# SPDX-License-Identifier: Apache-2.0
"""How columns look: the headings and widths of known ones, and renderings."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

# How a column is rendered, in the order of enum column_kind of
# native/rows/column.h.
Kind = IntEnum(
    "Kind",
    "UNSIGNED SIGNED TEXT BYTES HEX OCTAL BOOL ENUM ERRNO NS USER GROUP "
    "CGROUP CONTAINER FD ERR ERRNAME FLAGS FLAG_NAMES MODE MODE_BITS PATH "
    "SECONDS MONO DELTA WALL DATE CALLERS SIGNED_NS OUTPUT",
    start=0,
)


class Known(NamedTuple):
    """A column that the frontend knows by name."""

    field: str
    heading: str
    kind: Kind  # in the table
    width: int
    about: str


# Headings and widths are those of BCC's opensnoop.py, where it has the column.
KNOWN: dict[str, Known] = {
    "time": Known(
        *("ts", "", Kind.SECONDS, 0),
        "when the open ended, in the style of --time",
    ),
    "uid": Known("uid", "UID", Kind.UNSIGNED, -5, "the real user ID"),
    "user": Known(
        *("uid", "USER", Kind.USER, -12),
        "the user's name, or the ID if it has none",
    ),
    "pid": Known("pid", "PID", Kind.UNSIGNED, -6, "the process ID"),
    "tid": Known("tid", "TID", Kind.UNSIGNED, -6, "the thread ID"),
    "comm": Known("comm", "COMM", Kind.TEXT, -16, "the command's name"),
    "fd": Known("ret", "FD", Kind.FD, 4, "the file descriptor, or -1"),
    "err": Known("ret", "ERR", Kind.ERR, 3, "the error number, or 0"),
    "errname": Known(
        "ret", "ERRNAME", Kind.ERRNAME, -8, "the error by name, such as ENOENT"
    ),
    "flags": Known(
        *("flags", "FLAGS", Kind.FLAG_NAMES, -26),
        "flags of open(2), such as O_RDWR|O_CREAT",
    ),
    "mode": Known(
        *("mode", "MODE", Kind.MODE, -4),
        "permissions for a new file, in octal",
    ),
    "gid": Known("gid", "GID", Kind.UNSIGNED, -5, "the real group ID"),
    "group": Known(
        *("gid", "GROUP", Kind.GROUP, -12),
        "the group's name, or the ID if it has none",
    ),
    "cgroup": Known(
        *("cgroup_id", "CGROUP", Kind.CGROUP, -32),
        "the cgroup's path, or its ID if it is gone",
    ),
    "container": Known(
        *("cgroup_id", "CONTAINER", Kind.CONTAINER, -12),
        "the container's ID or name",
    ),
    "callers": Known(
        *("callers", "CALLERS", Kind.CALLERS, 0),
        "who called: the functions on the user stack, below the row",
    ),
    "path": Known(
        "path", "PATH", Kind.PATH, 0, "the path as the program gave it"
    ),
}

# The renderings in JSON and CSV that aren't those in the table.
DATA_KINDS = {
    "time": Kind.DATE,
    "flags": Kind.UNSIGNED,
    "mode": Kind.MODE_BITS,
}

# The column time, for each --time: heading, rendering, width.
STYLES: dict[str, tuple[str, Kind, int]] = {
    "relative": ("TIME(s)", Kind.SECONDS, -13),
    "wall": ("TIME", Kind.WALL, -15),
    "mono": ("MONO(s)", Kind.MONO, -16),
    "delta": ("DELTA(s)", Kind.DELTA, -11),
}
