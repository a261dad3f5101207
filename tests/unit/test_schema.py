# SPDX-License-Identifier: Apache-2.0
"""struct event as BCC describes it; the descriptions are BCC 0.26's own."""

from __future__ import annotations

import json
from typing import Any, Mapping

import pytest

from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.rows.field import Field
from opensnooplib.rows.schema import Schema
from opensnooplib.source import declarations
from opensnooplib.source.members import Member

U32, U64 = '"unsigned int"', '"unsigned long long"'


def _schema(
    members: str,
    how: str,
    size: int,
    declared: Mapping[str, declarations.Declaration] = {},
) -> Schema:
    description = f'["event", [{members}], "{how}"]'
    return Schema.from_bcc(description, size, declared)


def _fields(members: str, how: str, size: int, text: str = "") -> list[Field]:
    """`text`: what the C says of the struct beside."""
    declared = declarations.of_event(f"struct event {{ {text} }};")
    return list(_schema(members, how, size, declared).fields)


def test_padding_is_spelled_out_in_a_packed_struct() -> None:
    # u8 a; u64 b; u16 c[3];
    members = (
        '["a","unsigned char"], ["__pad_1","char",[7]], '
        f'["b",{U64}], ["c","unsigned short", [3]], ["__pad_end","char",[2]]'
    )
    assert _fields(members, "struct_packed", 24) == [
        Field("a", 0, 1, "unsigned"),
        Field("b", 8, 8, "unsigned"),
        Field("c", 16, 6, "unsigned", elements=3),
    ]


def test_a_struct_that_really_is_packed() -> None:
    members = f'["a","unsigned char"], ["b",{U32}]'
    assert _fields(members, "struct_packed", 5) == [
        Field("a", 0, 1, "unsigned"),
        Field("b", 1, 4, "unsigned"),
    ]


def test_a_plain_struct_is_laid_out_as_c_does() -> None:
    members = f'["a","unsigned char"], ["b","short"], ["c",{U64}], ["d",{U32}]'
    assert _fields(members, "struct", 24) == [
        Field("a", 0, 1, "unsigned"),
        Field("b", 2, 2, "signed"),
        Field("c", 8, 8, "unsigned"),
        Field("d", 16, 4, "unsigned"),
    ]


@pytest.mark.parametrize(
    "c_type, size, kind",
    [
        ("_Bool", 1, "bool"),
        ("bool", 1, "bool"),
        ("char", 1, "signed"),
        ("signed char", 1, "signed"),
        ("unsigned char", 1, "unsigned"),
        ("short", 2, "signed"),
        ("unsigned short", 2, "unsigned"),
        ("int", 4, "signed"),
        ("unsigned int", 4, "unsigned"),
        ("long", 8, "signed"),
        ("unsigned long", 8, "unsigned"),
        ("long long", 8, "signed"),
        ("unsigned long long", 8, "unsigned"),
        ("__int128", 16, "signed"),
        ("unsigned __int128", 16, "unsigned"),
        ("float", 4, "bytes"),
        ("double", 8, "bytes"),
    ],
)
def test_types(c_type: str, size: int, kind: str) -> None:
    expected = [Field("x", 0, size, kind)]
    assert _fields(f'["x","{c_type}"]', "struct_packed", size) == expected
    assert _fields(f'["x","{c_type}"]', "struct", size) == expected


def test_arrays() -> None:
    members = (
        '["comm","char", [16]], ["raw","unsigned char", [4]], '
        '["also","signed char", [4]], ["one","char"], ["yes","_Bool", [2]], '
        '["__pad_5","char",[1]], ["n","int", [2]]'
    )
    assert _fields(members, "struct_packed", 36) == [
        Field("comm", 0, 16, "text"),
        Field("raw", 16, 4, "bytes"),
        Field("also", 20, 4, "bytes"),
        Field("one", 24, 1, "signed"),
        Field("yes", 25, 2, "bool", elements=2),
        Field("n", 28, 8, "signed", elements=2),
    ]


def test_structs_and_unions_inside() -> None:
    # u8 a; struct {u8 x; u32 y;} n; union {u64 p; char q[3];} u; char z[5];
    members = (
        '["a","unsigned char"], ["__pad_1","char",[3]], '
        '["n",["", [["x","unsigned char"], ["__pad_1","char",[3]], '
        f'["y",{U32}] ], "struct_packed"]], ["__pad_2","char",[4]], '
        f'["u",["", [["p",{U64}], ["q","char", [3]] ], "union"]], '
        '["z","char", [5]], ["__pad_end","char",[3]]'
    )
    assert _fields(members, "struct_packed", 32) == [
        Field("a", 0, 1, "unsigned"),
        Field("n.x", 4, 1, "unsigned"),
        Field("n.y", 8, 4, "unsigned"),
        Field("u.p", 16, 8, "unsigned"),
        Field("u.q", 16, 3, "text"),
        Field("z", 24, 5, "text"),
    ]


