# SPDX-License-Identifier: Apache-2.0
"""The counts of a summary, and the tables that are made from them."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from opensnooplib.base.error_names import ERROR_NAMES


class File(NamedTuple):
    """Opens of one path, as it was given."""

    path: bytes
    is_cut: bool  # longer than PATH_MAX
    opened: int
    failed: int
    missing: int  # of those that failed: no such file


class Process(NamedTuple):
    pid: int
    comm: bytes
    opened: int
    failed: int


class NoPlace(NamedTuple):
    """Opens that are not in a table because it was full."""

    files: int
    processes: int


class Summary(NamedTuple):
    seconds: float  # that it covers
    opened: int  # all opens, also those that failed
    files: List[File]
    processes: List[Process]
    errors: Dict[int, int]  # opens by errno
    # Opens that took 2**n ns or more, but less than 2**(n + 1), by n. None:
    # it isn't known how long opens took.
    times: Optional[Dict[int, int]]
    unreadable: int  # opens
    unsure: int  # opens whose result isn't known
    no_place: NoPlace

    @property
    def failed(self) -> int:
        return sum(self.errors.values())


class InVain(NamedTuple):
    """A file name that was looked for where it isn't."""

    name: bytes
    lookups: int
    folders: int  # directories in which it was not
    found: Optional[bytes]  # where it was, if it was opened anywhere


def in_vain(files: List[File]) -> List[InVain]:
    """The names that were not found: the last parts of paths."""
    lookups: Dict[bytes, int] = {}
    folders: Dict[bytes, Set[bytes]] = {}
    found: Dict[bytes, bytes] = {}
    for file in files:
        folder, _, name = file.path.rpartition(b"/")
        if file.missing:
            lookups[name] = lookups.get(name, 0) + file.missing
            folders.setdefault(name, set()).add(folder)
        if file.opened > file.failed:
            found.setdefault(name, file.path)
    return [
        InVain(name, count, len(folders[name]), found.get(name))
        for name, count in lookups.items()
    ]


# The orders of the tables: most opens first.


def file_order(file: File) -> Tuple[int, bytes]:
    return -file.opened, file.path


def process_order(process: Process) -> Tuple[int, int]:
    return -process.opened, process.pid


def error_order(counted: Tuple[int, int]) -> Tuple[int, int]:
    """Of an errno and its opens."""
    return -counted[1], counted[0]


def in_vain_order(name: InVain) -> Tuple[int, bytes]:
    return -name.lookups, name.name


def error_name(number: int) -> str:
    """0 stands for a negative result that is no errno."""
    return ERROR_NAMES.get(number, str(number))
