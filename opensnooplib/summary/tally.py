# SPDX-License-Identifier: Apache-2.0
"""The counts of a summary, which the reader makes: native/event/tally.h."""

from __future__ import annotations

import ctypes
from typing import Any, Iterator

from opensnooplib.base import native_library
from opensnooplib.base.error_names import ERROR_NAMES
from opensnooplib.reader import Reader
from opensnooplib.summary import totals

_ERRORS = 4096
_POWERS = 64
_u64 = ctypes.c_uint64


def _numbers(*names: str) -> Iterator[tuple[str, Any]]:
    return ((name, _u64) for name in names)


class _Entry(ctypes.Structure):
    """struct hash_entry, with the struct tally_entry in it."""


_Entry._fields_ = [
    ("next", ctypes.c_void_p),
    ("older", ctypes.POINTER(_Entry)),
    ("hash", _u64),
    ("key_size", ctypes.c_size_t),
    ("key", ctypes.c_void_p),
    *_numbers("cut", "opened", "failed", "missing", "slowest"),
]


class _Table(ctypes.Structure):
    """struct tally_table."""

    _fields_ = [
        ("slots", ctypes.c_void_p),
        ("slot_count", ctypes.c_size_t),
        ("count", ctypes.c_size_t),
        ("bytes", ctypes.c_size_t),
        ("room", ctypes.c_size_t),
        ("newest", ctypes.POINTER(_Entry)),
        ("found", ctypes.c_void_p),
        ("no_place", _u64),
    ]


class _Tally(ctypes.Structure):
    """struct tally."""

    _fields_ = [
        ("files", _Table),
        ("groups", _Table),
        ("errors", _u64 * _ERRORS),
        ("times", _u64 * _POWERS),
        *_numbers("opened", "unreadable", "unsure", "until", "stopped_at"),
    ]


def _entries(table: _Table) -> Iterator[tuple[bytes, _Entry]]:
    """Key and counts of each."""
    pointer = table.newest
    while pointer:
        entry = pointer.contents
        yield ctypes.string_at(entry.key, entry.key_size), entry
        pointer = entry.older


class Tally:
    """Counts the opens that a reader reads, in place of rows."""

    def __init__(self, reader: Reader, has_times: bool, room: int) -> None:
        """`room` is in bytes: for files, and as much for groups."""
        self._has_times = has_times
        self._reader = reader
        self._tally = _Tally.from_address(reader.tally())
        self._room = ctypes.c_size_t(room)
        self._clear()

    def _clear(self) -> None:
        tally_clear = native_library.load().tally_clear
        tally_clear(ctypes.byref(self._tally), self._room)

    def stop_at(self, until_ns: int) -> None:
        """Until take(), count no later record than that: CLOCK_MONOTONIC."""
        self._tally.until = until_ns if until_ns < 2**64 else 0  # no limit
        self._tally.stopped_at = 0

    @property
    def stopped_at(self) -> int:
        """The time of the first record that wasn't counted; 0: none yet."""
        return int(self._tally.stopped_at)

    def take(self, seconds: float) -> totals.Summary:
        """The counts since the last call, which was `seconds` ago."""
        tally = self._tally
        files, groups = tally.files, tally.groups
        times = {power: c for power, c in enumerate(tally.times) if c}
        summary = totals.Summary(
            seconds=seconds,
            opened=tally.opened,
            files=[
                totals.File(
                    *(path, bool(e.cut), e.opened, e.failed, e.missing),
                    e.slowest or None,
                )
                for path, e in _entries(files)
            ],
            groups=[
                totals.Group(line[:-1], e.opened, e.failed)
                for line, e in _entries(groups)
            ],
            group_heading=self._reader.group_heading,
            errors=[
                totals.Error(err, ERROR_NAMES.get(err, str(err)), count)
                for err, count in enumerate(tally.errors)
                if count
            ],
            times=times if self._has_times else None,
            unreadable=tally.unreadable,
            unsure=tally.unsure,
            no_place={"files": files.no_place, "groups": groups.no_place},
        )
        self._clear()
        return summary