def test_structs_and_unions_inside_a_plain_struct() -> None:
    members = (
        '["a","unsigned char"], '
        f'["n",["", [["x","unsigned char"], ["y",{U64}] ], "struct"]], '
        f'["u",["", [["p",{U32}], ["q","char", [5]] ], "union"], [2]], '
        '["z","unsigned char"]'
    )
    assert _fields(members, "struct", 48) == [
        Field("a", 0, 1, "unsigned"),
        Field("n.x", 8, 1, "unsigned"),
        Field("n.y", 16, 8, "unsigned"),
        Field("u", 24, 16, "bytes"),
        Field("z", 40, 1, "unsigned"),
    ]


def test_what_has_no_size_is_no_column() -> None:
    members = f'["a",{U32}], ["rest","char", [0]]'
    assert _fields(members, "struct", 4) == [Field("a", 0, 4, "unsigned")]


def test_members_without_a_name_are_of_the_struct_around() -> None:
    """u32 a; struct { int x; u64 y; }; union { u32 k; u64 l; };"""
    members = (
        f'["a",{U32}], ["__pad_1","char",[4]], ["", [["x","int"], '
        f'["__pad_1","char",[4]], ["y",{U64}] ], "struct_packed"], '
        f'["", [["k",{U32}], ["l",{U64}] ], "union"]'
    )
    assert _fields(members, "struct_packed", 32) == [
        Field("a", 0, 4, "unsigned"),
        Field("x", 8, 4, "signed"),
        Field("y", 16, 8, "unsigned"),
        Field("k", 24, 4, "unsigned"),
        Field("l", 24, 8, "unsigned"),
    ]


def test_path_must_stay_last() -> None:
    text = """#line 1 "event.h"
struct event { u32 pid;
char path[8];
u32 tail; };
"""
    declared = declarations.of_event(text)
    fields = [
        Field("pid", 0, 4, "unsigned"),
        Field("path", 4, 8, "text"),
        Field("tail", 12, 4, "unsigned"),
    ]
    Schema(tuple(fields[:2])).check_path_is_last(declared)
    Schema(tuple(fields[:1])).check_path_is_last(declared)
    with pytest.raises(
        OpensnoopError, match="event.h:2: path must .* so tail"
    ):
        Schema(tuple(fields)).check_path_is_last(declared)


@pytest.mark.parametrize(
    "member, expected",
    [
        (
            Member("mac", 4, 6, "unsigned", 1, 1),
            Field("mac", 4, 6, "bytes"),
        ),
        (Member("to", 0, 16, "char", 1, 1), Field("to", 0, 16, "text")),
        (Member("to", 0, 32, "char", 1, 2), Field("to", 0, 32, "bytes")),
        (Member("x", 0, 1, "char", 1), Field("x", 0, 1, "signed")),
        (
            Member("x", 0, 24, "signed", 4, 2),
            Field("x", 0, 24, "signed", elements=6),
        ),
        (
            Member("x", 0, 16, "pointer", 8, 1),
            Field("x", 0, 16, "pointer", elements=2),
        ),
        (Member("x", 0, 4, "other", 4), Field("x", 0, 4, "bytes")),
        (Member("x", 0, 8, "other", 4, 1), Field("x", 0, 8, "bytes")),
        (
            Member("x", 0, 4, "unsigned", 4, 0, ((-1, "none"), (2, "two"))),
            Field(
                "x",
                0,
                4,
                "unsigned",
                symbols=((2**32 - 1, "none"), (2, "two")),
            ),
        ),
    ],
)
def test_what_btf_tells(member: Member, expected: Field) -> None:
    assert Schema.from_members([member], {}).fields == (expected,)


def test_what_btf_tells_and_the_text_asks_for() -> None:
    declared = declarations.of_event(
        "struct event { u32 x; /* column: hex */ my_t none; };"
    )
    members = [
        Member("x", 0, 4, "unsigned", 4),
        Member("none", 4, 0, "char", 1, 1),  # char none[0]
    ]
    (field,) = Schema.from_members(members, declared).fields
    assert field.note.rendering == "hex"
    with pytest.raises(SourceError, match="^the C:1: .* a bit field, x: "):
        Schema.from_members([Member("x", 0, 0, "other", 0)], declared)


def test_find() -> None:
    schema = _schema(f'["pid",{U32}]', "struct", 4)
    assert schema.find("pid") == Field("pid", 0, 4, "unsigned")
    assert schema.find("nothing") is None


def test_a_type_that_bcc_cannot_tell_is_what_the_others_leave() -> None:
    """u8 a; unsigned __int128 q; u8 b; is no JSON in BCC 0.26."""
    members = (
        '["a","unsigned char"], ["__pad_1","char",[15]], ["q",], '
        '["b","unsigned char"], ["__pad_end","char",[15]]'
    )
    assert _fields(members, "struct_packed", 48) == [
        Field("a", 0, 1, "unsigned"),
        Field("q", 16, 16, "bytes"),
        Field("b", 32, 1, "unsigned"),
    ]


