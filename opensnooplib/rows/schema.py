# SPDX-License-Identifier: Apache-2.0
"""The fields of a record: struct event, as the compiler laid it out.

Its BTF tells that (members.py). Where the kernel took the programs without
(a float in the struct is enough with some compilers), there is still what BCC
tells, which is less. BCC describes a map's value as JSON, for example

    ["event", [["ts", "unsigned long long"], ["comm", "char", [16]],
               ["__pad_8", "char", [4]]], "struct_packed"]

with typedefs, enums and pointers resolved to integers, and of an array the
first dimension alone. "struct_packed" has its padding spelled out; "struct"
is laid out as C does. See bcc's src/cc/json_map_decl_visitor.cc. What it
leaves out, declarations.py has from the text.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from opensnooplib.base.errors import SourceError
from opensnooplib.source.declarations import RENDERINGS, Declaration, Note
from opensnooplib.source.members import Member

# C type: (bytes, is it signed). Pointers come as unsigned long long.
_INTEGERS: Dict[str, Tuple[int, bool]] = {
    "_Bool": (1, False),
    "bool": (1, False),
    "char": (1, True),
    "signed char": (1, True),
    "unsigned char": (1, False),
    "short": (2, True),
    "unsigned short": (2, False),
    "int": (4, True),
    "unsigned int": (4, False),
    "long": (8, True),
    "unsigned long": (8, False),
    "long long": (8, True),
    "unsigned long long": (8, False),
    "__int128": (16, True),
    "unsigned __int128": (16, False),
}

# Shown as the bytes that they are.
_OTHERS = {"float": 4, "double": 8, "long double": 16}

KINDS = ("unsigned", "signed", "bool", "pointer", "text", "bytes")


class Field(NamedTuple):
    """One field of struct event; offset and size in bytes.

    A field of a struct within has the names of both: "outer.inner".
    """

    name: str
    offset: int
    size: int  # of all elements, if it is an array
    kind: str  # one of KINDS; the elements', if it is an array of integers
    elements: int = 0  # 0: no array of integers
    symbols: Tuple[Tuple[int, str], ...] = ()  # of an enum: value, name
    note: Note = Note()
    is_sent: bool = True  # no record has it otherwise


class Schema(NamedTuple):
    fields: Tuple[Field, ...]

    @property
    def least(self) -> int:
        """Bytes of a record at least: of all that is sent before the path.

        0 where records may end anywhere, as those of somebody's own C.
        """
        path = self.known("path")
        if path is None or self.known("path_size") is None:
            return 0
        return max(
            (
                field.offset + field.size
                for field in self.fields
                if field.is_sent and field.offset < path.offset
            ),
            default=0,
        )

    def find(self, name: str) -> Optional[Field]:
        for field in self.fields:
            if field.name == name:
                return field
        return None

    def known(self, name: str) -> Optional[Field]:
        """The one that the frontend knows by this name.

        Of another type, it is a field as any other.
        """
        field = self.find(name)
        return field if field and _is_as_known(field) else None

    @classmethod
    def from_bcc(
        cls,
        description: str,
        size: int,
        declared: Mapping[str, Declaration],
    ) -> Schema:
        """From BCC's JSON for the struct, whose whole size is known too.

        Raises SourceError where the two don't agree, which no struct of
        plain fields comes to.
        """
        # BCC 0.26 and older leave out a type that they don't know.
        try:
            parsed = json.loads(re.sub(r",\s*\]", ',"?"]', description))
        except ValueError:
            raise SourceError(
                "struct event has an array whose size BCC can't tell: write "
                "it as a number, without sizeof"
            ) from None
        _, members, how = parsed
        layout = _Layout(declared)
        if how == "struct_packed":
            layout.size_what_is_left(members, size)
        end, _ = layout.lay_out(members, how, 0, "")
        if end != size:
            raise SourceError(
                f"struct event has {size} bytes, but its fields make {end}: "
                "take attributes such as aligned() and typedefs of arrays out "
                "of it"
            )
        return cls(tuple(layout.fields))

    @classmethod
    def from_members(
        cls, members: List[Member], declared: Mapping[str, Declaration]
    ) -> Schema:
        """From the BTF's. Raises SourceError for a bit field."""
        for member in members:
            if not member.element_size:
                raise _bit_field(member.name, declared)
        # Of char rest[0] there is nothing to show.
        fields = [_of_member(m, declared) for m in members if m.size]
        return cls(tuple(fields))

    def check_path_is_last(self, declared: Mapping[str, Declaration]) -> None:
        """Raises SourceError: send_event() of bpf_src sends none behind it."""
        if self.find("path") and self.fields[-1].name != "path":
            raise SourceError(
                f"{declared['path'].location}: path must stay the last field "
                "of struct event: a record is sent without what path leaves "
                f"unused, so {self.fields[-1].name} behind it would be lost"
            )

    def check_fields(self, declared: Mapping[str, Declaration]) -> None:
        """Raises SourceError for one that can't be a column."""
        for field in self.fields:
            why_not = _why_no_column(field)
            if why_not:
                outer = declared.get(field.name.partition(".")[0])
                where = f"{outer.location}: " if outer else "struct event: "
                raise SourceError(f"{where}the field {field.name} {why_not}")

    def as_sent(self, size: int) -> Schema:
        """Where records have `size` bytes of the struct."""

        def end(field: Field) -> int:
            """From here on it is there; of a text, its begin is enough."""
            return field.offset + (1 if field.kind == "text" else field.size)

        return Schema(
            tuple(
                field._replace(is_sent=end(field) <= size)
                for field in self.fields
            )
        )

    def to_plain(self) -> List[Dict[str, Any]]:
        """As dictionaries of numbers, strings and lists, for JSON."""
        return [_field_to_plain(field) for field in self.fields]

    @classmethod
    def from_plain(cls, plain: Any) -> Schema:
        """From what to_plain() gave. Raises ValueError for anything else."""
        try:
            return cls(tuple(_field_from_plain(field) for field in plain))
        except (TypeError, KeyError):
            raise ValueError("a schema is a list of fields") from None


