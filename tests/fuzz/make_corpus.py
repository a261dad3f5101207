#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds that the fuzzers start from, into corpus/.

Each seed is one case that a person would think of, so that the fuzzers need
not find them; the formats are those that the harnesses take apart.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import Dict, List, NamedTuple, Optional, Tuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(os.path.dirname(HERE)))

# pylint: disable=wrong-import-position
from opensnooplib.rows.headings import Kind  # noqa: E402

NAMES: Dict[str, bytes] = {
    "empty": b"",
    "ordinary": b"/etc/passwd",
    "spaces-and-quotes": b'/tmp/it\'s a "file" \\ here',
    "newline": b"/tmp/a\nb",
    "all-letters-of-escapes": b"\a\b\t\n\v\f\r\\'",
    "escape-sequence": b"/tmp/\x1b[2J\x1b]0;title\x07",
    "delete": b"/tmp/\x7f",
    "c1": b"/tmp/\xc2\x9b31m",
    "bidi": "/tmp/\u202ecod.exe".encode(),
    "isolates": "/tmp/\u2066a\u2069".encode(),
    "line-separator": "/tmp/a\u2028b\u2029c".encode(),
    "marks": "\u061c\u200e\u200f".encode(),
    "utf8": "/tmp/\u00fc\u20ac\U0001f600".encode(),
    "utf8-borders": b"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80"
    b"\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
    "overlong": b"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf",
    "surrogate": b"\xed\xa0\x80\xed\xbf\xbf",
    "too-high": b"\xf4\x90\x80\x80\xf5\x80\x80\x80",
    "cut-character": b"/tmp/\xe2\x82",
    "latin1": b"/tmp/caf\xe9",
    "looks-quoted": b"$'/tmp/a'",
    "looks-unreadable": b"<unreadable>",
    "hex-digit-after-escape": b"\x01a\x02f\xff0",
    "every-byte": bytes(range(1, 256)),
    "long": b"/" + b"x" * 200,
    "control-in-word": b"xxxxx\x1fxx",
    "delete-in-word": b"xxxxx\x7fxx",
    "tilde-and-space-in-word": b"xx~~xx  ",
}


class Column(NamedTuple):
    kind: int  # enum column_kind of native/rows/column.h
    field: Tuple[int, int]
    width: int
    name: str
    elements: int = 0  # of an array


# struct event of bpf_src/event.h, with a short path.
TS, PID, TID, UID = (0, 8), (8, 4), (12, 4), (16, 4)
RET, FLAG_BITS, MODE_BITS, PATH_SIZE = (20, 4), (24, 8), (32, 4), (36, 4)
DIR_SIZE, DIR_STATE = (40, 4), (44, 4)
COMM, PATH_TEXT = (48, 16), (64, 64)
ABSENT = (0, 0)
LAYOUT = (
    *(TS, PID, RET, FLAG_BITS, PATH_SIZE, DIR_SIZE, DIR_STATE),
    *(ABSENT, ABSENT, ABSENT, PATH_TEXT, ABSENT),
)
# With fields in place of comm: fs_device, fs_size, mount_size.
OTHER_MOUNTS = (*LAYOUT[:7], (48, 4), (52, 4), (56, 4), PATH_TEXT, ABSENT)
WITH_EXE = (*LAYOUT[:11], (48, 4))

TABLE = [
    Column(Kind.SECONDS, TS, -13, "ts"),
    Column(Kind.UNSIGNED, PID, -6, "pid"),
    Column(Kind.TEXT, COMM, -16, "comm"),
    Column(Kind.FD, RET, 4, "fd"),
    Column(Kind.ERR, RET, 3, "err"),
    Column(Kind.FLAGS, FLAG_BITS, -8, "flags"),
    Column(Kind.MODE, MODE_BITS, -4, "mode"),
    Column(Kind.PATH, PATH_TEXT, 0, "path"),
]


def event(
    path: bytes,
    ret: int = 3,
    flags: int = os.O_CREAT,
    path_size: Optional[int] = None,
    comm: bytes = b"cat",
    directories: bytes = b"",
    dir_state: int = 0,
) -> bytes:
    if path_size is None:
        path_size = len(path) + 1
    fixed = struct.pack(
        "=QIIIiQIi", 1234567890, 17, 18, 1000, ret, flags, 0o644, path_size
    )
    fixed += struct.pack("=II", len(directories), dir_state)
    return fixed + comm.ljust(16, b"\0") + path + b"\0" + directories


