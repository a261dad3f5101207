# SPDX-License-Identifier: Apache-2.0
"""Replays: whole recordings, cut ones, damaged ones and hostile ones."""

from __future__ import annotations

import fcntl
import json
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from opensnooplib.base.errors import OpensnoopError, UsageError
from opensnooplib.cli import arguments
from opensnooplib.kernel import cgroups
from opensnooplib.recording.description import (
    THIS_BOOT,
    DamagedError,
    Description,
    parse_counts,
    parse_description,
)
from opensnooplib.recording.recording_reader import RecordingReader
from opensnooplib.rows import row_format
from tests.unit.recordings import (
    FIELDS,
    HEADER,
    Open,
    Replayed,
    Replayer,
    block,
    counts,
    described,
    description,
    records,
)

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = CHECKOUT / "tests" / "data"
LF = b"\n"

OPENS = [
    Open(b"/etc/passwd", pid=7, ts=1_000_000_001),
    Open(b"/missing", pid=8, uid=1000, ret=-2, ts=1_000_000_002),
    Open(b"/new", pid=2**31, flags=os.O_WRONLY | os.O_CREAT),
    Open(b"/rw", uid=2**32 - 2, flags=os.O_RDWR, comm=b"0123456789abcde"),
    Open(b"/denied", ret=-13, flags=os.O_WRONLY, ts=3_000_000_000),
    Open(b"\x1b[2J\xff", comm=b"\x1b"),
]


