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
    found: list[tuple[Condition, Field]] = []
    for one in criteria.criteria(options):
        if decided is not None and one.option not in decided and one.condition:
            name = one.condition.name
            field = _field(schema, name, one.option, began_ns)
            found.append((one.condition, field))
    if began_ns and options.output.duration is not None:
        end = began_ns + int(options.output.duration * 1e9)
        condition = Condition("ts", Test.MOST, Chosen([(0, end)]))
        found.append((condition, _field(schema, "ts", "-d", began_ns)))
    if options.selection.globs:
        _field(schema, "path", "--path", began_ns)
    return Filter(found, options.selection.globs)


def of_until(options: Options, schema: Schema, began_ns: int = 0) -> Filter:
    """What the record of --until meets; `began_ns` as in of_selection()."""
    until = options.output.until
    if not until:
        return Filter()
    chosen = criteria.criteria(options._replace(selection=until.selection))
    conditions = [one.condition for one in chosen if one.condition]
    if until.is_opened or until.selection.errnos:
        known = Chosen([SUCCESS] if until.is_opened else [], [UNKNOWN])
        conditions.append(Condition("ret", Test.BITS, known))
    names = [one.name for one in conditions]
    names += ["path"] * bool(until.selection.globs)
    fields = [_field(schema, name, "--until", began_ns) for name in names]
    return Filter([*zip(conditions, fields)], until.selection.globs)


def _field(schema: Schema, name: str, option: str, began_ns: int) -> Field:
    field = schema.known(name)
    if field is None:
        lacks = f"has no field {name} to select by"
        raise OpensnoopError(
            f"{option}: the recording {lacks}"
            if began_ns
            else f"{option}: struct event {lacks}; add one, or leave the "
            "option out"
        )
    return field
