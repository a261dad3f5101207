# SPDX-License-Identifier: Apache-2.0
"""The look of rows: columns, format, colour."""

from __future__ import annotations

import time
from typing import NamedTuple, Sequence

from opensnooplib.base import native_library
from opensnooplib.base.errors import SourceError
from opensnooplib.options import Options
from opensnooplib.rows import column_choice
from opensnooplib.rows.column_choice import Column
from opensnooplib.rows.headings import Kind
from opensnooplib.rows.schema import Schema


# In the order of enum row_kind of native/rows/row.h.
_KINDS = "table json csv folded raw_paths recording summary line".split()


class RowFormat(NamedTuple):
    """All that the native code needs to turn records into rows."""

    schema: Schema
    columns: list[Column]
    kind: str  # one of _KINDS, or paths: a table of them without a heading
    color: bool
    output: str = ""  # its name, where the C has several
    shows_own: bool = False  # what the tool's own processes do, too
    in_any_task: bool = False  # who sends a record has no part in it
    # What a summary or --once counts by; then what the key g of --top offers.
    groups: Sequence[Sequence[Column]] = ((),)
    group_as_json: bool = False

    @property
    def number(self) -> int:
        """enum row_kind of native/rows/row.h."""
        kind = "table" if self.kind == "paths" else self.kind
        return _KINDS.index(kind)

    @property
    def has_callers(self) -> bool:
        return any(c.kind == Kind.CALLERS for c in self.columns)

    def heading(self) -> str:
        """What stands above the rows; empty for rows that other programs read.

        That is a line, newline included, and with several outputs another one
        before it, with the output's name.
        """
        if self.kind == "csv":
            return ",".join(c.key for c in self.columns) + "\r\n"
        if self.kind != "table":
            return ""
        name = f"{self.output}:\n" if self.output else ""
        return f"{name}{heading(self.columns)}\n"


def heading(columns: Sequence[Column]) -> str:
    """The headings of columns, as wide as these, without a newline."""
    return " ".join(
        (str.ljust if c.width < 0 else str.rjust)(c.heading, abs(c.width))
        for c in columns
        if c.kind != Kind.CALLERS  # callers are lines below the row
    )


def choose(schema: Schema, options: Options, name: str = "") -> RowFormat:
    """The format that `options` ask for, for records of this schema.

    `name` is that of the output, if there are several: rows of JSON and CSV
    begin with it, and an output that lacks a column asked for has the usual
    ones. Raises OpensnoopError where the only output lacks one.
    """
    output = options.output
    kind = "raw_paths" if output.nul else output.format
    if output.record or output.summary:
        kind = "recording" if output.record else "summary"
    try:
        columns = column_choice.choose(schema, options)
    except SourceError:
        if not name:
            raise
        usual = options.columns._replace(names=(), timestamp=False, time=None)
        usual = usual._replace(print_uid=False, extended_fields=False)
        options = options._replace(columns=usual)
        columns = column_choice.choose(schema, options)
    if name and kind in ("json", "csv"):
        columns.insert(0, column_choice.of_output(name))
    return RowFormat(
        *(schema, columns, kind, output.color, name),
        shows_own=options.selection.own,
        groups=column_choice.groups(schema, options),
        group_as_json=output.format == "json",
    )


# Lines of bpf_trace_printk(), in place of rows.
LINES = RowFormat(Schema(()), [], "line", False)


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