def row(
    record: bytes,
    columns: Optional[List[Column]] = None,
    layout: Tuple[Tuple[int, int], ...] = LAYOUT,
) -> bytes:
    columns = TABLE if columns is None else columns
    out = struct.pack("=BB", len(columns), 1)
    out += struct.pack("=QQq", 1234000000, 1234000000, 1700000000 * 10**9)
    for field in layout:
        out += struct.pack("=IH", *field)
    letters = b"abcdefghijklmnopqrstuvwxyz0123456789_"
    for column in columns:
        name = bytes(letters.index(c) for c in column.name.encode())
        out += struct.pack("=BIH", column.kind, *column.field)
        out += struct.pack("=hBB", column.width, column.elements, len(name))
        out += name
    return out + record


def rows() -> Dict[str, bytes]:
    wide = [column._replace(width=4096) for column in TABLE]
    other = [
        Column(Kind.BYTES, COMM, 0, "bytes"),
        Column(Kind.SIGNED, RET, 6, "ret"),
        Column(127, TS, 0, "no_such_kind"),
        Column(255, TS, 0, "no_such_kind"),
        Column(Kind.TEXT, (64, 65535), -16, "long_text"),
        Column(Kind.UNSIGNED, (0, 3), 0, "three_bytes"),
        Column(Kind.SIGNED, (0xFFFFFFFF, 4), 0, "far"),
        Column(Kind.SIGNED, (0xFFFFFFFC, 8), 0, "wraps"),
        Column(Kind.TEXT, (0xFFFFFFFF, 65535), 0, "far_text"),
    ]
    numbers = (TS, PID, RET, FLAG_BITS, COMM)
    each = [
        Column(kind, field, 0, kind.name.lower())
        for kind in Kind
        for field in numbers[:2]
    ]
    arrays = [Column(kind, (20, 4), 0, kind.name.lower(), 3) for kind in Kind]
    more = {
        f"kinds-{n}": row(event(b'=1,2"3'), each[n : n + 16])
        for n in range(0, len(each), 16)
    }
    more["arrays"] = row(event(b"/etc/passwd"), arrays[:16])
    more["more-arrays"] = row(event(b"/etc/passwd"), arrays[16:])
    more["array-at-the-end"] = row(
        event(b""), [Column(Kind.HEX, (0xFFFFFFF0, 16), 0, "far", 8)]
    )
    return {
        **more,
        "ordinary": row(event(b"/etc/passwd")),
        "failed": row(event(b"/no/such", ret=-2)),
        "no-mode": row(event(b"/etc/passwd", flags=0)),
        "unreadable": row(event(b"", path_size=-14)),
        "directories": row(
            event(b"c", directories=b"b\0\x1b\0a\0", dir_state=1)
        ),
        "all-about-directories": row(
            event(b"c", directories=b"b\0a\0", dir_state=63)
        ),
        "other-mounts": row(
            event(
                *(b"c", 3),
                comm=struct.pack("=III", 40, 4, 2),
                directories=b"b\0a\0m\0",
                dir_state=33,
            ),
            layout=OTHER_MOUNTS,
        ),
        **{
            f"program-{name}": row(
                event(
                    *(b"c", 3),
                    comm=struct.pack("=I", size | state << 16),
                    directories=b"b\0a\0cat\0bin\0",
                    dir_state=1,
                    path_size=path_size,
                ),
                [Column(Kind.EXE, (48, 4), 0, "exe"), TABLE[-1]],
                WITH_EXE,
            )
            for name, size, state, path_size in (
                ("above", 8, 3, 2),
                ("without-path", 8, 7, -14),
                ("too-large", 65535, 63, 2),
                ("none", 0, 0, 2),
            )
        },
        "texts": row(
            event(b"/etc/passwd", comm=b"a\0\0\x1b\xff b" + b"\0" * 8 + b"!"),
            [
                Column(Kind.WORDS, COMM, 0, "args"),
                Column(Kind.LIST, COMM, -32, "parents"),
                Column(Kind.WORDS, (64, 65535), 0, "far"),
                Column(Kind.WORDS, (40, 1), 0, "one"),
            ],
        ),
        "too-many-directories": row(
            event(b"c", directories=b"b" * 20_000 + b"\0", dir_state=1)
        ),
        "cut": row(event(b"x" * 63, path_size=64)),
        "fills-its-field": row(event(b"x" * 64, path_size=65)),
        "path-without-nul": row(event(b"x" * 9)[:-1]),
        "hostile-path": row(event(b"/tmp/a\nb\x1b[2J\xff")),
        "hostile-comm": row(event(b"/tmp/a", comm=b"\x1b[31m\n\xc2\x9b\xff")),
        "utf8": row(event("/tmp/\u00fc\u20ac\u202e".encode())),
        "smallest-errno": row(event(b"a", ret=-(2**31))),
        "unreadable-without-field": row(
            event(b"", path_size=-14),
            [Column(Kind.PATH, ABSENT, 0, "path")],
            LAYOUT[:5] + (ABSENT,) * 7,
        ),
        "as-long-as-can-be": row(
            event(b"\xff" * 64, path_size=64),
            [Column(Kind.PATH, PATH_TEXT, 0, "n" * 63)],
        ),
        "wide": row(event(b"/etc/passwd"), wide),
        "other-kinds": row(event(b"/etc/passwd"), other),
        "no-columns": row(event(b"/etc/passwd"), []),
        "no-record": row(b""),
        "record-of-one-byte": row(b"x"),
        "record-ends-in-comm": row(event(b"")[:44]),
        "no-layout": row(event(b"/etc/passwd"), layout=(ABSENT,) * 12),
        "far-layout": row(event(b"a"), layout=((0xFFFFFFFE, 65535),) * 12),
    }


