# SPDX-License-Identifier: Apache-2.0
"""Opens that have begun in the trace, and haven't ended.

With --hanging there are rows for them; at the end of a trace they are named.
"""

from __future__ import annotations

import sys
import time
from typing import Callable, Iterator, NamedTuple, Sequence

from opensnooplib.kernel import map_contents
from opensnooplib.kernel.bpf_objects import StartMap
from opensnooplib.reader import Reader
from opensnooplib.rows.schema import Schema
from opensnooplib.source.known_maps import HANGING_MAP, REQUESTS_MAP, START_MAP
from opensnooplib.summary.tables import duration, shell_text
from opensnooplib.trace.program_set import ProgramSet

_UNDER_WAY = 0x7FFFFFFD  # of bpf_src/extra/record_values.h
_CUT = 4096 + 2  # a path_size that no path has


def _name(path: bytes) -> tuple[bytes, bool]:
    """The path before its NUL; is there no room for more?"""
    name = path.partition(b"\0")[0]
    return name, len(name) + 1 == len(path)


class UnderWay(NamedTuple):
    thread: int  # 0: it is a request of io_uring
    began_ns: int  # CLOCK_MONOTONIC
    path: bytes  # with its NUL, and what follows in the record
    fields: bytes | None  # of the record, before the path; None: unknown

    def record(self, schema: Schema, now_ns: int) -> bytes:
        """A record of this schema that says so."""
        record = bytearray(self.fields or b"")
        latency = now_ns - self.began_ns
        numbers = {"ts": now_ns, "latency": latency, "ret": _UNDER_WAY}
        if self.thread:  # else it is there
            name, is_cut = _name(self.path)
            # An empty name could not be read: else the open would have failed.
            numbers["path_size"] = _CUT if is_cut else len(name) + bool(name)
            if name.startswith(b"/"):  # it needs no directories
                numbers["dir_state"] = 0
        for key, number in numbers.items():
            field = schema.known(key)
            if field:
                value = number.to_bytes(field.size, sys.byteorder)
                record[field.offset : field.offset + field.size] = value
        return bytes(record) + self.path

    def text(self, now_ns: int) -> str:
        """Which open it is."""
        by = f"thread {self.thread}" if self.thread else "io_uring"
        path = shell_text(*_name(self.path))
        return f"{path} ({by}, for {duration(now_ns - self.began_ns)})"


def find(one: ProgramSet, until_ns: int) -> Iterator[UnderWay]:
    """What a program set knows of them, as far as they began until then.

    Opens by system calls are known if the C keeps when they began: -L.
    """
    known = {START_MAP: one.taken.start_map}
    for output in one.outputs[:1]:  # the C of --source may have none
        ts, path = map(output.schema.known, ("ts", "path"))
        if one.taken.requests_map and ts and path:  # its values are records
            known[REQUESTS_MAP] = StartMap(0, 0, ts.offset, path.offset)
    kept = _entries(one, HANGING_MAP)
    for name, at in known.items():
        if not at or at.began < 0:
            continue
        for key, value in _entries(one, name).items():
            flag = value[at.flag_offset : at.flag_offset + at.flag_size]
            began = int.from_bytes(value[at.began :][:8], sys.byteorder)
            is_over = any(flag) != (at.flag_size > 0)
            if is_over or not one.from_ns <= began <= until_ns:
                continue
            thread = key if name == START_MAP else 0
            fields = kept.get(key) if thread else value[: at.path]
            yield UnderWay(thread, began, value[at.path :], fields)


def _entries(one: ProgramSet, name: str) -> dict[int, bytes]:
    """The values of a map, if the C has it, by their keys, as numbers."""
    if name not in one.taken.maps:
        return {}
    sizes = 8 if name == REQUESTS_MAP else 4, 1 << 20
    found = map_contents.contents(one.taken.maps[name], *sizes, bool)
    return {int.from_bytes(k, sys.byteorder): v for k, v in found.items()}


def rows(
    rings: Reader, sets: Callable[[], Sequence[ProgramSet]], seconds: float
) -> Iterator[None]:
    """A row for each open that has become so old: --hanging.

    Take the next step in each round of the trace: the maps are searched once a
    second, or more often. A row's time is that up to which all rows are
    written.
    """
    shown: set[UnderWay] = set()
    while True:
        now_ns = rings.read_until_ns()
        still = set()
        for one in sets():
            schema = one.taken.outputs[0].schema
            for found in find(one, now_ns - int(seconds * 1e9)):
                record = found.fields and found.record(schema, now_ns)
                put = rings.put_record  # if there is room: else the next time
                if found in shown or record and put(one.streams[0], record):
                    still.add(found)
        shown = still
        due = time.monotonic() + min(seconds, 1)
        while time.monotonic() < due:
            yield
