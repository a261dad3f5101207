# SPDX-License-Identifier: Apache-2.0
"""Kinds of columns that need an oracle: clocks, names, symbols, arrays."""

from __future__ import annotations

import datetime
import errno
import grp
import json
import os
import pwd
import struct
import time
from typing import Any, Iterator, List

import pytest

from opensnooplib.rows.headings import Kind
from tests.unit.native import Column, Native


def _json(native: Native, column: Column, record: bytes, **more: Any) -> Any:
    return json.loads(native.json_row([column], record, **more))["name"]


def _unused(numbers: List[int]) -> int:
    return next(n for n in range(70_000, 10**6) if n not in numbers)


def test_ns_below_zero(native: Native) -> None:
    for value, shown in (
        (-1, "-0.001"),
        (-1500, "-1.500"),
        (2500, "2.500"),
        (-(2**63), "-9223372036854775.808"),
    ):
        record = struct.pack("=q", value)
        assert native.cell(Kind.SIGNED_NS, record) == shown
    assert native.cell(Kind.SIGNED_NS, struct.pack("=i", -1)) == "-0.001"
    assert (
        native.cell(Kind.NS, struct.pack("=I", 2**32 - 1)) == "4294967.295"
    )


def test_users_and_groups_by_name(native: Native) -> None:
    for entry in pwd.getpwall():
        record = struct.pack("=I", entry.pw_uid)
        expected = pwd.getpwuid(entry.pw_uid).pw_name
        assert native.cell(Kind.USER, record) == expected
        assert _json(native, Column(Kind.USER, (0, 4)), record) == expected
    for group in grp.getgrall():
        record = struct.pack("=I", group.gr_gid)
        expected = grp.getgrgid(group.gr_gid).gr_name
        assert native.cell(Kind.GROUP, record) == expected


def test_a_user_without_a_name_is_a_number(native: Native) -> None:
    uid = _unused([entry.pw_uid for entry in pwd.getpwall()])
    for number in (uid, 2**32 - 1):
        record = struct.pack("=I", number)
        assert native.cell(Kind.USER, record) == str(number)
        assert _json(native, Column(Kind.USER, (0, 4)), record) == number
        assert native.cell(Kind.GROUP, record) == str(number)
    # What is no uid names nobody: 2**32 is not root.
    assert native.cell(Kind.USER, struct.pack("=Q", 2**32)) == str(2**32)


def test_more_users_than_are_kept(native: Native) -> None:
    """When the table is full, the next are numbers, and the first stay."""
    column = Column(Kind.USER, (0, 4), elements=4001)
    numbers = [0, *range(100_000, 103_998), 1, 0]
    record = struct.pack("=4001I", *numbers)
    shown = _json(native, column, record)
    root = pwd.getpwuid(0).pw_name
    assert shown == [root, *range(100_000, 103_998), 1, root]


def test_errors_by_name(native: Native) -> None:
    for number, name in errno.errorcode.items():
        for value in (number, -number):
            record = struct.pack("=i", value)
            shown = native.cell(Kind.ERRNO, record)
            # Some have two names, of which the kernel's is shown.
            two = {"EDEADLOCK": "EDEADLK", "ENOTSUP": "EOPNOTSUPP"}
            assert shown == two.get(name, name)
    for value, shown in ((0, "-"), (4095, "4095"), (-9999, "9999")):
        assert native.cell(Kind.ERRNO, struct.pack("=i", value)) == shown
    assert native.cell(Kind.ERRNO, struct.pack("=i", -512)) == "ERESTARTSYS"
    column = Column(Kind.ERRNO, (0, 4))
    assert _json(native, column, struct.pack("=i", -2)) == "ENOENT"
    assert _json(native, column, struct.pack("=i", 0)) is None
    assert native.csv_row([column], struct.pack("=i", 0)) == "\r\n"


@pytest.mark.parametrize(
    "ret, shown", [(0, "-"), (3, "-"), (-2, "ENOENT"), (-4095, "4095")]
)
def test_a_descriptor_is_no_error(
    native: Native, ret: int, shown: str
) -> None:
    assert native.cell(Kind.ERRNAME, struct.pack("=i", ret)) == shown


_FLAGS = [
    (name, getattr(os, name))
    for name in dir(os)
    if name.startswith("O_") and name not in ("O_ACCMODE", "O_NDELAY")
]


