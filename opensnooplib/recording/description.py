# SPDX-License-Identifier: Apache-2.0
"""What a recording says of itself, as JSON: its descriptions and counts.

The format is in docs/recording.md. A recording may come from anybody, so that
nothing in it is used before it is checked.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from typing import Any, NamedTuple, Sequence

from opensnooplib import __version__
from opensnooplib.base import native_library, output_file
from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.kernel import this_kernel
from opensnooplib.options import Options
from opensnooplib.rows.schema import Schema

# RECORDING_MAGIC of native/io/recording_blocks.h
MAGIC = b"\x89OSNOOP\n"

# A record's size has 16 bits, see perf_event_header of perf_event_open(2).
_RECORD_BYTES = 1 << 16
_WORD_LIMIT = 1000  # characters, as of one of the command line

# Kinds of paths: as the program gave them, with -F, with -R.
PATHS = ("given", "full", "real")


# Read before privileges are dropped; "": it isn't known.
THIS_BOOT = this_kernel.text_of("/proc/sys/kernel/random/boot_id").strip()


class Clock(NamedTuple):
    """The same moment on two clocks, in ns."""

    monotonic_ns: int
    wall_ns: int


class Description(NamedTuple):
    """How to read the records that follow, and where they come from."""

    schema: Schema
    clock: Clock  # when the trace began, or this file of it
    kernel: str
    machine: str
    command_line: list[str]
    paths: str  # one of PATHS; "": the recording doesn't say
    boot: str  # as THIS_BOOT, of the recorded host; likewise


class Counts(NamedTuple):
    """The number of records missing from the recording so far."""

    lost: int = 0
    missed: int = 0
    clock: Clock = Clock(0, 0)
    ended: bool = False  # the trace ended, and nothing follows


class DamagedError(Exception):
    """A block of the recording lacks what it must have."""


def now() -> Clock:
    return Clock(native_library.kernel_clock_ns(), time.time_ns())


def describe(schema: Schema, calls: Sequence[str], options: Options) -> str:
    """The body of a description block."""
    host = os.uname()
    facts = {
        "fields": schema.to_plain(),
        "clock": now()._asdict(),
        "kernel": host.release,
        "machine": host.machine,
        "boot": THIS_BOOT,
        "word_bytes": 8 if sys.maxsize > 1 << 32 else 4,
        "opensnoop": __version__,
        "command_line": [word[:_WORD_LIMIT] for word in sys.argv[1:100]],
        "paths": PATHS[options.columns.full_path + options.columns.real_path],
        "plan": options.probe.plan,
        "calls": list(calls),
    }
    return json.dumps(facts)


def count(lost: int, missed: int, ended: bool) -> str:
    """The body of a counts block."""
    facts = {"lost": lost, "missed": missed, "clock": now()._asdict()}
    return json.dumps({**facts, "ended": ended})


def parse_description(body: bytes) -> Description:
    """Raises DamagedError."""
    facts = _object(body)
    schema, clock = _schema(_value(facts, "fields", list)), _clock(facts)
    host = _value(facts, "kernel", str), _value(facts, "machine", str)
    words = _strings(facts, "command_line")
    paths = _value(facts, "paths", str) if "paths" in facts else ""
    boot = _value(facts, "boot", str) if "boot" in facts else ""
    return Description(schema, clock, *host, words, paths, boot)


def parse_counts(body: bytes) -> Counts:
    """Raises DamagedError."""
    facts = _object(body)
    lost, missed = _number(facts, "lost"), _number(facts, "missed")
    return Counts(lost, missed, _clock(facts), _value(facts, "ended", bool))


def _object(body: bytes) -> dict[str, Any]:
    try:
        facts = json.loads(body)
    except (ValueError, RecursionError):
        raise DamagedError from None
    if not isinstance(facts, dict):
        raise DamagedError
    return facts


def _value(facts: dict[str, Any], key: str, kind: type) -> Any:
    value = facts.get(key)
    if type(value) is not kind:  # to isinstance(), True is an int
        raise DamagedError
    if isinstance(value, str) and len(value) > _WORD_LIMIT:
        raise DamagedError
    return value


def _number(facts: dict[str, Any], key: str) -> int:
    number: int = _value(facts, key, int)
    if not 0 <= number < 1 << 64:
        raise DamagedError
    return number


def _strings(facts: dict[str, Any], key: str) -> list[str]:
    strings: list[str] = _value(facts, key, list)
    words = [one for one in strings if isinstance(one, str)]
    if words != strings or len("".join(words)) > 99 * _WORD_LIMIT:
        raise DamagedError
    return strings


def _clock(facts: dict[str, Any]) -> Clock:
    clock = _value(facts, "clock", dict)
    return Clock(_number(clock, "monotonic_ns"), _number(clock, "wall_ns"))


def _schema(described: list[Any]) -> Schema:
    """The schema; no field twice, no more bytes than fit a record or a row."""
    try:
        schema = Schema.from_plain(described)
        schema.check_width()
    except (ValueError, SourceError):
        raise DamagedError from None
    fields = schema.fields
    names = {field.name for field in fields}
    size = sum(field.size for field in fields)
    if size > _RECORD_BYTES or len(names) < len(fields):
        raise DamagedError
    return schema


def open_for_writing(path: str) -> int:
    """The descriptor that --record writes to; the file is not emptied yet.

    Raises OpensnoopError, also for a file that is neither new nor empty nor a
    recording: a slip must not destroy another file.
    """
    name = "/dev/stdout" if path == "-" else path
    fd = output_file.open_for_writing("--record", name, os.O_RDWR)
    if os.isatty(fd):
        raise _refusal(
            path, "a terminal cannot show a recording; redirect stdout"
        )
    if output_file.was_given(fd):
        return fd
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise _refusal(
            path, "is not a regular file; for a pipe, use --record - | ..."
        )
    if os.pread(fd, len(MAGIC), 0) not in (b"", MAGIC):
        raise _refusal(
            path, "exists and is not a recording; choose another name"
        )
    return fd


def _refusal(path: str, why: str) -> OpensnoopError:
    return OpensnoopError(f"--record {path}: {why}")
