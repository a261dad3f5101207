# SPDX-License-Identifier: Apache-2.0
"""Opens that have begun in the trace, and haven't ended.

With --hanging there are rows for them; at the end of a trace they are named.
"""

from __future__ import annotations

import sys
import time
from typing import Callable, Iterator, NamedTuple, Sequence

from opensnooplib.base.messages import duration
from opensnooplib.base.quoting import shell_text
from opensnooplib.kernel import map_contents
from opensnooplib.reader import Reader
from opensnooplib.rows.schema import Schema
from opensnooplib.source.known_maps import REQUESTS_MAP
from opensnooplib.trace.program_set import ProgramSet

# UNDER_WAY of bpf_src/extra/record_values.h, SHORT_PATH of bpf_src/record.h
_UNDER_WAY, _SHORT_PATH = 0x7FFFFFFD, 128


class UnderWay(NamedTuple):
    thread: int  # 0: it is a request of io_uring
    began_ns: int  # CLOCK_MONOTONIC
    path: bytes  # with its NUL, and what follows in the record
    record: bytes  # as of when it began; with -L alone, there is none

    def row(self, schema: Schema, now_ns: int) -> bytes:
        """The record, of this schema, of what is so far."""
        record = bytearray(self.record)
        latency = now_ns - self.began_ns
        numbers = {"ts": now_ns, "latency": latency, "ret": _UNDER_WAY}
        for key, number in numbers.items():
            field = schema.known(key)
            if field:
                value = number.to_bytes(field.size, sys.byteorder)
                record[field.offset : field.offset + field.size] = value
        return bytes(record)

    def text(self, now_ns: int) -> str:
        """Which open it is."""
        by = f"thread {self.thread}" if self.thread else "io_uring"
        name = self.path.partition(b"\0")[0]
        path = shell_text(name, len(name) + 1 == len(self.path))
        path = path if name else "<unreadable>"  # or --trusted: not known yet
        return f"{path} ({by}, for {duration(now_ns - self.began_ns)})"


def find(
    one: ProgramSet, until_ns: int, most_requests: int = 256
) -> Iterator[UnderWay]:
    """What a program set knows of them, as far as they began until then.

    Opens by system calls are known if the C keeps when they began: -L. Of
    requests of io_uring, twice as many as asked for are looked at: each has a
    whole record, and a user can have thousands that never end.
    """
    for name, at in one.taken.under_way.items():
        if at.began < 0 or at.path < 0:
            continue
        is_request = name == REQUESTS_MAP
        sizes = (8, most_requests) if is_request else (4, 1 << 20)
        found = map_contents.contents(one.taken.maps[name], *sizes, bool)
        for key, value in found.items():
            flag = value[at.flag_offset : at.flag_offset + at.flag_size]
            began = int.from_bytes(value[at.began :][:8], sys.byteorder)
            is_over = any(flag) != (at.flag_size > 0)
            if is_over or not one.from_ns <= began <= until_ns:
                continue
            thread = 0 if is_request else int.from_bytes(key, sys.byteorder)
            record = value[at.record :] if at.record >= 0 else b""
            path = value[at.path :]
            path = path if is_request else path[:_SHORT_PATH]
            yield UnderWay(thread, began, path, record)


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
        until_ns = now_ns - int(seconds * 1e9)
        still = set()
        for one in sets():
            schema = one.taken.outputs[0].schema
            there = set(find(one, until_ns))
            if there - shown:  # an entry may have changed while it was read
                there.intersection_update(find(one, until_ns))
            for found in there:
                record = found.record and found.row(schema, now_ns)
                put = rings.put_record  # if there is room: else the next time
                if found in shown or record and put(one.streams[0], record):
                    still.add(found)
        shown = still
        due = time.monotonic() + min(seconds, 1)
        yield  # also if it is due at once
        while time.monotonic() < due:
            yield