@pytest.fixture
def replay(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Iterator[Replayer]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield Replayer(tmp_path, capfd)
    for number, handler in zip(numbers, before):
        signal.signal(number, handler)


def _recording(*opens: Open) -> bytes:
    return HEADER + description() + records(*opens) + counts()


def test_a_whole_recording(replay: Replayer) -> None:
    done = replay(_recording(*OPENS))
    assert done.status == 0
    assert [row["pid"] for row in done.rows] == [one.pid for one in OPENS]
    assert [row["ret"] for row in done.rows] == [one.ret for one in OPENS]
    assert done.rows[5]["path_bytes"] == "G1sySv8="
    assert "6 shown, 0 lost, 0 unreadable, 0 missed" in done.said


def test_losses_are_told(replay: Replayer) -> None:
    body = HEADER + description() + records(OPENS[0])
    done = replay(body + counts(5, 1, False) + counts(17, 4), "-q")
    assert done.status == 0
    assert "1 shown, 17 lost, 0 unreadable, 4 missed" in done.said


def test_unknown_results(replay: Replayer) -> None:
    """They may be of opens that failed: -x shows them; -q counts them."""
    unsure = Open(b"/unsure", ret=0x7FFFFFFE)
    content = _recording(*OPENS, unsure)
    for options in ["-x"], ["--errno", "ENOENT"]:
        done = replay(content, *options, "-q")
        row = done.rows[-1]
        assert (row["path"], row["fd"], row["err"]) == ("/unsure", None, None)
        assert ", 0 missed, 1 unsure, in " in done.said
    (report,) = _sums(replay(content, "--summary"))
    assert (report["opened"], report["failed"], report["unsure"]) == (7, 2, 1)
    table = replay.text(content, "--summary")
    assert "1 open with an unknown result\n" in table


def test_what_is_looked_for_in_another_way_is_not_seen(
    replay: Replayer,
) -> None:
    content, sentence = _recording(*OPENS), "opensnoop: only opens are seen"
    for options in ["-x"], ["--summary"]:
        assert replay(content, *options).said.count(sentence) == 1
    assert sentence not in replay(content).said


def test_the_table(replay: Replayer) -> None:
    assert replay.text(_recording(*OPENS[:2]), "-T", "-U").splitlines() == [
        "TIME(s)       UID   PID    COMM               FD ERR PATH",
        "0.000000000   0     7      cat                 3   0 /etc/passwd",
        "0.000000000   1000  8      cat                -1   2 /missing",
    ]


_SELECTIONS = [
    (["-p", "7"], lambda one: one.pid == 7),
    (["-p", f"8,{2**31}"], lambda one: one.pid in (8, 2**31)),
    (["-t", "9"], lambda one: one.pid == 8),
    (["-u", "1000"], lambda one: one.uid == 1000),
    (["-u", "root"], lambda one: one.uid == 0),
    (["-u", str(2**32 - 2)], lambda one: one.uid == 2**32 - 2),
    (["-n", "cat"], lambda one: one.comm == b"cat"),
    (["-n", "89abcde"], lambda one: one.comm.endswith(b"e")),
    (["-n", "abcdef"], lambda one: False),
    (["-x"], lambda one: one.ret < 0),
    (["-f", "O_RDONLY"], lambda one: one.flags & os.O_ACCMODE == 0),
    (["-f", "O_CREAT"], lambda one: one.flags & os.O_CREAT),
    (
        ["-f", "O_CREAT", "-f", "O_RDWR"],
        lambda one: one.flags & (os.O_CREAT | os.O_RDWR),
    ),
    (["-f", "write"], lambda one: one.flags & os.O_ACCMODE),
    (["-f", "create"], lambda one: one.flags & os.O_CREAT),
    (["--errno", "ENOENT"], lambda one: one.ret == -2),
    (["--errno", "EACCES,2"], lambda one: one.ret in (-2, -13)),
    (["-u", "root,1000"], lambda one: one.uid in (0, 1000)),
    (["-p", "!7,!8"], lambda one: one.pid not in (7, 8)),
    (["-p", "7,8,!8"], lambda one: one.pid == 7),
    (["-u", "!root"], lambda one: one.uid != 0),
    (["-n", "!cat", "-n", "!\x1b"], lambda one: one.comm[:1] == b"0"),
    (["-n", "0", "-n", "cat", "-n", "!e"], lambda one: one.comm == b"cat"),
    (["-f", "!write"], lambda one: one.flags & os.O_ACCMODE == 0),
    (
        ["-f", "write,!create", "-f", "!O_RDWR"],
        lambda one: one.flags == os.O_WRONLY,
    ),
    (["--errno", "!ENOENT"], lambda one: one.ret != -2),
    (["-x", "--errno", "!ENOENT"], lambda one: one.ret == -13),
    (["--path", "/[mr]*"], lambda one: one.path in (b"/missing", b"/rw")),
    (
        ["--path", "/*", "--path", "!*w", "-x"],
        lambda one: one.path in (b"/missing", b"/denied"),
    ),
    (["-d", "1.5"], lambda one: one.ts <= 2_500_000_000),
    (
        ["-x", "-f", "O_WRONLY"],
        lambda one: one.ret < 0 and one.flags & os.O_WRONLY,
    ),
]


@pytest.mark.parametrize("words, chosen", _SELECTIONS)
def test_selection(replay: Replayer, words: List[str], chosen: Any) -> None:
    done = replay(_recording(*OPENS), *words)
    wanted = [one for one in OPENS if chosen(one)]
    assert [row["pid"] for row in done.rows] == [one.pid for one in wanted]
    assert [row["ret"] for row in done.rows] == [one.ret for one in wanted]


def test_count(replay: Replayer) -> None:
    done = replay(_recording(*OPENS), "--count", "2")
    assert len(done.rows) == 2 and done.status == 0


def _unreadable(one: Open) -> bytes:
    """The record of an open whose path could not be read."""
    size, fault = struct.pack("=i", len(one.path) + 1), b"\xf2\xff\xff\xff"
    return block(2, fault.join(one.record().split(size)))


def test_until_ends_only_where_it_is_sure(replay: Replayer) -> None:
    """A path that is unreadable may match, but ends nothing."""
    unsure = Open(b"/x", ret=0x7FFFFFFE)
    before = _unreadable(Open(b"/other")) + records(unsure)
    sure = records(Open(b"/x"), Open(b"/x", ret=-2))
    content = HEADER + description() + before + sure + sure + counts()
    for until, count in (
        ("path=/x", 2),
        ("path=/x err=0", 3),
        ("path=*x err=ENOENT", 4),
        ("err=2", 4),
        ("err=!2", 1),
        ("path=!/x", 6),
    ):
        assert len(replay(content, "--until", until).rows) == count, until
    assert len(replay(content, "--path", "/x", "-x").rows) == 3


def test_slower(replay: Replayer) -> None:
    """An open of which nobody knows how long it took isn't shown."""
    field = {"name": "latency", "offset": 0, "size": 8, "kind": "unsigned"}
    times = (1_999_999, 2_000_000, 0, 9_000_000_000)
    body = [block(2, struct.pack("=Q", time)) for time in times]
    content = HEADER + description(fields=[field]) + b"".join(body) + counts()
    rows = replay(content, "--slower", "2").rows
    assert [row["latency"] for row in rows] == [2_000_000, 9_000_000_000]
    with pytest.raises(OpensnoopError, match="--slower: the recording has no"):
        replay(_recording(), "--slower", "2")


def test_selection_needs_its_field(replay: Replayer) -> None:
    fields = [field for field in FIELDS if field["name"] != "uid"]
    body = HEADER + description(fields=fields) + counts()
    with pytest.raises(OpensnoopError, match="-u: the recording has no"):
        replay(body, "-u", "0")


def _with(name: str, paths: str) -> bytes:
    """An empty recording with this field, and such paths."""
    field = {"name": name, "offset": 4149, "size": 8, "kind": "unsigned"}
    if name == "callers":
        field.update(size=1024, elements=128)
    body = description(fields=[*FIELDS, field], paths=paths)
    return HEADER + body + counts()


@pytest.mark.parametrize(
    "option, recorded",
    [
        ("-L", _with("latency", "given")),
        ("-c", _with("callers", "given")),
        ("--ppid", _with("ppid", "given")),
        ("-F", _with("x", "full")),
        ("-R", _with("x", "real")),
    ],
)
def test_what_was_recorded_may_be_asked_for(
    replay: Replayer, option: str, recorded: bytes
) -> None:
    assert replay(recorded, option).status == 0


def test_records_of_somebodys_own_c_may_be_short(replay: Replayer) -> None:
    """The last text is sent as far as it is used, other fields not at all."""
    fields = [
        {"name": "pid", "offset": 0, "size": 4, "kind": "unsigned"},
        {"name": "name", "offset": 4, "size": 64, "kind": "text"},
    ]
    body = struct.pack("=I", 7) + b"somebody\0"
    recorded = HEADER + description(fields=fields) + block(2, body) + counts()
    replayed = replay(recorded)
    assert (replayed.status, replayed.said.count("shown")) == (0, 1)
    assert replayed.rows == [{"pid": 7, "name": "somebody"}]


@pytest.mark.parametrize(
    "option, recorded, said",
    [
        ("-L", _with("ppid", "given"), "-L: the recording has no field lat"),
        ("-c", _with("ppid", "given"), "-c: the recording has no field call"),
        ("--ppid", _with("x", "full"), "--ppid: the recording has no field"),
        ("-F", _with("x", "given"), "-F: the recording has paths as"),
        ("-F", _with("x", "real"), "-F: the recording .* really opened .-R"),
        ("-R", _with("x", "full"), "-R: the recording has full paths .-F."),
        ("-R", _with("x", "odd"), "-R: the recording doesn't say which"),
        ("-F", _recording(), "-F: the recording doesn't say which kind"),
    ],
)
def test_what_was_not_recorded_is_told(
    replay: Replayer, option: str, recorded: bytes, said: str
) -> None:
    with pytest.raises(OpensnoopError, match=said):
        replay(recorded, option)


def test_a_column_that_was_not_recorded(replay: Replayer) -> None:
    """Whether or not another recording could have it."""
    for name in ("pth", "pid.x", "ppid"):
        with pytest.raises(OpensnoopError, match="not in the recording"):
            replay(_recording(*OPENS), "--columns", name)
    with pytest.raises(OpensnoopError, match="^--by pth: not in the rec"):
        replay(_recording(*OPENS), "--summary", "--by", "pth")


def test_a_new_description_in_mid_file(replay: Replayer) -> None:
    """As live editing makes one: the second program has another struct."""
    field = {"name": "size", "offset": 0, "size": 2, "kind": "signed"}
    body = _recording(OPENS[0])[: -len(counts())]
    body += description(fields=[field]) + block(2, struct.pack("=h", -5))
    done = replay(body + counts())
    assert done.rows[0]["path"] == "/etc/passwd"
    assert done.rows[1:] == [{"size": -5}]
    table = replay.text(body + counts()).splitlines()
    assert table[0].startswith("PID") and table[2].split() == ["SIZE"]
    assert table[3].split() == ["-5"]


def test_blocks_of_later_versions_are_passed_over(replay: Replayer) -> None:
    body = HEADER + description() + block(77, b"news") + records(OPENS[0])
    done = replay(body + counts())
    assert len(done.rows) == 1 and done.status == 0


def test_cut_off_at_every_byte(replay: Replayer) -> None:
    """Each whole record is shown, and nothing else; and it is told."""
    whole = _recording(*OPENS)
    start = len(HEADER + description())
    ends = [start + len(records(*OPENS[:n])) for n in range(len(OPENS) + 1)]
    for size in range(len(whole)):
        if size < start:
            with pytest.raises(
                OpensnoopError, match="cut off|not a recording"
            ):
                replay(whole[:size])
            continue
        done = replay(whole[:size])
        assert len(done.rows) == sum(size >= end for end in ends[1:]), size
        assert done.status == 1 and "is cut off" in done.said


def test_any_flipped_bit_is_damage(replay: Replayer) -> None:
    whole = _recording(*OPENS[:2])
    start = len(HEADER + description())
    first = start + len(records(OPENS[0]))
    for byte in range(start, first):
        for bit in range(8):
            bad = bytearray(whole)
            bad[byte] ^= 1 << bit
            done = replay(bytes(bad))
            # A larger size can reach beyond the end, as in a cut file.
            assert done.status == 1 and done.rows == []
            assert f"byte {start}" in done.said


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "is not a recording"),
        (b"opens\n" * 10, "is not a recording"),
        (HEADER.replace(b"\n", b"\r\n"), "is not a recording"),
        (HEADER[:8] + HEADER[11:7:-1] + HEADER[12:], "another byte order"),
        (HEADER[:12] + b"\2\0\0\0", "newer opensnoop"),
        (HEADER[:12] + b"\0\0\0\0", "newer opensnoop"),
        (HEADER, "is cut off"),
        (HEADER + records(OPENS[0]), "is damaged at byte 16"),
        (HEADER + counts(), "has no description"),
        (HEADER + bytes(64), "is damaged at byte 16"),
        (HEADER + block(1, b"[" * 100_000), "is damaged"),
        (HEADER + struct.pack("=III", 0, 2, 2**32 - 1), "is damaged"),
    ],
)
def test_what_is_no_recording(
    replay: Replayer, content: bytes, said: str
) -> None:
    with pytest.raises(OpensnoopError, match=said):
        replay(content)