def _is_as_known(field: Field) -> bool:
    is_integer = field.kind in ("unsigned", "signed") and not field.symbols
    if field.name in ("comm", "path"):
        return field.kind in ("text", "bytes")
    if field.name == "callers":
        return is_integer and field.size == 8 * field.elements
    if field.name == "ts":
        return is_integer and not field.elements and field.size == 8
    return is_integer and not field.elements and field.size <= 8


# No record of a perf ring is larger; its size is a u16.
_SIZE_LIMIT = (1 << 16) - 1
_SYMBOL_LIMIT = 255


def _why_no_column(field: Field) -> str:
    """What is wrong with it; "" if nothing is."""
    if not re.fullmatch(r"\w[\w.]*", field.name):
        return "names a column: use letters, digits and _ only"
    if not all(symbol.isprintable() for _, symbol in field.symbols) or any(
        len(symbol) > _SYMBOL_LIMIT for _, symbol in field.symbols
    ):
        return (
            "is an enum whose names are shown: use letters, digits and _, "
            f"{_SYMBOL_LIMIT} at most"
        )
    if field.offset + field.size > _SIZE_LIMIT:
        return f"ends beyond {_SIZE_LIMIT} bytes, which no record can hold"
    return ""


def _field_to_plain(field: Field) -> Dict[str, Any]:
    """What is as usual is left out."""
    plain = {**field._asdict(), "note": field.note._asdict()}
    usual = {
        "elements": 0,
        "symbols": (),
        "note": Note()._asdict(),
        "is_sent": True,
    }
    return {
        name: value
        for name, value in plain.items()
        if name not in usual or value != usual[name]
    }


def _field_from_plain(plain: Any) -> Field:
    fields = dict(plain)
    fields["note"] = Note(**fields.get("note", {}))
    fields["symbols"] = tuple((v, n) for v, n in fields.get("symbols", ()))
    field = Field(**fields)
    note = field.note
    words = [field.name, note.about, note.heading]
    numbers = [field.offset, field.size, field.elements, abs(note.width)]
    if (
        not all(isinstance(w, str) and w.isprintable() for w in words)
        or not all(type(n) is int and 0 <= n <= _SIZE_LIMIT for n in numbers)
        or not all(
            type(value) is int and 0 <= value < 1 << 64
            for value, _ in field.symbols
        )
        or not all(isinstance(symbol, str) for _, symbol in field.symbols)
        or _why_no_column(field)
        or field.kind not in KINDS
        or field.size == 0
        or type(field.is_sent) is not bool
        or note.rendering not in ("", *RENDERINGS)
        or (field.elements > 0 and field.size % field.elements)
    ):
        raise ValueError(f"no field: {str(plain)[:99]}")
    return field


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _count(member: List[Any]) -> Optional[int]:
    """Of the elements, if the member is an array."""
    if len(member) > 2 and isinstance(member[2], list):
        return int(member[2][0])
    return None


def _type(member: List[Any]) -> Any:
    """A name, or [name, members, how]; what has no name is that itself."""
    return member[1] if member[0] else member


def _bit_field(name: str, declared: Mapping[str, Declaration]) -> SourceError:
    where = f"{declared[name].location}: " if name in declared else ""
    return SourceError(
        f"{where}struct event has a bit field, {name}: use a whole integer"
    )


