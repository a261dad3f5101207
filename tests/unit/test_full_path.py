# SPDX-License-Identifier: Apache-2.0
"""Full paths: put together from a name and its directories."""

from __future__ import annotations

import json
import struct
from typing import Any, Tuple

import pytest

from opensnooplib.rows.headings import Kind
from tests.unit.native import Column, Layout, Native

# enum dir_state of bpf_src/extra/record_values.h
KNOWN, FILE, DELETED, UNREACHABLE, CUT, OTHER_MOUNTS = 1, 2, 4, 8, 16, 32

ROOM = 64
# Where a record has these, they stand before the path.
OTHER_LAYOUT = Layout(
    path_size=(0, 4),
    dir_size=(4, 4),
    dir_state=(8, 4),
    fs_device=(12, 4),
    fs_size=(16, 4),
    mount_size=(20, 4),
    path=(24, 64),
)
OVERLAY = 40
MOUNTS = (
    b"27 1 254:0 / / rw - ext4 none rw\n"
    b"28 27 0:40 / /srv/root rw - overlay none rw\n"
)
LAYOUT = Layout(
    path_size=(0, 4), dir_size=(4, 4), dir_state=(8, 4), path=(12, ROOM)
)
PATH = Column(Kind.PATH, (12, ROOM), name="path")


def _record(name: bytes, names: bytes, state: int) -> bytes:
    head = struct.pack("=iII", len(name) + 1, len(names), state)
    return head + name + b"\0" + names


def _row(native: Native, record: bytes) -> str:
    row = native.table_row([PATH], record, LAYOUT)
    assert row.endswith("\n")
    return row[:-1]


@pytest.mark.parametrize(
    "name, names, state, shown",
    [
        (b"c", b"b\0a\0", KNOWN, "/a/b/c"),
        (b"../c", b"b\0", KNOWN, "/b/../c"),
        (b"c", b"", KNOWN, "/c"),
        # RESOLVE_IN_ROOT; or what a chroot is, as the host sees it.
        (b"//etc/c", b"b\0", KNOWN, "/b/etc/c"),
        (b"/c", b"", 0, "/c"),
        (b"c", b"", 0, "c"),
        (b"", b"", 0, ""),
        (b"c", b"b\0a\0", KNOWN | DELETED, "/a/b (deleted)/c"),
        (b"c", b"b\0a\0", KNOWN | UNREACHABLE, "(unreachable)/a/b/c"),
        (b"c", b"b\0a\0", KNOWN | OTHER_MOUNTS, "(other mounts)/a/b/c"),
        (b"c", b"b\0a\0", KNOWN | CUT, ".../a/b/c"),
        (b"ln", b"b\0a\0", KNOWN | FILE, "/a/b"),
        (b"", b"", KNOWN | FILE, "/"),
        (b"ln", b"b\0", KNOWN | FILE | DELETED, "/b (deleted)"),
        (b"ln", b"\0", KNOWN | FILE | UNREACHABLE, "(unreachable)/"),
        # A name anywhere makes all of it quoted, as one word.
        (b"c", b"b\x1b\0a\0", KNOWN, "$'/a/b\\x1b/c'"),
    ],
)
def test_put_together(
    native: Native, name: bytes, names: bytes, state: int, shown: str
) -> None:
    assert _row(native, _record(name, names, state)) == shown


def _json(native: Native, record: bytes) -> Any:
    return json.loads(native.json_row([PATH], record, LAYOUT))


def test_json_tells_a_cut(native: Native) -> None:
    assert _json(native, _record(b"c", b"b\0", KNOWN | CUT)) == {
        "path": ".../b/c",
        "path_cut": True,
    }
    assert _json(native, _record(b"c", b"b\0", KNOWN)) == {"path": "/b/c"}


def test_an_unreadable_name_has_no_directories(native: Native) -> None:
    record = struct.pack("=iII", -14, 2, KNOWN) + b"b\0"
    assert _row(native, record) == "<unreadable>"


