# SPDX-License-Identifier: Apache-2.0
"""A summary as tables, for a person."""

from __future__ import annotations

import os
from typing import Sequence

from opensnooplib.base import native_library
from opensnooplib.base.messages import counted
from opensnooplib.summary.totals import (
    Summary,
    by_opens,
    error_name,
    in_vain,
    sorted_errors,
)

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
    full = summary.no_place
    if full.files:
        opens = counted(full.files, "open")
        lines.append(f"{opens} of files for which the table has no room")
    if full.processes:
        opens = counted(full.processes, "open")
        lines.append(f"{opens} by processes for which the table has no room")
    return "\n".join(lines) + "\n"


def _section(title: str, heading: str, lines: Sequence[str], rows: int) -> str:
    if not lines:
        return ""
    shown = [title, heading, *lines[:rows]]
    if len(lines) > rows:
        shown.append(f"... and {len(lines) - rows} more")
    return "\n".join(shown) + "\n"


def _files(summary: Summary, rows: int) -> str:
    return _section(
        "Opened most:",
        "   OPENS   FAILED PATH",
        [
            f"{one.opened:>8} {one.failed:>8} "
            + shell_text(one.path, one.is_cut)
            for one in by_opens(summary).files
        ],
        rows,
    )


def _processes(summary: Summary, rows: int) -> str:
    return _section(
        "Who opened most:",
        "   OPENS   FAILED PID    COMM",
        [
            f"{one.opened:>8} {one.failed:>8} {one.pid:<6} "
            + shell_text(one.comm)
            for one in by_opens(summary).processes
        ],
        rows,
    )


def _errors(summary: Summary, rows: int) -> str:
    return _section(
        "Which errors:",
        "   OPENS ERROR",
        [
            f"{count:>8} {error_name(number)}: {os.strerror(number)}"
            for number, count in sorted_errors(summary)
        ],
        rows,
    )


def _in_vain(summary: Summary, rows: int) -> str:
    return _section(
        "Looked for in vain:",
        "   OPENS     DIRS NAME, and where it was found",
        [
            f"{one.lookups:>8} {one.folders:>8} {shell_text(one.name)}"
            + (f"  {shell_text(one.found)}" if one.found else "")
            for one in in_vain(summary.files)
        ],
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


def shell_text(text: bytes, is_cut: bool = False) -> str:
    """The text, quoted as in a row: native/rows/quoting.h."""
    import ctypes

    lib = native_library.load()
    lib.put_shell_text.restype = ctypes.c_void_p
    lib.put_shell_text.argtypes = [
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_bool,
    ]
    # SHELL_TEXT_BOUND of native/rows/quoting.h
    out = ctypes.create_string_buffer(4 * len(text) + 16)
    end = lib.put_shell_text(out, text, len(text), is_cut)
    return out.raw[: end - ctypes.addressof(out)].decode()