@pytest.mark.parametrize("name, value", _FLAGS)
def test_each_flag_by_name(native: Native, name: str, value: int) -> None:
    shown = native.cell(Kind.FLAG_NAMES, struct.pack("=Q", value)).split("|")
    if name in ("O_RDONLY", "O_WRONLY", "O_RDWR"):
        assert shown == [name]
    elif value:
        # libc has several names for some: O_FSYNC for O_SYNC.
        assert shown[0] == "O_RDONLY" and len(shown) == 2
        assert getattr(os, shown[1]) == value


@pytest.mark.parametrize(
    "flags, shown",
    [
        (
            os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
            "O_RDWR|O_CREAT|O_CLOEXEC",
        ),
        (os.O_TMPFILE | os.O_RDWR, "O_RDWR|O_TMPFILE"),
        (os.O_SYNC, "O_RDONLY|O_SYNC"),
        (os.O_DSYNC, "O_RDONLY|O_DSYNC"),
        (os.O_ACCMODE, "O_ACCMODE"),
        (1 << 40 | os.O_APPEND, "O_RDONLY|O_APPEND|0x10000000000"),
    ],
)
def test_flags_by_name(native: Native, flags: int, shown: str) -> None:
    assert native.cell(Kind.FLAG_NAMES, struct.pack("=Q", flags)) == shown


def test_all_flags_at_once_fit(native: Native) -> None:
    shown = native.cell(Kind.FLAG_NAMES, struct.pack("=Q", 2**64 - 1))
    assert shown.startswith("O_ACCMODE|O_CREAT|")
    assert "O_LARGEFILE|0x" in shown


@pytest.fixture(params=["UTC", "Europe/Berlin", "America/St_Johns", ":/none"])
def zone(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "wall_ns",
    [
        0,
        1_700_000_000_123_456_789,
        # The night when Berlin sets its clocks back, and an hour later.
        1_761_438_600_000_000_001,
        1_761_442_200_999_999_999,
        253_402_300_799_999_999_999 % 2**63,
    ],
)
def test_dates(native: Native, zone: str, wall_ns: int) -> None:
    """Python's datetime is the oracle."""
    ts = 5_000_000_000
    column = Column(Kind.DATE, (0, 8))
    record = struct.pack("=Q", ts)
    shown = _json(native, column, record, wall_offset=wall_ns - ts)
    second, ns = divmod(wall_ns, 10**9)
    local = datetime.datetime.fromtimestamp(second).astimezone()
    expected = local.isoformat()
    assert shown == f"{expected[:19]}.{ns:09}{expected[19:]}"
    cell = native.cell(Kind.WALL, record, wall_offset=wall_ns - ts)
    assert cell == f"{expected[11:19]}.{ns // 1000:06}"