@pytest.mark.parametrize("dir_size", [3, 60, 2**31, 2**32 - 1])
def test_a_record_that_is_shorter_than_it_says(
    native: Native, dir_size: int
) -> None:
    record = struct.pack("=iII", 2, dir_size, KNOWN) + b"c\0b\0"
    assert _row(native, record) == "/b/c"


def test_names_beyond_all_bounds(native: Native) -> None:
    """As only a forged recording has them."""
    layout = LAYOUT._replace(path=(12, 40_000))
    column = PATH._replace(field=(12, 40_000))
    names = b"x\0" * 15_000
    row = native.table_row([column], _record(b"c", names, KNOWN), layout)
    assert row == "$'c'...\n"


def _other_row(
    native: Native,
    name: bytes,
    names: bytes,
    sizes: Tuple[int, int],
    state: int = 0,
    device: int = OVERLAY,
    mounts: bytes = MOUNTS,
) -> str:
    """Of another mount namespace than the tool's."""
    record = struct.pack(
        *("=iIIIII", len(name) + 1, len(names)),
        *(KNOWN | OTHER_MOUNTS | state, device, *sizes),
    )
    column = PATH._replace(field=OTHER_LAYOUT.path)
    with native.host_mounts(mounts) as host:
        row = native.table_row(
            *([column], record + name + b"\0" + names, OTHER_LAYOUT),
            host_mounts=host,
        )
    return row[:-1]


@pytest.mark.parametrize(
    "name, names, sizes, state, shown",
    [
        (b"c", b"b\0a\0", (4, 4), 0, "/srv/root/a/b/c"),
        (b"c", b"", (0, 0), 0, "/srv/root/c"),
        (b"", b"", (0, 0), FILE, "/srv/root"),
        (b"", b"a\0", (2, 2), FILE | DELETED, "/srv/root/a (deleted)"),
        # Of the directory /top of the file system, which is mounted on /mnt.
        (b"c", b"a\0top\0mnt\0", (6, 2), 0, "/srv/root/top/a/c"),
        # How it ends isn't known, or there it is: nowhere.
        (b"c", b"b\0a\0", (4, 4), CUT, "(other mounts).../a/b/c"),
        (b"c", b"b\0", (2, 2), UNREACHABLE, "(unreachable)/b/c"),
    ],
)
def test_as_the_host_has_it(
    native: Native,
    name: bytes,
    names: bytes,
    sizes: Tuple[int, int],
    state: int,
    shown: str,
) -> None:
    assert _other_row(native, name, names, sizes, state) == shown


@pytest.mark.parametrize(
    "names, sizes, state, shown",
    [
        (b"b\0a\0", (4, 4), 0, "(other mounts)/a/b/c"),
        (b"a\0top\0mnt\0", (6, 2), 0, "(other mounts)/mnt/a/c"),
        (b"top\0mnt\0", (4, 0), FILE, "(other mounts)/mnt"),
        (b"", (0, 0), FILE, "(other mounts)/"),
    ],
)
def test_what_the_host_has_not(
    native: Native,
    names: bytes,
    sizes: Tuple[int, int],
    state: int,
    shown: str,
) -> None:
    """As the namespace has it."""
    other = OVERLAY + 1
    assert _other_row(native, b"c", names, sizes, state, other) == shown


@pytest.mark.parametrize("sizes", [(5, 4), (2, 4), (2**32 - 1, 0)])
def test_sizes_that_can_not_be(native: Native, sizes: Tuple[int, int]) -> None:
    row = _other_row(native, b"c", b"b\0a\0", sizes)
    assert row == "(other mounts)/a/b/c"


def test_a_replay_does_not_map(native: Native) -> None:
    record = struct.pack(
        *("=iIIIII", 2, 2, KNOWN | OTHER_MOUNTS, OVERLAY, 2, 2)
    )
    column = PATH._replace(field=OTHER_LAYOUT.path)
    row = native.table_row([column], record + b"c\0b\0", OTHER_LAYOUT)
    assert row == "(other mounts)/b/c\n"