_BAD_FIELDS = [
    [{}],
    [None],
    [{**FIELDS[0], "name": ""}],
    [{**FIELDS[0], "name": "\x1b[2J"}],
    [{**FIELDS[0], "name": "a\n"}],
    [{**FIELDS[0], "name": 5}],
    [{**FIELDS[0], "offset": -1}],
    [{**FIELDS[0], "offset": 2**32}],
    [{**FIELDS[0], "offset": 65535}],
    [{**FIELDS[0], "offset": True}],
    [{**FIELDS[0], "offset": 0.0}],
    [{**FIELDS[0], "size": 0}],
    [{**FIELDS[0], "size": 2**16}],
    [{**FIELDS[0], "kind": "float"}],
    [{**FIELDS[0], "kind": ["text"]}],
    [FIELDS[0], FIELDS[0]],
    [FIELDS[0], {**FIELDS[1], "name": "ts"}],
    # Members of a union lie at one offset, but need no more than a record has.
    [
        {"name": f"f{i}", "offset": 0, "size": 60_000, "kind": "bytes"}
        for i in range(2)
    ],
    [
        {"name": f"f{i}", "offset": i, "size": 1, "kind": "signed"}
        for i in range(2000)
    ],
]


def _field(size: int = 1, **more: Any) -> Dict[str, Any]:
    return {"name": "x", "offset": 0, "size": size, "kind": "bytes", **more}


