# SPDX-License-Identifier: Apache-2.0
"""What the reader compares: conditions of criteria.py on a schema's fields.

It selects records of a recording, and those of the C of --source, which need
not use the macros; and it finds the open that --until waits for.
"""

from __future__ import annotations

from typing import Container, NamedTuple, Sequence

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.globs import Glob
from opensnooplib.options import Chosen, Options
from opensnooplib.rows.field import Field
from opensnooplib.rows.schema import Schema
from opensnooplib.selection import criteria
from opensnooplib.selection.criteria import SUCCESS, UNKNOWN, Condition, Test


class Filter(NamedTuple):
    """What a record must meet: all conditions, and patterns of its path."""

    conditions: Sequence[tuple[Condition, Field]] = ()
    globs: Sequence[Glob] = ()


def of_selection(
    options: Options,
    schema: Schema,
    decided: Container[str] | None,
    began_ns: int = 0,
) -> Filter:
    """What the reader compares.

    decided: the options that the kernel decides; None: all that it can.
    began_ns: when the trace of a recording began, by CLOCK_MONOTONIC. Raises
    OpensnoopError for a field that isn't there.
    """
    chosen: list[Condition] = []
    asked: dict[str, str] = {}  # the option by the field
    globs = options.selection.globs
    if globs:
        asked["path"] = "--path"
    for one in criteria.criteria(options):
        if decided is not None and one.option not in decided and one.condition:
            chosen.append(one.condition)
            asked[one.condition.name] = one.option
    if began_ns and options.output.duration is not None:
        end = began_ns + int(options.output.duration * 1e9)
        chosen.append(Condition("ts", Test.MOST, Chosen([(0, end)])))
        asked["ts"] = "-d"
    fields: dict[str, Field] = {}
    for name, option in asked.items():
        field = schema.known(name)
        if field is None:
            lacks = f"has no field {name} to select by"
            raise OpensnoopError(
                f"{option}: the recording {lacks}"
                if began_ns
                else f"{option}: struct event {lacks}; add one, or leave the "
                "option out"
            )
        fields[name] = field
    return Filter([(one, fields[one.name]) for one in chosen], globs)


def of_until(options: Options, schema: Schema, began_ns: int = 0) -> Filter:
    """What the record of --until meets; `began_ns` as in of_selection()."""
    asked = options.output.until
    if not asked:
        return Filter()
    options = options._replace(
        selection=asked.selection,
        output=options.output._replace(duration=None),
    )
    found = of_selection(options, schema, (), began_ns)
    ret = schema.known("ret")
    if ret and (asked.is_opened or asked.selection.errnos):
        results = [SUCCESS] if asked.is_opened else []
        known = Chosen(results, [UNKNOWN])
        surely = Condition("ret", Test.BITS, known)
        return found._replace(conditions=[*found.conditions, (surely, ret)])
    return found
