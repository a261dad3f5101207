# SPDX-License-Identifier: Apache-2.0
"""The look of rows: columns, format, colour."""

from __future__ import annotations

import time
from typing import List, NamedTuple

from opensnooplib.base import native_library
from opensnooplib.options import FORMATS, Options
from opensnooplib.rows import column_choice
from opensnooplib.rows.column_choice import Column
from opensnooplib.rows.headings import Kind
from opensnooplib.rows.schema import Schema


class RowFormat(NamedTuple):
    """All that the native code needs to turn records into rows."""

    schema: Schema
    columns: List[Column]
    kind: str  # one of FORMATS, "recording" or "summary"
    color: bool

    @property
    def number(self) -> int:
        """enum row_kind of native/pipeline/reader_data.h."""
        return (*FORMATS, "recording", "summary").index(self.kind)

    @property
    def has_callers(self) -> bool:
        return any(c.kind == Kind.CALLERS for c in self.columns)

    def heading(self) -> str:
        """The first line, newline included; empty for JSON and summaries."""
        if self.kind in ("json", "summary"):
            return ""
        if self.kind == "csv":
            return ",".join(c.key for c in self.columns) + "\r\n"
        words = [
            c.heading.ljust(-c.width)
            if c.width < 0
            else c.heading.rjust(c.width)
            for c in self.columns
            if c.kind != Kind.CALLERS  # callers are lines below the row
        ]
        return " ".join(words) + "\n"


def choose(schema: Schema, options: Options) -> RowFormat:
    """The format that `options` ask for, for records of this schema.

    Raises OpensnoopError where the schema lacks a column asked for.
    """
    output = options.output
    kind = output.format
    if output.record or output.summary:
        kind = "recording" if output.record else "summary"
    columns = column_choice.choose(schema, options)
    return RowFormat(schema, columns, kind, output.color)


def wall_offset_ns() -> int:
    """What to add to a record's time for the time of day, now, in ns.

    The best of a few tries: an interrupt can come between two readings.
    """
    tries = []
    for _ in range(5):
        before = native_library.kernel_clock_ns()
        wall = time.time_ns()
        after = native_library.kernel_clock_ns()
        tries.append((after - before, wall - (before + after) // 2))
    return min(tries)[1]