def test_two_such_types() -> None:
    members = '["p",], ["q",]'
    with pytest.raises(OpensnoopError, match="doesn't know, p and q"):
        _fields(members, "struct_packed", 32)


def test_such_a_type_in_a_struct_without_padding() -> None:
    with pytest.raises(OpensnoopError, match="doesn't know, q"):
        _fields('["q",]', "struct", 32)


def test_of_more_dimensions_bcc_tells_the_first() -> None:
    """u32 m[2][3]; char names[2][4]; would be two, so one at a time."""
    members = f'["m",{U32}, [2]], ["b",{U64}]'
    assert _fields(members, "struct_packed", 32, "u32 m[2][3]; u64 b;") == [
        Field("m", 0, 24, "unsigned", elements=6),
        Field("b", 24, 8, "unsigned"),
    ]
    members = f'["names","char", [2]], ["b",{U64}]'
    text = "char names[2][4]; u64 b;"
    assert _fields(members, "struct_packed", 16, text) == [
        Field("names", 0, 8, "bytes"),
        Field("b", 8, 8, "unsigned"),
    ]


def test_sizes_that_do_not_agree() -> None:
    with pytest.raises(OpensnoopError, match="has 24 bytes, but"):
        _fields(f'["m",{U32}, [2]]', "struct_packed", 24)


def test_bit_fields_are_refused() -> None:
    """u32 a:3; u32 b:5; u64 c; is as large as without bits."""
    members = f'["a",{U32}, 3], ["b",{U32}, 5], ["c",{U64}]'
    with pytest.raises(OpensnoopError, match="bit"):
        _fields(members, "struct", 16)


def test_what_the_text_tells_beside() -> None:
    text = (
        "const char *p; /* where; column: WHERE width=20 */ "
        "u32 n; /* column: octal */ int plain;"
    )
    p, n, plain = _fields(
        f'["p",{U64}], ["n",{U32}], ["plain","int"]',
        "struct_packed",
        16,
        text,
    )
    assert p.kind == "pointer"
    assert (p.note.heading, p.note.width) == ("WHERE", 20)
    assert n.note.rendering == "octal"
    assert plain == Field("plain", 12, 4, "signed")


@pytest.mark.parametrize(
    "declaration, type_told",
    [
        ("char x[8]", '"char", [8]'),
        ("u8 x[8]", '"unsigned char", [8]'),
        ("bool x", '"_Bool"'),
    ],
)
def test_a_rendering_for_what_is_no_integer(
    declaration: str, type_told: str
) -> None:
    text = f"{declaration}; /* column: octal */"
    with pytest.raises(OpensnoopError, match="the C:1: column: octal is a"):
        _fields(f'["x",{type_told}]', "struct", 8, text)


DECLARED = """
enum way { WAY_IN, WAY_OUT };
struct event { enum way way; /* column: X */ u64 m[3]; };
"""


def _plain() -> Any:
    """A schema with all that one can have, as lists and numbers."""
    schema = _schema(
        f'["way",{U32}], ["m",{U64}, [3]]',
        "struct",
        32,
        declarations.of_event(DECLARED),
    )
    plain = json.loads(json.dumps(schema.to_plain()))
    assert Schema.from_plain(plain) == schema
    return plain


def test_a_schema_as_plain_data() -> None:
    assert _plain() == [
        {
            "name": "way",
            "offset": 0,
            "size": 4,
            "kind": "unsigned",
            "symbols": [[0, "in"], [1, "out"]],
            "note": {"about": "", "heading": "X", "width": 0, "rendering": ""},
        },
        {
            "name": "m",
            "offset": 8,
            "size": 24,
            "kind": "unsigned",
            "elements": 3,
        },
    ]


@pytest.mark.parametrize(
    "key, value",
    [
        ("name", "a\nb"),
        ("name", 7),
        ("name", ""),
        ("offset", -1),
        ("offset", 2**32),
        ("offset", True),
        ("size", 0),
        ("size", 1.5),
        ("size", None),
        ("kind", "float"),
        ("kind", []),
        ("elements", 5),
        ("symbols", [[0]]),
        ("symbols", [["0", "in"]]),
        ("symbols", [[2**70, "in"]]),
        ("symbols", [[0, "\x1b[2J"]]),
        ("symbols", 3),
        ("note", None),
        ("note", {"rendering": "binary"}),
        ("note", {"rendering": []}),
        ("note", {"heading": "\x1b"}),
        ("note", {"heading": 5}),
        ("note", {"width": 10**9}),
        ("note", {"width": "7"}),
        ("note", {"color": "red"}),
        ("unknown", 1),
    ],
)
def test_plain_data_that_is_no_schema(key: str, value: Any) -> None:
    plain = _plain()
    plain[1][key] = value
    with pytest.raises(ValueError):
        Schema.from_plain(plain)


@pytest.mark.parametrize("plain", [None, 5, [5], [[]], [{}], "x", {"a": 1}])
def test_what_is_no_list_of_fields(plain: Any) -> None:
    with pytest.raises(ValueError):
        Schema.from_plain(plain)
