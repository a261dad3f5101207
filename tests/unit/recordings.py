# SPDX-License-Identifier: Apache-2.0
"""Recordings, written as docs/recording.md says, and replays of them."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import pytest

from opensnooplib.base.messages import Messages
from opensnooplib.cli import arguments
from opensnooplib.replay import stored_opens

MAGIC = b"\x89OSNOOP\n"
HEADER = MAGIC + struct.pack("=II", 0x01020304, 1)

_DESCRIPTION, _RECORD, _COUNTS = 1, 2, 3
_MASK = (1 << 64) - 1


def checksum(first: int, body: bytes) -> int:
    value = 0xCBF29CE484222325
    padded = body + bytes(-len(body) % 8)
    for word in (first, *struct.unpack(f"={len(padded) // 8}Q", padded)):
        value = (value ^ word) * 0x100000001B3 & _MASK
    return (value ^ value >> 32) & 0xFFFFFFFF


def block(kind: int, body: bytes) -> bytes:
    check = checksum(len(body) << 32 | kind, body)
    return struct.pack("=III", check, kind, len(body)) + body


def _field(name: str, offset: int, size: int, kind: str) -> Dict[str, Any]:
    return {"name": name, "offset": offset, "size": size, "kind": kind}


FIELDS = [
    _field("ts", 0, 8, "unsigned"),
    _field("pid", 8, 4, "unsigned"),
    _field("tid", 12, 4, "unsigned"),
    _field("uid", 16, 4, "unsigned"),
    _field("ret", 20, 4, "signed"),
    _field("flags", 24, 8, "unsigned"),
    _field("path_size", 32, 4, "signed"),
    _field("comm", 36, 16, "text"),
    _field("path", 52, 4097, "text"),
]
CLOCK = {"monotonic_ns": 1_000_000_000, "wall_ns": 1_700_000_000_000_000_000}


def described(**changes: Any) -> Dict[str, Any]:
    facts = {
        "fields": FIELDS,
        "clock": CLOCK,
        "kernel": "6.1.0",
        "machine": "x86_64",
        "command_line": ["-x"],
    }
    return {**facts, **changes}


def description(**changes: Any) -> bytes:
    return block(_DESCRIPTION, json.dumps(described(**changes)).encode())


def counts(lost: int = 0, missed: int = 0, ended: bool = True) -> bytes:
    facts = {"lost": lost, "missed": missed, "clock": CLOCK, "ended": ended}
    return block(_COUNTS, json.dumps(facts).encode())


class Open(NamedTuple):
    path: bytes = b"/etc/passwd"
    pid: int = 7
    uid: int = 0
    ret: int = 3
    flags: int = 0
    ts: int = 1_000_000_001
    comm: bytes = b"cat"

    def record(self) -> bytes:
        size = len(self.path) + 1
        return (
            struct.pack("=QIII", self.ts, self.pid, self.pid + 1, self.uid)
            + struct.pack("=iQi", self.ret, self.flags, size)
            + self.comm.ljust(16, b"\0")
            + self.path
            + b"\0"
        )


def records(*opens: Open) -> bytes:
    return b"".join(block(_RECORD, one.record()) for one in opens)


class Replayed(NamedTuple):
    status: int
    rows: List[Dict[str, Any]]
    said: str


class Replayer:
    """Runs replays in this process; the files are in `folder`."""

    def __init__(
        self, folder: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self.file = folder / "recording"
        self._rows = folder / "rows"
        self._capfd = capfd

    def text(self, content: bytes, *words: str) -> str:
        """The replay as a table."""
        self._run(content, words)
        return self._rows.read_text()

    def __call__(self, content: bytes, *words: str) -> Replayed:
        status, said = self._run(content, ("--format", "json") + words)
        lines = self._rows.read_text().splitlines()
        return Replayed(status, [json.loads(line) for line in lines], said)

    def _run(self, content: bytes, words: Any) -> Any:
        self.file.write_bytes(content)
        options = arguments.parse(
            # This process has more to do than the replay.
            ["--replay", str(self.file), "-o", str(self._rows), "--no-drop"]
            + list(words)
        )
        self._rows.write_bytes(b"")
        status = stored_opens.run(options, Messages())
        return status, self._capfd.readouterr().err