def _fields(count: int, **more: Any) -> List[Dict[str, Any]]:
    return [_field(**more, name=f"x{i}", offset=i) for i in range(count)]


_ENUM = [[0, "n" * 255]]

# Each would make huge rows of records that are empty or small.
_HUGE_ROWS = [
    [_field(note={"width": 1001})],
    [_field(note={"width": -65535})],
    [_field(note={"heading": "H" * 65})],
    [_field(name="x" * 20_000)],
    _fields(1000, note={"width": 1000}),
    _fields(1000),
    [{**one, "name": one["name"] * 50} for one in _fields(200)],
    [_field(60_000, kind="unsigned", elements=60_000)],
    [_field(60_000, kind="unsigned", elements=60_000, symbols=[[0, ""]])],
    [_field(1000, kind="unsigned", elements=1000, symbols=_ENUM)],
    [_field(1300, kind="unsigned", elements=1300, symbols=[[9, "n"]] * 8000)],
    _fields(100, kind="unsigned", symbols=_ENUM),
    [_field(kind="unsigned", symbols=[[i, "n"] for i in range(20_000)])],
]


@pytest.mark.parametrize("fields", _HUGE_ROWS)
def test_a_small_recording_makes_no_huge_rows(
    replay: Replayer, fields: Any
) -> None:
    body = HEADER + description(fields=fields) + block(2, b"") * 9 + counts()
    with pytest.raises(OpensnoopError, match="is damaged at byte 16"):
        replay(body)


def test_wide_rows_that_the_tool_would_record(replay: Replayer) -> None:
    """Eight columns of the greatest width, and callers."""
    fields = _fields(8, kind="unsigned", note={"width": 1000})
    fields += [_field(1024, kind="unsigned", elements=128, name="callers")]
    body = HEADER + description(fields=fields) + block(2, bytes(1024))
    heading, row = replay.text(body + counts()).splitlines()[:2]
    assert len(heading) == len(row) == 8 * 1001 - 1