Step = bytes


def drain(until: int, stop_after: int = 0, enough: bool = False) -> Step:
    return struct.pack("=BQB", 0, until, stop_after << 1 | enough)


def write(ring: int, ts: int, words: int = 2, kind: int = 1) -> Step:
    """A record of 4 + 8 * `words` bytes; kind 4 is LOST, 8 another."""
    return struct.pack("=BBBQH", 1, ring, kind, ts, words)


def rings(
    *steps: Step, sizes: Tuple[int, ...] = (3, 3), has_ts: bool = True
) -> bytes:
    """Each ring of 64 << size bytes, the position of its head at 0."""
    out = struct.pack("=BB", len(sizes) - 1, 0 if has_ts else 7)
    for size in sizes:
        out += struct.pack("=BB", size, 0)
    return out + b"".join(steps)


def merges() -> Dict[str, bytes]:
    everything = drain(2**64 - 1)
    return {
        "nothing": rings(),
        "one": rings(write(0, 5), everything),
        "two-rings-in-turn": rings(
            *(write(i % 2, i) for i in range(8)), everything
        ),
        "second-ring-is-older": rings(
            write(0, 9), write(0, 10), write(1, 1), write(1, 2)
        ),
        "same-time": rings(
            *(write(i % 4, 7) for i in range(8)), sizes=(4,) * 4
        ),
        "young-waits": rings(
            write(0, 100), drain(50), write(1, 60), drain(99)
        ),
        "half-full-does-not-wait": rings(
            *(write(0, 100 + i) for i in range(12)), drain(50)
        ),
        "far-ahead-does-not-wait": rings(write(0, 2**62), drain(50)),
        "lost-between": rings(
            write(0, 1), write(0, 0, kind=4), write(0, 2), everything
        ),
        "lost-only": rings(write(0, 0, kind=4), drain(50), write(0, 1)),
        "lost-last": rings(write(0, 1), write(0, 0, kind=4), drain(50)),
        "unknown-type": rings(write(0, 0, kind=8), write(1, 3), drain(50)),
        "wraps-around": rings(
            *(
                step
                for i in range(40)
                for step in (write(0, i, words=i % 5), drain(1000))
            ),
            sizes=(1,),
        ),
        "exactly-full": rings(
            write(0, 1, words=6), drain(50), write(0, 2, words=6), sizes=(0,)
        ),
        "overflows": rings(*(write(0, i) for i in range(30)), drain(50)),
        "stops-and-comes-again": rings(
            *(write(i % 2, i) for i in range(6)), drain(50, 2), drain(50, 3)
        ),
        "enough": rings(
            *(write(i % 2, i) for i in range(6)), drain(50, 2, enough=True)
        ),
        "released-on-the-way": rings(
            *(write(0, i, words=250) for i in range(16)),
            write(1, 8, words=300),
            drain(50),
            sizes=(7, 7),
        ),
        "no-time": rings(*(write(i % 2, i) for i in range(6)), has_ts=False),
        "time-goes-back": rings(
            write(0, 9), write(0, 1), write(1, 5), write(1, 4), drain(7)
        ),
        "record-without-time": rings(write(0, 9, words=0), write(1, 1)),
    }


