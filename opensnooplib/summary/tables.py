# SPDX-License-Identifier: Apache-2.0
"""A summary as tables, for a person."""

from __future__ import annotations

import os
from typing import Callable, NamedTuple, Sequence

from opensnooplib.base.messages import counted, duration
from opensnooplib.base.quoting import shell_text
from opensnooplib.summary import totals
from opensnooplib.summary.totals import Row, Summary

# What stands above each table.
_FILES = "Opened most:\n   OPENS   FAILED PATH"
_GROUPS = "Who opened most:\n   OPENS   FAILED "
_SLOWEST = "Slowest files:\n   LONGEST PATH"
_ROWS = "How often:\n   OPENS "
_ERRORS = "Which errors:\n   OPENS ERROR"
_IN_VAIN = (
    "Looked for in vain:\n   OPENS     DIRS NAME, and where it was found"
)

_BAR = 40


def how_often(summary: Summary) -> str:
    """The table below the rows of --once, if there are any."""
    head = (_ROWS + summary.group_heading).rstrip()
    every = View(len(summary.groups))
    return _section("\n" + head, summary.groups, _row, every)


class View(NamedTuple):
    """Which rows a table shows, and in which order."""

    most: int  # rows
    holds: str = ""  # only rows with this text
    order: str = "opened"  # or "failed", or "slowest_ns"


def _section(
    head: str, rows: Sequence[Row], as_line: Callable[[Row], str], view: View
) -> str:
    if view.holds:
        rows = [row for row in rows if view.holds in as_line(row)]
    if not rows:
        return ""
    most: int = view.most
    lines = [head, *map(as_line, totals.by_opens(rows, most, view.order))]
    if len(rows) > most:
        lines.append(f"... and {len(rows) - most} more")
    return "\n".join(lines) + "\n"


def table(summary: Summary, view: View) -> str:
    """All tables; ends with a newline."""
    groups = (_GROUPS + summary.group_heading).rstrip()
    slowest = [file for file in summary.files if file.slowest_ns]
    by_time = view._replace(order="slowest_ns")
    sections = [
        _overview(summary),
        _section(_FILES, summary.files, _file, view),
        _section(groups, summary.groups, _group, view),
        _section(_ERRORS, summary.errors, _error, view),
        _section(_IN_VAIN, summary.in_vain(), _in_vain, view),
        _times(summary),
        _section(_SLOWEST, slowest, _slow, by_time),
    ]
    return "\n".join(filter(None, sections)) + "\n"


def _overview(summary: Summary) -> str:
    lines = [
        f"{counted(summary.opened, 'open')} in {summary.seconds:.1f} s, "
        f"{summary.failed} failed"
    ]
    no_room = "for which the table has no room"
    for count, which in (
        (summary.unreadable, "with an unreadable path"),
        (summary.unsure, "with an unknown result"),
        (summary.no_place["files"], f"of files {no_room}"),
        (summary.no_place["groups"], f"of groups {no_room}"),
    ):
        if count:
            lines.append(f"{counted(count, 'open')} {which}")
    return "\n".join(lines) + "\n"


def _file(file: totals.File) -> str:
    path = shell_text(file.path, file.path_cut)
    return f"{file.opened:>8} {file.failed:>8} {path}"


def _group(group: totals.Group) -> str:
    return f"{group.opened:>8} {group.failed:>8} {group.row.decode()}"


def _error(error: totals.Error) -> str:
    why = os.strerror(error.err) if error.err else "no errno"
    return f"{error.opened:>8} {error.name} ({error.err}): {why}"


def _in_vain(name: totals.InVain) -> str:
    line = f"{name.opened:>8} {name.folders:>8} "
    line += shell_text(name.name, in_column=True)
    return f"{line}  {shell_text(name.found)}" if name.found else line


def _row(group: totals.Group) -> str:
    return f"{group.opened:>8} {group.row.decode()}"


def _times(summary: Summary) -> str:
    if not summary.times:
        return ""
    most = max(summary.times.values())
    lines = ["How long it took:", "     UP TO    OPENS"]
    for slot in range(min(summary.times), max(summary.times) + 1):
        count = summary.times.get(slot, 0)
        bar = "#" * -(-count * _BAR // most)
        line = f"{duration(2 ** (slot + 1)):>10} {count:>8} {bar}"
        lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


def _slow(file: totals.File) -> str:
    path = shell_text(file.path, file.path_cut)
    return f"{duration(file.slowest_ns or 0):>10} {path}"