class _Layout:
    """Where each member lies. Methods raise SourceError."""

    def __init__(self, declared: Mapping[str, Declaration]) -> None:
        self.fields: List[Field] = []
        self._declared = declared
        self._found: Dict[str, int] = {}  # sizes that BCC does not tell

    def size_what_is_left(self, members: List[Any], size: int) -> None:
        """The one member that BCC can't size is what the others leave."""
        unsized = [m for m in members if self._is_unsized(m)]
        if len(unsized) == 1:
            rest = sum(
                self._sizes(m)[0] for m in members if m is not unsized[0]
            )
            self._found[unsized[0][0]] = size - rest
        elif unsized:
            names = " and ".join(member[0] for member in unsized)
            raise SourceError(
                f"struct event has fields whose size BCC can't tell, {names}: "
                "only one such field is possible"
            )

    def _is_unsized(self, member: List[Any]) -> bool:
        name, kind = member[0], _type(member)
        if isinstance(kind, str) and kind not in (*_INTEGERS, *_OTHERS):
            return True
        declared = self._declared.get(name)
        return declared is not None and declared.dimensions > 1

    def lay_out(
        self, members: List[Any], how: str, base: int, prefix: str
    ) -> Tuple[int, int]:
        """Lay out a struct's or union's members: its size and alignment."""
        end = 0
        whole = 0
        largest = 1
        for member in members:
            size, alignment = self._sizes(member)
            if how == "struct":
                end = _round_up(end, alignment)
            if not member[0].startswith("__pad_"):
                self._lay_out_one(member, base + end, size, prefix)
            whole = max(whole, end + size)
            end = 0 if how == "union" else end + size
            largest = max(largest, alignment)
        if how == "struct_packed":
            return whole, largest
        return _round_up(whole, largest), largest

    def _lay_out_one(
        self, member: List[Any], offset: int, size: int, prefix: str
    ) -> None:
        name, kind = member[0], _type(member)
        count = _count(member)
        if size == 0:
            return  # char rest[0]: nothing to show
        if not isinstance(kind, str) and count is None:
            inner = f"{prefix}{name}." if name else prefix
            self.lay_out(kind[1], kind[2], offset, inner)
            return
        field = Field(prefix + name, offset, size, "bytes")
        if isinstance(kind, str) and kind in _INTEGERS:
            field = _with_type(field, kind, count is not None)
        declared = self._declared.get(field.name)
        if declared:
            field = _with_declaration(field, declared)
        self.fields.append(field)

    def _sizes(self, member: List[Any]) -> Tuple[int, int]:
        """Size and alignment of a member."""
        name, kind = member[0], _type(member)
        if name in self._found:
            return self._found[name], 1
        if len(member) > 2 and isinstance(member[2], int):
            raise _bit_field(name, self._declared)
        if isinstance(kind, str):
            size = _INTEGERS.get(kind, (_OTHERS.get(kind, 0), False))[0]
            if not size:
                raise SourceError(
                    f"struct event has a field whose size BCC can't tell, "
                    f"{name}: use an integer, a char array or a struct of "
                    "them"
                )
            alignment = size
        else:
            # A look at the inner members, without keeping their offsets.
            size, alignment = _Layout({}).lay_out(kind[1], kind[2], 0, "")
        count = _count(member)
        return size * (1 if count is None else count), alignment


def _of_member(member: Member, declared: Mapping[str, Declaration]) -> Field:
    field = Field(
        member.name,
        member.offset,
        member.size,
        "bytes",
        symbols=_masked(member.symbols, member.element_size),
    )
    if member.what != "other":
        field = _with_kind(
            field, member.what, member.element_size, member.dimensions
        )
    found = declared.get(member.name)
    return _with_note(field, found) if found else field


def _with_type(field: Field, c_type: str, is_array: bool) -> Field:
    size, signed = _INTEGERS[c_type]
    what = "signed" if signed else "unsigned"
    if c_type in ("bool", "_Bool", "char"):
        what = c_type.lstrip("_").lower()
    return _with_kind(field, what, size, int(is_array))


def _with_kind(field: Field, what: str, size: int, dimensions: int) -> Field:
    """By what it is, or the elements of an array are: see Member."""
    kind = "signed" if what == "char" else what
    if dimensions == 0:
        return field._replace(kind=kind)
    if what == "char":
        return field._replace(kind="text" if dimensions == 1 else "bytes")
    if size == 1 and kind != "bool":
        return field  # an address, a digest: hex digits
    return field._replace(kind=kind, elements=field.size // size)


def _with_declaration(field: Field, declared: Declaration) -> Field:
    """What BCC doesn't tell."""
    is_integer = field.kind in ("unsigned", "signed")
    if declared.dimensions > 1 and field.kind == "text":
        field = field._replace(kind="bytes")
    if is_integer:
        size = field.size // (field.elements or 1)
        field = field._replace(symbols=_masked(declared.symbols, size))
    if declared.is_pointer and is_integer:
        field = field._replace(kind="pointer")
    return _with_note(field, declared)


def _with_note(field: Field, declared: Declaration) -> Field:
    note = declared.note
    is_integer = field.kind in ("unsigned", "signed", "pointer")
    if note.rendering and not is_integer:
        raise SourceError(
            f"{declared.location}: column: {note.rendering} is a rendering "
            f"for integers, which {field.name} is not"
        )
    return field._replace(note=note)


def _masked(
    symbols: Tuple[Tuple[int, str], ...], size: int
) -> Tuple[Tuple[int, str], ...]:
    """Values as an integer of `size` bytes has them, without a sign."""
    mask = (1 << 8 * size) - 1
    return tuple((value & mask, name) for value, name in symbols)