def ring_buffers() -> Dict[str, bytes]:
    """A record of some bytes is reserved, one is completed, all are read."""
    reserve = [struct.pack("=BH", 2, size) for size in (0, 1, 8, 100, 4088)]
    submit, discard, second, read = b"\1", b"\5", b"\x09", b"\4"
    look = b"\0"  # without giving the room back
    of_8 = reserve[2] + submit
    return {
        "nothing": b"",
        "one": of_8 + read,
        "each-size": b"".join(one + submit + read for one in reserve),
        "busy": reserve[2] * 2 + second + read + submit + read,
        "discarded": reserve[2] + discard + of_8 + read,
        "only-discarded": reserve[1] + discard + read,
        "full": (reserve[3] + submit) * 50 + read,
        "wraps-around": (reserve[3] + submit + of_8 + read) * 90,
        "not-given-back": (of_8 + look) * 300,
        "largest": (reserve[4] + submit + read) * 3,
        "ends-within-a-word": (reserve[1] + submit) * 9 + read,
    }


def recording(
    *blocks: Tuple[int, bytes],
    tail: bytes = b"",
    changed: Tuple[int, int] = (65535, 0),
) -> bytes:
    """Blocks with good checksums, raw bytes, and one byte that is changed."""
    out = struct.pack("=BHB", len(blocks), *changed)
    for kind, body in blocks:
        out += struct.pack("=BB", kind, len(body)) + body
    return out + tail


def recordings() -> Dict[str, bytes]:
    """The first bytes choose the columns too, whatever comes of it."""
    text, counts = (1, b'{"fields": []}'), (3, b'{"lost": 0}')
    one = (2, struct.pack("=QIIIi", 5, 1, 2, 3, -2) + b"/etc/passwd\0")
    return {
        "nothing": recording(),
        "description": recording(text),
        "one": recording(text, one, counts),
        "many": recording(text, *[one] * 12, counts),
        "no-description": recording(one, counts),
        "two-descriptions": recording(text, one, text, one, counts),
        "empty-record": recording(text, (2, b""), counts),
        "short-records": recording(text, (2, b"\1" * 3), one, (2, b"\1" * 31)),
        "largest": recording(text, (2, b"x" * 255), counts),
        "later-version": recording(text, (4, b"new"), (0, b""), one),
        "cut": recording(text, one, tail=b"\0\0\0"),
        "cut-in-body": recording(text, tail=struct.pack("=III", 0, 2, 99)),
        "too-large": recording(text, tail=struct.pack("=III", 0, 2, 2**31)),
        "zeros": recording(text, one, tail=bytes(100)),
        "magic-changed": recording(text, one, changed=(0, 1)),
        "order-changed": recording(text, one, changed=(8, 5)),
        "version-changed": recording(text, one, changed=(12, 2)),
        "checksum-changed": recording(text, one, changed=(16, 1)),
        "size-changed": recording(text, one, changed=(24, 128)),
    }


def main() -> None:
    texts = {name: b"\0" + text for name, text in NAMES.items()}
    texts["cut"] = b"\1/tmp/a"
    texts["cut-hostile"] = b"\1/tmp/a\n\xff"
    for target, seeds in (
        ("row", rows()),
        ("text", texts),
        ("merge", merges()),
        ("ring_buffer", ring_buffers()),
        ("recording", recordings()),
    ):
        folder = os.path.join(HERE, "corpus", target)
        os.makedirs(folder, exist_ok=True)
        for name, seed in seeds.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(seed)


if __name__ == "__main__":
    main()