@pytest.mark.parametrize("fields", _BAD_FIELDS)
def test_bad_fields(fields: Any) -> None:
    with pytest.raises(DamagedError):
        parse_description(json.dumps(described(fields=fields)).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"clock": None},
        {"clock": {"monotonic_ns": -1, "wall_ns": 0}},
        {"clock": {"monotonic_ns": 0, "wall_ns": 10**30}},
        {"kernel": 7},
        {"command_line": "-x"},
        {"command_line": [7]},
        {"command_line": ["x" * 1000] * 100},
        {"machine": "x" * 1001},
        {"fields": {}},
        {"paths": 1},
    ],
)
def test_bad_descriptions(changes: Any) -> None:
    with pytest.raises(DamagedError):
        parse_description(json.dumps(described(**changes)).encode())


def test_strings_of_a_recording_drive_no_terminal(replay: Replayer) -> None:
    evil = "\x1b[2J\udcff\u202e"
    body = description(kernel=evil, machine=evil, command_line=[evil])
    done = replay(HEADER + body + counts())
    assert done.status == 0 and "\x1b" not in done.said
    assert "\u202e" not in done.said


def test_the_command_line_can_be_pasted(replay: Replayer) -> None:
    words = ["--until", "path=/x err=0", "-n", "\ud800"]
    done = replay(HEADER + description(command_line=words) + counts())
    assert "opensnoop --until 'path=/x err=0' -n '" in done.said


def test_mutated_descriptions_and_counts() -> None:
    """Bytes changed, cut out and put in, many times."""
    chance = random.Random(5)
    seeds = [json.dumps(described()).encode(), counts()[12:]]
    parsers = [parse_description, parse_counts]
    for _ in range(20_000):
        text = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(text))
            cut = text[at : at + chance.randrange(9)]
            put = chance.choice(
                [b"", cut * 2, b"-", b"9" * 99, b"[", b"null", b"\xff", b"1e9"]
            )
            text[at : at + len(cut)] = put
        for parse in parsers:
            try:
                parsed: Any = parse(bytes(text))
            except DamagedError:
                continue
            if isinstance(parsed, Description):
                fields = parsed.schema.fields
                assert all(0 < f.size < 1 << 16 for f in fields)
                assert sum(f.size for f in fields) <= 1 << 16


def _resized(by: int, one: Open = OPENS[0]) -> bytes:
    """Its path is longer by so much than the record says, or shorter."""
    record = bytearray(one.record())
    struct.pack_into("=i", record, 32, len(one.path) + 1 + by)
    return block(2, bytes(record))


@pytest.mark.parametrize(
    "record",
    [
        block(2, b""),
        block(2, OPENS[0].record()[:8]),
        block(2, OPENS[0].record()[:51]),
        block(2, OPENS[0].record()[:-1]),
        _resized(1),
        _resized(4000),
        _resized(2**31 - 100),
        pytest.param(
            block(2, OPENS[0].record() + bytes(1 << 16)), id="too long"
        ),
    ],
)
@pytest.mark.parametrize("words", [[], ["--summary"], ["-x"]])
def test_a_record_that_cannot_be(
    replay: Replayer, record: bytes, words: List[str]
) -> None:
    """Neither it nor what stands around it goes in silence."""
    around = records(OPENS[1])
    content = HEADER + description() + around + record + around + counts()
    done = replay(content, *words)
    assert done.status == 1
    assert "has 1 record shorter than declared" in done.said
    done_word = "counted" if words == ["--summary"] else "shown"
    assert f": 2 {done_word}, 0 lost" in done.said


@pytest.mark.parametrize(
    "record",
    [
        block(2, OPENS[0].record() + bytes(7)),
        _resized(-1),
        _resized(-len(OPENS[0].path) - 15),  # not readable: EFAULT
        block(2, OPENS[0].record()[:32] + struct.pack("=i", -14) + bytes(16)),
    ],
)
def test_a_record_that_can_be(replay: Replayer, record: bytes) -> None:
    done = replay(HEADER + description() + record + counts())
    assert done.status == 0 and len(done.rows) == 1


def test_directories_that_cannot_be(replay: Replayer) -> None:
    field = {"name": "dir_size", "offset": 52, "size": 4, "kind": "unsigned"}
    path = {**FIELDS[-1], "offset": 56}
    body = HEADER + description(fields=[*FIELDS[:-1], field, path])
    plain = OPENS[0].record()
    for dir_size, impossible in ((0, 0), (4, 0), (5, 1), (2**32 - 1, 1)):
        sized = plain[:52] + struct.pack("=I", dir_size) + plain[52:]
        done = replay(body + block(2, sized + b"etc\0") + counts())
        assert done.status == impossible
        assert len(done.rows) == 1 - impossible


