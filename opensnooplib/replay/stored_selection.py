# SPDX-License-Identifier: Apache-2.0
"""The selection in a replay: conditions on records, made from the options.

In a trace, kernel_selection.py makes them for the kernel.
"""

from __future__ import annotations

import os
from typing import List, Sequence, Tuple

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.open_flags import FLAG_GROUPS
from opensnooplib.options import Options
from opensnooplib.recording.recording_file import Condition, Test
from opensnooplib.rows.field import Field
from opensnooplib.rows.schema import Schema

_LOW_BITS = (1 << 32) - 1
_SIGN_BIT = 1 << 63


def conditions(
    options: Options, schema: Schema, began_ns: int
) -> List[Condition]:
    """The conditions that a record must meet; the trace began at `began_ns`.

    Raises OpensnoopError for a field that the recording doesn't have.
    """
    wanted: List[Condition] = []

    def want(option: str, name: str, pairs: Sequence[Tuple[int, int]]) -> None:
        field = _find(schema, name, option)
        wanted.append(Condition(Test.BITS, field, pairs))

    if options.tid is not None:
        want("-t", "tid", _one_of([options.tid]))
    elif options.pids:
        want("-p", "pid", _one_of(options.pids))
    if options.uids:
        want("-u", "uid", _one_of(options.uids))
    if options.comm_part:
        field = _find(schema, "comm", "-n")
        wanted.append(Condition(Test.HOLDS, field, text=options.comm_part))
    if options.only_failed:
        want("-x", "ret", [(_SIGN_BIT, _SIGN_BIT)])
    if options.errnos:
        want("--errno", "ret", _one_of([-error for error in options.errnos]))
    if options.flags:
        want("-f", "flags", _flags(options.flags))
    if options.duration is not None:
        field = _find(schema, "ts", "-d")
        end = began_ns + int(options.duration * 1e9)
        wanted.append(Condition(Test.MOST, field, [(0, end)]))
    return wanted


def _find(schema: Schema, name: str, option: str) -> Field:
    field = schema.known(name)
    if field is None:
        raise OpensnoopError(
            f"{option}: the recording has no field {name} to select by"
        )
    return field


def _one_of(numbers: Sequence[int]) -> List[Tuple[int, int]]:
    """Bits of these numbers in a field of 32 bits, with a sign or without."""
    return [(_LOW_BITS, number & _LOW_BITS) for number in numbers]


def _flags(words: Sequence[str]) -> List[Tuple[int, int]]:
    """Bits of these flags, as in _has_flag() of kernel_selection.py."""
    pairs = []
    for word in words:
        for name in FLAG_GROUPS.get(word, (word,)):
            value: int = getattr(os, name)
            mask = os.O_ACCMODE if value == os.O_RDONLY else value
            pairs.append((mask, value))
    return pairs