def test_times_of_one_second_and_of_the_next(native: Native) -> None:
    """The text of a second is kept for all of its rows."""
    columns = [Column(Kind.DATE, (8 * n, 8), name=f"t{n}") for n in range(4)]
    times = [999_999_999, 10**9, 10**9 + 1, 0]
    row = json.loads(native.json_row(columns, struct.pack("=4Q", *times)))
    for number, ts in enumerate(times):
        at = datetime.datetime.fromtimestamp(ts // 10**9).astimezone()
        assert row[f"t{number}"] == at.isoformat().replace(
            "+", f".{ts % 10**9:09}+"
        )


@pytest.mark.parametrize(
    "ts, last, shown",
    [
        (1_000_000_001, 1_000_000_000, "0.000000001"),
        (5, 1_000_000_005, "-1.000000000"),
        (2**64 - 1, 0, "18446744073.709551615"),
        (0, 0, "0.000000000"),
    ],
)
def test_time_since_the_last_row(
    native: Native, ts: int, last: int, shown: str
) -> None:
    record = struct.pack("=Q", ts)
    assert native.cell(Kind.DELTA, record, last_ts=last) == shown
    mono = native.cell(Kind.MONO, record)
    assert mono == f"{ts // 10**9}.{ts % 10**9:09}"


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_hex(native: Native, size: int) -> None:
    for value in (0, 1, 0x80, 256 ** (size - 1), 256**size - 1):
        record = (value % 256**size).to_bytes(size, "little")
        assert native.cell(Kind.HEX, record) == hex(value % 256**size)
    column = Column(Kind.HEX, (0, 8))
    assert _json(native, column, b"\1" + bytes(7)) == "0x1"


def test_other_renderings(native: Native) -> None:
    assert native.cell(Kind.OCTAL, struct.pack("=I", 0o755)) == "755"
    assert native.cell(Kind.NS, struct.pack("=Q", 1_234_567)) == "1234.567"
    assert native.cell(Kind.NS, struct.pack("=I", 7)) == "0.007"
    for value, shown in ((0, "false"), (1, "true"), (2, "true")):
        record = bytes([value])
        assert native.cell(Kind.BOOL, record) == shown
        assert _json(native, Column(Kind.BOOL, (0, 1)), record) is (value > 0)


def test_enums(native: Native) -> None:
    symbols = ((0, "open"), (1, "creat"), (2**32 - 1, "none"))
    column = Column(Kind.ENUM, (0, 4), symbols=symbols)
    for value, shown in (*symbols, (2, 2), (2**31, 2**31)):
        record = struct.pack("=I", value)
        assert native.table_row([column], record) == f"{shown}\n"
        assert _json(native, column, record) == shown


def test_arrays(native: Native) -> None:
    values = [1, -2, 2**31 - 1]
    column = Column(Kind.SIGNED, (4, 4), elements=3)
    record = struct.pack("=I3i", 0, *values)
    assert native.table_row([column], record) == "1,-2,2147483647\n"
    assert native.csv_row([column], record) == '"1,-2,2147483647"\r\n'
    assert _json(native, column, record) == values
    # A record that ends within
    assert native.table_row([column], record[:12]) == "1,-2,?\n"
    assert _json(native, column, record[:12]) == [1, -2, None]
    many = Column(Kind.HEX, (2**32 - 20, 8), elements=4)
    assert native.table_row([many], record) == "?,?,?,?\n"


def test_text_in_an_array_is_still_json(native: Native) -> None:
    column = Column(Kind.TEXT, (0, 2), elements=2)
    assert _json(native, column, b"a\0\xff\n") == ["a", "\ufffd\n"]


def test_a_cgroup_that_is_gone_is_a_number(native: Native) -> None:
    record = struct.pack("=Q", 2**63)
    assert native.cell(Kind.CGROUP, record) == str(2**63)
    assert native.cell(Kind.CONTAINER, record) == "?"
    assert _json(native, Column(Kind.CONTAINER, (0, 8)), record) is None


ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "path, container",
    [
        ("/", ""),
        ("/system.slice/cron.service", ""),
        (f"/system.slice/docker-{ID}.scope", ID[:12]),
        (f"/docker/{ID}", ID[:12]),
        (f"/docker/{ID}/init.scope", ID[:12]),
        (f"/machine.slice/libpod-{ID}.scope/container", ID[:12]),
        (f"/kubepods.slice/x.slice/cri-containerd-{ID}.scope", ID[:12]),
        (f"/kubepods/besteffort/pod0-1/{ID}", ID[:12]),
        (f"/kubepods.slice/crio-{ID}.scope", ID[:12]),
        (f"/docker/{ID}0", ""),
        (f"/docker/{ID[:-1]}", ""),
        ("/lxc.payload.web/init.scope", "web"),
        ("/machine.slice/machine-arch.scope", "arch.scope"),
    ],
)
def test_containers(native: Native, path: str, container: str) -> None:
    assert native.container(path.encode()) == container.encode()


@pytest.mark.parametrize(
    "data, words, names, is_cut",
    [
        (b"\0\0\0\0\0\0", None, None, False),
        (b"a\0b c\0", "a b c", "a,b c", False),
        (b"a\0\0b\0\0", "a  b", "a,,b", False),
        (b"abcde\0", "abcde", "abcde", False),
        (b"a\0b\0c\1", "a b c", "a,b,c", True),
        (b"\0\0\0\0\0\1", None, None, False),  # unreadable
    ],
)
def test_several_texts(
    native: Native, data: bytes, words: str, names: str, is_cut: bool
) -> None:
    for kind, expected in ((Kind.WORDS, words), (Kind.LIST, names)):
        column = Column(kind, (0, len(data)))
        row = json.loads(native.json_row([column], data))
        assert row.pop("name_cut", False) == is_cut
        assert row == {"name": expected}
        short = json.loads(native.json_row([column], data[:-1]))
        assert short == {"name": None}