def test_an_older_file(replay: Replayer) -> None:
    """It was written by the first opensnoop that could, and stays as it is."""
    content = (DATA / "recording-version-1").read_bytes()
    expected = (DATA / "recording-version-1.json").read_text()
    done = replay(content)
    assert done.status == 0
    for row in done.rows:
        assert row.pop("time")  # which is local
    assert done.rows == [json.loads(line) for line in expected.splitlines()]
    assert "3 shown, 0 lost, 0 unreadable, 0 missed" in done.said


def test_once(replay: Replayer) -> None:
    """Descriptors, times and processes make no difference; results do."""
    chance = random.Random(5)
    opens = [
        Open(
            path=chance.choice([b"/a", b"/b", b"", b"\xff"]),
            comm=chance.choice([b"cat", b"", b"a b"]),
            ret=chance.choice([3, 4, -2, -13, 0x7FFFFFFE, 0x7FFFFFFF]),
            pid=chance.choice([7, 8]),
        )
        for _ in range(500)
    ]

    def kind(one: Open) -> Any:
        err = None if one.ret == 0x7FFFFFFE else max(0, -one.ret)
        return one.comm, one.path, err

    done = replay(_recording(*opens), "--once")
    *rows, last = done.rows
    often = Counter(map(kind, opens))
    firsts = [opens[[*map(kind, opens)].index(one)] for one in often]
    assert [row["pid"] for row in rows] == [one.pid for one in firsts]
    assert [row["ret"] for row in rows] == [one.ret for one in firsts]
    table = last["how_often"]
    assert {
        (one["comm"].encode(), one["path"], one.get("err")): one["opened"]
        for one in table
    } == {
        (comm, path.decode(errors="replace"), err): count
        for (comm, path, err), count in often.items()
    }
    counts = [one["opened"] for one in table]
    assert counts == sorted(counts, reverse=True)
    assert f"{len(often)} shown, 0 lost" in done.said
    assert f", {500 - len(often)} repeated, " in done.said


def test_the_table_of_once(replay: Replayer) -> None:
    body = _unreadable(OPENS[1]) + records(*OPENS[:2] * 2)
    content = HEADER + description() + body
    assert replay.text(content + counts(), "--once").split("\n")[4:] == [
        "",
        "How often:",
        "   OPENS ERR COMM             PATH",
        "       2   0 cat              /etc/passwd",
        "       2   2 cat              /missing",
        "       1   2 cat              <unreadable>",
        "",
    ]


def test_interval_goes_with_sums() -> None:
    with pytest.raises(UsageError, match="--interval needs"):
        arguments.parse(["--interval", "1"])


def _sums(done: Replayed) -> List[Dict[str, Any]]:
    """The reports, which stand where rows would."""
    return done.rows


def test_summary(replay: Replayer) -> None:
    options = ("--summary", "--by", "pid,comm")
    (report,) = _sums(replay(_recording(*OPENS * 3), *options))
    assert report["opened"] == 18 and report["failed"] == 6
    assert [one["opened"] for one in report["files"]] == [3] * 6
    denied = [one for one in report["files"] if one["path"] == "/denied"]
    assert denied == [
        {"path": "/denied", "opened": 3, "failed": 3, "missing": 0}
    ]
    assert report["errors"] == [
        {"err": 2, "name": "ENOENT", "opened": 3},
        {"err": 13, "name": "EACCES", "opened": 3},
    ]
    assert report["in_vain"] == [
        {"name": "missing", "opened": 3, "folders": 1}
    ]
    by_process = {
        (one["pid"], one["comm"]): one["opened"] for one in report["groups"]
    }
    assert by_process[(2**31, "cat")] == 3
    assert by_process[(7, "0123456789abcde")] == 3
    assert by_process[(7, "\x1b")] == 3


def test_a_directory_that_is_looked_for_in_vain(replay: Replayer) -> None:
    """With a slash at its end, too."""
    paths = [b"/a/dir/", b"/b/dir", b"/c/dir//"]
    opens = [OPENS[0]._replace(ret=-2, path=path) for path in paths]
    (report,) = _sums(replay(_recording(*opens), "--summary"))
    assert report["in_vain"] == [{"name": "dir", "opened": 3, "folders": 3}]


def test_summary_of_a_selection(replay: Replayer) -> None:
    done = replay(_recording(*OPENS), "--summary", "-x")
    (report,) = _sums(done)
    assert report["opened"] == report["failed"] == 2
    assert "2 counted, 0 lost" in done.said


def test_summaries_of_intervals(replay: Replayer) -> None:
    """Those in which nothing was opened are left out."""
    began, tenth = 1_000_000_000, 10**8
    times = [began + tenth * i for i in (0, 1, 9, 10, 11)] + [2**62, began]
    opens = [Open(ts=ts) for ts in times]
    done = replay(_recording(*opens), "--summary", "--interval", "1")
    assert [one["opened"] for one in _sums(done)] == [3, 2, 2]


