# SPDX-License-Identifier: Apache-2.0
"""A summary as tables, for a person."""

from __future__ import annotations

import heapq
import os
from typing import Any, Callable, Sequence, TypeVar

from opensnooplib.base import native_library
from opensnooplib.base.messages import counted
from opensnooplib.summary.totals import (
    Summary,
    error_name,
    error_order,
    file_order,
    in_vain,
    in_vain_order,
    process_order,
)

_Row = TypeVar("_Row")

# The rows of each table; JSON has all.
ROWS = 10

_BAR = 40


def table(summary: Summary, rows: int = ROWS) -> str:
    """All tables, each with at most `rows` rows; ends with a newline."""
    sections = [
        _overview(summary),
        _files(summary, rows),
        _processes(summary, rows),
        _errors(summary, rows),
        _in_vain(summary, rows),
        _times(summary),
    ]
    return "\n".join(filter(None, sections)) + "\n"


def _overview(summary: Summary) -> str:
    lines = [
        f"{counted(summary.opened, 'open')} in {summary.seconds:.1f} s, "
        f"{summary.failed} failed"
    ]
    if summary.unreadable:
        opens = counted(summary.unreadable, "open")
        lines.append(f"{opens} with an unreadable path")
    if summary.unsure:
        opens = counted(summary.unsure, "open")
        lines.append(f"{opens} with an unknown result")
    full = summary.no_place
    if full.files:
        opens = counted(full.files, "open")
        lines.append(f"{opens} of files for which the table has no room")
    if full.processes:
        opens = counted(full.processes, "open")
        lines.append(f"{opens} by processes for which the table has no room")
    return "\n".join(lines) + "\n"


def _section(
    title: str,
    heading: str,
    every: Sequence[_Row],
    order: Callable[[_Row], Any],
    line: Callable[[_Row], str],
    rows: int,
) -> str:
    """The first of `every` in this order, a line for each."""
    if not every:
        return ""
    shown = [title, heading]
    shown += map(line, heapq.nsmallest(rows, every, key=order))
    if len(every) > rows:
        shown.append(f"... and {len(every) - rows} more")
    return "\n".join(shown) + "\n"


def _files(summary: Summary, rows: int) -> str:
    return _section(
        "Opened most:",
        "   OPENS   FAILED PATH",
        summary.files,
        file_order,
        lambda one: f"{one.opened:>8} {one.failed:>8} "
        + shell_text(one.path, one.is_cut),
        rows,
    )


def _processes(summary: Summary, rows: int) -> str:
    return _section(
        "Who opened most:",
        "   OPENS   FAILED PID    COMM",
        summary.processes,
        process_order,
        lambda one: f"{one.opened:>8} {one.failed:>8} {one.pid:<6} "
        + shell_text(one.comm, in_column=True),
        rows,
    )


def _errors(summary: Summary, rows: int) -> str:
    return _section(
        "Which errors:",
        "   OPENS ERROR",
        list(summary.errors.items()),
        error_order,
        lambda one: f"{one[1]:>8} {error_name(one[0])}: {os.strerror(one[0])}",
        rows,
    )


def _in_vain(summary: Summary, rows: int) -> str:
    return _section(
        "Looked for in vain:",
        "   OPENS     DIRS NAME, and where it was found",
        in_vain(summary.files),
        in_vain_order,
        lambda one: f"{one.lookups:>8} {one.folders:>8} "
        + shell_text(one.name, in_column=True)
        + (f"  {shell_text(one.found)}" if one.found else ""),
        rows,
    )


def _times(summary: Summary) -> str:
    if not summary.times:
        return ""
    slots = range(min(summary.times), max(summary.times) + 1)
    most = max(summary.times.values())
    lines = ["How long it took:", "     UP TO    OPENS"]
    for slot in slots:
        count = summary.times.get(slot, 0)
        bar = "#" * -(-count * _BAR // most)
        line = f"{_duration(2 ** (slot + 1)):>10} {count:>8} {bar}"
        lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


def _duration(ns: int) -> str:
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns} ns"


def shell_text(
    text: bytes, is_cut: bool = False, in_column: bool = False
) -> str:
    """The text, quoted as in a row: native/rows/quoting.h."""
    import ctypes

    lib = native_library.load()
    lib.put_shell_text.restype = ctypes.c_void_p
    lib.put_shell_text.argtypes = [
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_bool,
        ctypes.c_bool,
    ]
    # SHELL_TEXT_BOUND of native/rows/quoting.h
    out = ctypes.create_string_buffer(4 * len(text) + 16)
    end = lib.put_shell_text(out, text, len(text), is_cut, in_column)
    return out.raw[: end - ctypes.addressof(out)].decode()
