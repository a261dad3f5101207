# SPDX-License-Identifier: Apache-2.0
"""How columns look: the headings and widths of known ones, and renderings."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from opensnooplib.base import tables

# How a column is rendered, in the order of enum column_kind of
# native/rows/column.h.
Kind = IntEnum(
    "Kind",
    "UNSIGNED SIGNED TEXT BYTES HEX OCTAL BOOL ENUM ERRNO NS USER GROUP "
    "CGROUP CONTAINER FD ERR ERRNAME FLAGS FLAG_NAMES MODE MODE_BITS PATH "
    "SECONDS MONO DELTA WALL DATE CALLERS SIGNED_NS OUTPUT "
    "EXE WORDS LIST DIRECTORY",
    start=0,
)


class Known(NamedTuple):
    """A column that the frontend knows by name."""

    field: str
    heading: str
    kind: Kind  # in the table
    data_kind: Kind  # in JSON and CSV
    width: int
    about: str


def _known() -> dict[str, Known]:
    """The columns of columns.txt, by name."""
    known = {}
    for row in tables.rows(__file__, "columns.txt"):
        name, field, heading, kind, data, width, about = row
        look = heading.strip("-"), Kind[kind], Kind[data], int(width)
        known[name] = Known(field, *look, about)
    return known


KNOWN = _known()

# The column time, for each --time: heading, rendering, width.
STYLES: dict[str, tuple[str, Kind, int]] = {
    "relative": ("TIME(s)", Kind.SECONDS, -13),
    "wall": ("TIME", Kind.WALL, -15),
    "mono": ("MONO(s)", Kind.MONO, -16),
    "delta": ("DELTA(s)", Kind.DELTA, -11),
}