def test_a_record_of_the_latest_time_there_is(replay: Replayer) -> None:
    """No interval ends after it."""
    opens = [Open(), Open(ts=2**64 - 1)]
    done = replay(_recording(*opens), "--summary", "--interval", "1")
    assert [one["opened"] for one in _sums(done)] == [1, 1]


def test_a_summary_of_many_files(replay: Replayer) -> None:
    opens = [Open(b"/%d" % (i % 3000), pid=i % 7) for i in range(9000)]
    (report,) = _sums(replay(_recording(*opens), "--summary"))
    assert {one["opened"] for one in report["files"]} == {3}
    assert len(report["files"]) == 3000
    assert sum(one["opened"] for one in report["groups"]) == 9000


def test_groups_are_shown_whole(replay: Replayer) -> None:
    """However long they are, and with the blanks at their ends."""
    fields = [*FIELDS[:1], dict(FIELDS[-2], name="note", offset=8, size=40000)]
    notes = [b"\x01" * 39_000 + end for end in (b"a", b"b", b"b")]
    body = b"".join(block(2, struct.pack("=Q", 1) + note) for note in notes)
    content = HEADER + description(fields=fields) + body + counts()
    (report,) = _sums(replay(content, "--summary", "--by", "note"))
    assert [(one["note"][-1], one["opened"]) for one in report["groups"]] == [
        ("b", 2),
        ("a", 1),
    ]
    opens = [Open(b"/a b "), Open(b"/a b"), Open(b"")]
    table = replay.text(_recording(*opens), "--summary", "--by", "path")
    assert table.partition("Who opened most:\n")[2].splitlines()[1:4] == [
        f"{1:>8} {0:>8} {path}" for path in ("", "/a b", "/a b ")
    ]


def test_later_formats_count_by_what_was_chosen() -> None:
    """By the key g of --top, before --live loads other C."""
    schema = parse_description(json.dumps(described()).encode()).schema
    options = arguments.parse(["--top", "--by", "tid"])
    chosen = row_format.choose(schema, options)
    rows = RecordingReader(0)
    rows.wall_offset_ns = 0
    headings = []
    for _ in range(6):
        rows.set_format(0, chosen)
        headings.append(rows.group_heading.split())
        rows.count_by_next()
        assert rows.group_heading.split() != headings[-1]
    rows.close()
    groups = [["TID"], ["COMM"], ["PID", "COMM"], ["USER"], ["DIRECTORY"]]
    assert headings == [*groups, groups[0]]


def test_rows_beside_lines() -> None:
    """With --live: of the C before, or after a save that was refused."""
    schema = parse_description(json.dumps(described()).encode()).schema
    options = arguments.parse(["--replay", "-", "--columns", "path"])
    output = os.memfd_create("rows")
    rows = RecordingReader(0)
    rows.wall_offset_ns = 0
    rows.set_output(output)
    rows.set_format(0, row_format.choose(schema, options))
    rows.start(options.output)
    rows.set_format(1, row_format.LINES)
    assert rows.put_record(0, OPENS[0].record())
    rows.finish(0)
    rows.close()
    assert os.pread(output, 100, 0) == b"/etc/passwd\n"
    os.close(output)


def test_cgroups_are_those_of_the_same_boot(replay: Replayer) -> None:
    """Another host, or this one after a reboot, has others by their IDs."""
    mounts = [h for h in cgroups.hierarchies() if h.version == 2]
    if not mounts or os.geteuid():
        pytest.skip("no cgroup has a name for this user")
    root = os.stat(mounts[0].path).st_ino
    fields = [dict(FIELDS[0], name="cgroup_id"), *FIELDS[1:]]
    rest = records(Open(ts=root)) + counts()
    words = ("--columns", "cgroup,container")
    boots: List[Dict[str, str]] = [
        {"boot": THIS_BOOT},
        {"boot": "0-1"},
        {"boot": ""},
        {},
    ]
    shown = [
        replay.text(
            HEADER + description(fields=fields, **boot) + rest, *words
        ).split()[2:]
        for boot in boots
    ]
    assert shown == [["/", "-"], *[[str(root), "?"]] * 3]


