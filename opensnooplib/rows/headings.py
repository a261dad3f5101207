# SPDX-License-Identifier: Apache-2.0
"""How columns look: the headings and widths of known ones, and renderings."""

from __future__ import annotations

import os
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


def _known() -> dict[str, Known]:
    """The columns of columns.txt, by name."""
    path = os.path.join(os.path.dirname(__file__), "columns.txt")
    with open(path, encoding="ascii") as file:
        lines = [line.split(None, 5) for line in file if line[0] != "#"]
    return {
        name: Known(
            field, heading.strip("-"), Kind[kind], int(width), about[:-1]
        )
        for name, field, heading, kind, width, about in lines
    }


KNOWN = _known()

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
