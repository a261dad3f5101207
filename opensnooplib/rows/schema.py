# SPDX-License-Identifier: Apache-2.0
"""The fields of a record: struct event, as the compiler laid it out.

The layout comes from BTF (btf_layout.py), and comments on fields from the text
of the C (declarations.py).
"""

from __future__ import annotations

from typing import Any, Container, Iterable, Mapping, NamedTuple

from opensnooplib.base.errors import SourceError
from opensnooplib.rows.field import Field
from opensnooplib.source.declarations import Declaration

# What all fields may add to each row, however short its record is.
_ROW_LIMIT = 1 << 14


class Output(NamedTuple):
    """A map through which the C sends records: a perf ring or a BPF ring."""

    name: str
    is_ring_buffer: bool
    schema: Schema
    struct: str = "struct event"  # that is sent, for messages
    unsent: tuple[str, ...] = ()  # fields behind the end of the records
    size: int = 0  # of the shortest record, in bytes; 0: not constant


class Schema(NamedTuple):
    """The fields of a record, in the order of the struct."""

    fields: tuple[Field, ...]

    @property
    def least(self) -> int:
        """The least bytes of a record: all that is sent before the path.

        0 where records may end anywhere, as with --source.
        """
        path = self.known("path")
        if path is None or self.known("path_size") is None:
            return 0
        before = [one for one in self.fields if one.offset < path.offset]
        return max((one.offset + one.size for one in before), default=0)

    def check_width(self) -> None:
        """Raises SourceError if a small record could make a huge row."""
        if sum(field.row_cost for field in self.fields) > _ROW_LIMIT:
            raise SourceError(
                "struct event has too many or too large fields for a "
                "recording: a replay could make huge rows of small records"
            )

    def find(self, name: str) -> Field | None:
        for field in self.fields:
            if field.name == name:
                return field
        return None

    def known(self, name: str) -> Field | None:
        """The field of this name, if it has the type that its name implies.

        With another type, it is a field like any other.
        """
        field = self.find(name)
        return field if field and field.is_as_known else None

    @classmethod
    def compiled(
        cls,
        fields: Iterable[Field],
        declared: Mapping[str, Declaration],
        wanted: Container[str],
    ) -> Schema:
        """The schema of fields as the compiler laid them out.

        It is without those that have a macro and aren't `wanted` by it: they
        are not filled. Raises SourceError for a field that can't be a column,
        or not the one that its comment asks for.
        """
        kept = []
        for field in fields:
            outer = declared.get(field.name.partition(".")[0])
            if outer and outer.macro and outer.macro not in wanted:
                continue
            if field.why_no_column:
                where = f"{_location(outer)}: the field {field.name}"
                raise SourceError(f"{where} {field.why_no_column}")
            if field.name in declared:
                field = field.with_note(declared[field.name])
            kept.append(field)
        return cls(tuple(kept))

    def check_path_is_last(self, declared: Mapping[str, Declaration]) -> None:
        """Raises SourceError for a field after path.

        send_event() in bpf_src/record.h sends nothing after it.
        """
        if self.find("path") and self.fields[-1].name != "path":
            raise SourceError(
                f"{_location(declared.get('path'))}: path must be the last "
                "field of struct event: a record ends where its path ends, so "
                f"{self.fields[-1].name} after it would be lost"
            )

    def sent(self, size: int, least: int = 0) -> Schema:
        """The schema of records that have the first `size` bytes, at most.

        `least`: the bytes that all records have.
        """

        def end(field: Field) -> int:
            """The size from which a record has it; of a text, one byte."""
            is_short = field.kind == "text" or field.is_flexible
            return field.offset + (1 if is_short else field.size)

        there = [one for one in self.fields if end(one) <= size]
        if there and there[-1].is_flexible and least == size:
            last = there.pop()
            there.append(last._replace(size=size - last.offset))
        return Schema(tuple(there))

    def to_plain(self) -> list[dict[str, Any]]:
        """The fields as dictionaries of numbers, strings and lists."""
        return [one.to_plain() for one in self.fields]

    @classmethod
    def from_plain(cls, plain: Any) -> Schema:
        """The schema that to_plain() gave. Raises ValueError."""
        try:
            # Earlier versions also wrote those that no record has.
            sent = [one for one in plain if dict(one).get("is_sent", True)]
            return cls(tuple(map(Field.from_plain, sent)))
        except (TypeError, KeyError):
            raise ValueError("a schema is a list of fields") from None


def _location(declared: Declaration | None) -> str:
    return declared.location if declared else "struct event"