@pytest.mark.parametrize(
    "path, frames",
    [
        (b"/etc/passwd", "/;etc;passwd"),
        (b"a b/c", "a b;c"),
        (b"/", "/"),
        (b"//a//b//", "/;a;b"),
        (b"///", "/"),
        (b"/tmp/nl\nx", r"/;tmp;$'nl\nx'"),
        (b"/a;b/\x1b/c", r"/;$'a\x3bb';$'\x1b';c"),
        (b"<unreadable>/a", "$'<unreadable>';a"),
        (b"12/a b/1.5/ 7", "12;a b;1.5;$' 7'"),
        (b"v 2/file 12.", "$'v 2';$'file 12.'"),
        # One that is cut:
        (b"/d/".ljust(4097, b";"), r"/;d;$'" + r"\x3b" * 4094 + "'..."),
        (b"/d/".ljust(4096, b"x") + b"/", "/;d;$'" + "x" * 4093 + "'..."),
    ],
    ids=range(12),
)
def test_folded(replay: Replayer, path: bytes, frames: str) -> None:
    line = replay.text(_recording(Open(path)), "--format", "folded")
    assert line == f"cat;{frames} 1\n"


def test_a_full_table_is_told(replay: Replayer) -> None:
    """64 MiB have room for fewer than 17,000 paths of 4,000 bytes."""
    opens = [Open(b"/%d/" % i + b"x" * 3990) for i in range(17_000)]
    done = replay(_recording(*opens), "--summary")
    (report,) = _sums(done)
    left = 17_000 - len(report["files"])
    assert left > 0
    assert report["no_place"] == {"files": left, "groups": 0}
    assert report["opened"] == 17_000
    assert f", {left} not in the tables" in done.said


def test_errors_that_are_none(replay: Replayer) -> None:
    """C of one's own can send any number."""
    table = replay.text(_recording(Open(ret=-5000)), "--summary")
    assert f"\n{1:>8} 0 (0): no errno\n" in table


def test_the_table_of_a_summary_drives_no_terminal(replay: Replayer) -> None:
    table = replay.text(_recording(*OPENS), "--summary")
    assert all(c.isprintable() or c == "\n" for c in table)
    assert r"$'\x1b[2J\xff'" in table


def test_the_recording_is_not_overwritten(replay: Replayer) -> None:
    content = _recording(*OPENS)
    with pytest.raises(OpensnoopError, match="this is the recording itself"):
        replay(content, "-o", str(replay.file))
    assert replay.file.read_bytes() == content


def test_each_row_by_itself_into_a_file(replay: Replayer) -> None:
    """The heading is written at once, and the file was emptied before."""
    table = replay.text(_recording(*OPENS[:2]), "--unbuffered")
    assert table.startswith("PID ")
    assert len(table.splitlines()) == 3


def test_rows_that_a_full_pipe_did_not_take(tmp_path: Path) -> None:
    """Shown are those that are in it whole, without the heading."""
    file = tmp_path / "recording"
    file.write_bytes(_recording(*OPENS * 2000))
    reads, writes = os.pipe()
    size = fcntl.fcntl(writes, 1031, 4096)  # F_SETPIPE_SZ
    replay = subprocess.Popen(
        [sys.executable, "opensnoop.py", "--replay", str(file)],
        cwd=CHECKOUT,
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writes)
    select.select([reads], [], [], 60)
    time.sleep(0.2)  # until it is full
    replay.terminate()  # make test has its children ignore SIGINT
    _, said = replay.communicate(timeout=60)
    with open(reads, "rb") as pipe:
        written = pipe.read()
    assert 0 < len(written) <= size
    assert f"{written.count(LF) - 1} shown" in said
    assert "not written" in said and "has stopped reading" in said


@pytest.mark.parametrize(
    "words",
    [
        ["--replay", "f", "--record", "f"],
        ["--replay", "f", "--exec", "ls"],
        ["--replay", "f", "-b", "8"],
        ["--replay", "f", "--attach", "kprobe"],
        ["--replay", "f", "--all"],
        ["--replay", "f", "--children", "-p", "1"],
        ["--replay", "f", "--cgroup", "/sys/fs/cgroup"],
        ["--replay", "f", "--container", "a"],
        ["--replay", "f", "--mntns", "1"],
        ["--replay", "f", "-F", "--path-view", "host"],
        ["--replay", "f", "-L", "--columns", "pid"],
        ["--replay", "f", "--live"],
        ["--replay", "f", "--source", "c.c"],
        ["--replay", "f", "--doctor"],
        ["--replay", "f", "--ebpf"],
        ["--replay", "f", "--cgroupmap", "m"],
        ["--replay", "f", "--mntnsmap", "m"],
        ["--record", "f", "-o", "f"],
        ["--record", "f", "--format", "json"],
        ["--record", "f", "--summary"],
        ["--record", "f", "--top"],
        ["--summary", "--count", "5"],
        ["--summary", "-T"],
        ["--top", "-o", "f"],
        ["--top", "--format", "json"],
        ["--top", "--replay", "f", "--interval", "1"],
    ],
)
def test_what_makes_no_sense_together(words: List[str]) -> None:
    with pytest.raises(UsageError, match="cannot be combined"):
        arguments.parse(words)
