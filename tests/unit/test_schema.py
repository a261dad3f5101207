# SPDX-License-Identifier: Apache-2.0
"""struct event as BCC describes it; the descriptions are BCC 0.26's own."""

from __future__ import annotations

import pytest

from opensnooplib.errors import OpensnoopError
from opensnooplib.schema import Field, Schema

U32, U64 = '"unsigned int"', '"unsigned long long"'


def _fields(members: str, how: str, size: int) -> list[Field]:
    description = f'["event", [{members}], "{how}"]'
    return list(Schema.from_bcc(description, size).fields)


def test_padding_is_spelled_out_in_a_packed_struct() -> None:
    # u8 a; u64 b; u16 c[3];
    members = (
        '["a","unsigned char"], ["__pad_1","char",[7]], '
        f'["b",{U64}], ["c","unsigned short", [3]], ["__pad_end","char",[2]]'
    )
    assert _fields(members, "struct_packed", 24) == [
        Field("a", 0, 1, "unsigned"),
        Field("b", 8, 8, "unsigned"),
        Field("c", 16, 6, "bytes"),
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
        ("_Bool", 1, "unsigned"),
        ("bool", 1, "unsigned"),
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
        ("__int128", 16, "bytes"),
        ("unsigned __int128", 16, "bytes"),
    ],
)
def test_types(c_type: str, size: int, kind: str) -> None:
    expected = [Field("x", 0, size, kind)]
    assert _fields(f'["x","{c_type}"]', "struct_packed", size) == expected
    assert _fields(f'["x","{c_type}"]', "struct", size) == expected


def test_only_char_arrays_are_text() -> None:
    members = (
        '["comm","char", [16]], ["raw","unsigned char", [4]], '
        '["also","signed char", [4]], ["one","char"]'
    )
    assert _fields(members, "struct_packed", 25) == [
        Field("comm", 0, 16, "text"),
        Field("raw", 16, 4, "bytes"),
        Field("also", 20, 4, "bytes"),
        Field("one", 24, 1, "signed"),
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
        Field("n", 4, 8, "bytes"),
        Field("u", 16, 8, "bytes"),
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
        Field("n", 8, 16, "bytes"),
        Field("u", 24, 16, "bytes"),
        Field("z", 40, 1, "unsigned"),
    ]


def test_find() -> None:
    schema = Schema.from_bcc(f'["event", [["pid",{U32}]], "struct"]', 4)
    assert schema.find("pid") == Field("pid", 0, 4, "unsigned")
    assert schema.find("nothing") is None


@pytest.mark.parametrize("c_type", ["float", "double", "struct task_struct"])
def test_unknown_types_are_named(c_type: str) -> None:
    with pytest.raises(OpensnoopError, match=f'type "{c_type}"'):
        _fields(f'["x","{c_type}"]', "struct", 8)


def test_sizes_that_do_not_agree() -> None:
    # u32 m[2][3]: BCC tells the first dimension only.
    with pytest.raises(OpensnoopError, match="has 24 bytes, but"):
        _fields(f'["m",{U32}, [2]]', "struct_packed", 24)


def test_bit_fields_are_refused() -> None:
    """u32 a:3; u32 b:5; u64 c; is as large as without bits."""
    members = f'["a",{U32}, 3], ["b",{U32}, 5], ["c",{U64}]'
    with pytest.raises(OpensnoopError, match="bit"):
        _fields(members, "struct", 16)


def test_a_member_without_a_name() -> None:
    """u32 a; struct { int x; }; u64 b;"""
    members = (
        f'["a",{U32}], ["", [["x","int"] ], "struct_packed"], ["b",{U64}]'
    )
    with pytest.raises(OpensnoopError):
        _fields(members, "struct_packed", 16)


def test_a_member_whose_type_bcc_cannot_tell() -> None:
    """u8 a; unsigned __int128 q; is no JSON in BCC 0.26."""
    members = '["a","unsigned char"], ["__pad_1","char",[15]], ["q",] '
    with pytest.raises(OpensnoopError):
        _fields(members, "struct_packed", 32)
