# SPDX-License-Identifier: Apache-2.0
"""The counts of a summary, and the tables that are made from them."""

from __future__ import annotations

import heapq
from typing import NamedTuple, Sequence, TypeVar

# The rows of the tables: JSON has their fields by the same names.


class File(NamedTuple):
    """Opens of one path, as it was given."""

    path: bytes
    path_cut: bool  # longer than PATH_MAX
    opened: int  # also those that failed
    failed: int
    missing: int  # of those that failed: no such file
    slowest_ns: int | None  # None: it isn't known how long opens took


class Group(NamedTuple):
    """Opens by the same command, user or whatever they are counted by."""

    row: bytes  # of the columns that they are counted by
    opened: int
    failed: int


class Error(NamedTuple):
    err: int  # 0: a negative result that is no errno
    name: str
    opened: int


class InVain(NamedTuple):
    """A file name that was looked for where it isn't."""

    name: bytes
    opened: int
    folders: int  # directories in which it was not
    found: bytes | None  # where it was, if it was opened anywhere


Row = TypeVar("Row", File, Group, Error, InVain)


class Summary(NamedTuple):
    seconds: float  # that it covers
    opened: int  # all opens, also those that failed
    files: list[File]
    groups: list[Group]
    group_heading: str
    errors: list[Error]
    # Opens that took 2**n ns or more, but less than 2**(n + 1), by n. None:
    # it isn't known how long opens took.
    times: dict[int, int] | None
    unreadable: int  # opens
    unsure: int  # opens whose result isn't known
    no_place: dict[str, int]  # opens for which there was no room, by table

    @property
    def failed(self) -> int:
        return sum(error.opened for error in self.errors)

    def in_vain(self) -> list[InVain]:
        """The names that were not found: the last parts of paths."""
        opened: dict[bytes, int] = {}
        folders: dict[bytes, set[bytes]] = {}
        found: dict[bytes, bytes] = {}
        for file in self.files:
            folder, _, name = file.path.rstrip(b"/").rpartition(b"/")
            if file.missing:
                opened[name] = opened.get(name, 0) + file.missing
                folders.setdefault(name, set()).add(folder)
            if file.opened > file.failed:
                found.setdefault(name, file.path)
        return [
            InVain(name, count, len(folders[name]), found.get(name))
            for name, count in opened.items()
        ]


def by_opens(
    rows: Sequence[Row], most: int, count: str = "opened"
) -> list[Row]:
    """The rows with most opens, at most so many, those with more first.

    `count` may be "failed" or "slowest_ns", where rows have that.
    """

    def key(row: Row) -> tuple[int, object]:
        return -getattr(row, count, row.opened), row[0]

    return heapq.nsmallest(most, rows, key=key)
