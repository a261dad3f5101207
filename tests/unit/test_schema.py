# SPDX-License-Identifier: Apache-2.0
"""struct event as BTF describes it, and as plain data."""

from __future__ import annotations

import json
import struct
import subprocess
from typing import Any, List

import pytest

from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.kernel.btf import Btf
from opensnooplib.rows import btf_layout
from opensnooplib.rows.field import Field
from opensnooplib.rows.schema import Schema
from opensnooplib.source import declarations
from opensnooplib.source.declarations import Note

TYPES = """\
typedef unsigned char u8; typedef unsigned u32; typedef unsigned long long u64;
typedef u8 mac_t[6]; typedef char word_t[8]; typedef const void *address_t;
typedef enum { WAY_NONE = -1, WAY_IN, WAY_TWO_WAYS = 1 << 2 } way_t;
"""


def _btf_of(program: bytes) -> bytes:
    """The section .BTF of what clang compiled: elf(5)."""
    at, size, count, names = struct.unpack_from("<40xQ10xHHH", program)
    sections = [
        struct.unpack_from("<I20xQQ", program, at + size * index)
        for index in range(count)
    ]
    start = sections[names][1]
    for name, offset, length in sections:
        if program[start + name :].startswith(b".BTF\0"):
            return program[offset:][:length]
    raise AssertionError("no .BTF")


def _fields(body: str) -> List[Field]:
    """The fields of a struct event with these members."""
    compiled = subprocess.run(
        [
            "clang",
            "-target",
            "bpf",
            "-g",
            "-c",
            "-xc",
            "-",
            "-o",
            "/dev/stdout",
        ],
        input=f"{TYPES} struct event {{ {body} }} event;".encode(),
        check=True,
        stdout=subprocess.PIPE,
    )
    types = Btf(_btf_of(compiled.stdout))
    found = types.find("event")
    assert found > 0
    return btf_layout.fields(types, found)


def _of_one(declared: str) -> Field:
    """The field x after another one, declared so."""
    pad, field = _fields(f"u64 pad; {declared};")
    assert field.name == "x"
    return field


@pytest.mark.parametrize(
    "declared, size, kind",
    [
        ("_Bool x", 1, "bool"),
        ("char x", 1, "signed"),
        ("signed char x", 1, "signed"),
        ("u8 x", 1, "unsigned"),
        ("short x", 2, "signed"),
        ("volatile u32 x", 4, "unsigned"),
        ("long x", 8, "signed"),
        ("const u64 x", 8, "unsigned"),
        ("__int128 x", 16, "bytes"),
        ("address_t x", 8, "pointer"),
        ("int (*x)(int)", 8, "pointer"),
        ("word_t x", 8, "text"),
        ("char x[2][4]", 8, "bytes"),
        ("mac_t x", 6, "bytes"),
        ("signed char x[4]", 4, "bytes"),
        ("struct { u8 a; u32 b; } x[2]", 16, "bytes"),
    ],
)
def test_types(declared: str, size: int, kind: str) -> None:
    offset = 16 if declared == "__int128 x" else 8
    assert _of_one(declared) == Field("x", offset, size, kind)


@pytest.mark.parametrize(
    "declared, size, kind, elements",
    [
        ("u32 x[2][3]", 24, "unsigned", 6),
        ("int x[sizeof(u64)]", 32, "signed", 8),
        ("_Bool x[2]", 2, "bool", 2),
        ("char *x[2]", 16, "pointer", 2),
    ],
)
def test_arrays(declared: str, size: int, kind: str, elements: int) -> None:
    assert _of_one(declared) == Field("x", 8, size, kind, elements)


def test_enums() -> None:
    """Values are as unsigned as the reader takes them for."""
    symbols = ((2**32 - 1, "none"), (0, "in"), (4, "two_ways"))
    field = Field("x", 8, 4, "unsigned", symbols=symbols)
    assert _of_one("way_t x") == field
    assert _of_one("way_t x[2]") == field._replace(size=8, elements=2)
    assert _of_one("enum { A_ONE } x").symbols == ((0, "a_one"),)
    assert _of_one("enum { ON, ONE } x").symbols == ((0, "on"), (1, "one"))


def test_structs_and_unions_inside() -> None:
    fields = _fields(
        "u8 a; struct { u8 x; u32 y; } n; union { u64 p; char q[3]; } u;"
        "struct { u8 r; union { u32 s; u8 t; }; }; char z[5];"
    )
    assert fields == [
        Field("a", 0, 1, "unsigned"),
        Field("n.x", 4, 1, "unsigned"),
        Field("n.y", 8, 4, "unsigned"),
        Field("u.p", 16, 8, "unsigned"),
        Field("u.q", 16, 3, "text"),
        Field("r", 24, 1, "unsigned"),
        Field("s", 28, 4, "unsigned"),
        Field("t", 28, 1, "unsigned"),
        Field("z", 32, 5, "text"),
    ]


def test_a_struct_that_is_packed() -> None:
    fields = _fields("struct { u8 a; u32 b; } __attribute__((packed)) in;")
    assert [field.offset for field in fields] == [0, 1]


def test_a_flexible_array_ends_with_its_record() -> None:
    a = Field("a", 0, 4, "unsigned")
    text = Field("rest", 4, 65531, "text")
    assert _fields("u32 a; char rest[0];") == [a, text]
    assert _fields("u32 a; char rest[];") == [a, text]
    for kind in ("u8", "u64", "struct { int b; }"):
        rest = text._replace(kind="bytes")
        if kind == "u64":
            rest = rest._replace(offset=8, size=65527)
        assert _fields(f"u32 a; {kind} rest[];") == [a, rest]
    schema = Schema((a, text))
    assert schema.sent(4).fields == (a,)
    assert schema.sent(8).fields == (a, text)
    assert schema.sent(8, 8).fields == (a, text._replace(size=4))


def test_what_has_no_size_is_no_column() -> None:
    fields = _fields("u32 a; char none[0]; u32 b;")
    assert [field.name for field in fields] == ["a", "b"]


def test_bit_fields_are_refused() -> None:
    """Also beside whole integers, whose offsets BTF then writes otherwise."""
    fields = _fields("u64 whole; u32 few : 3;")
    assert fields[0] == Field("whole", 0, 8, "unsigned")
    declared = declarations.of_event(
        '#line 7 "my.c"\nstruct event { u64 whole; u32 few : 3; };'
    )
    with pytest.raises(SourceError, match="^my.c:7: the field few is a bit"):
        Schema.compiled(fields, declared, ())


def test_comments_belong_to_fields() -> None:
    declared = declarations.of_event(
        "struct event { u32 x; /* column: hex */ mac_t mac; };"
    )
    x, mac = Field("x", 0, 4, "unsigned"), Field("mac", 4, 6, "bytes")
    noted = Schema.compiled([x, mac], declared, ())
    assert noted.fields == (x._replace(note=Note(rendering="hex")), mac)


@pytest.mark.parametrize("kind", ["text", "bytes", "bool"])
def test_a_rendering_for_what_is_no_integer(kind: str) -> None:
    declared = declarations.of_event(
        "struct event { x_t x; /* column: octal */ };"
    )
    with pytest.raises(SourceError, match="the C:1: column: octal is a"):
        Schema.compiled([Field("x", 0, 8, kind)], declared, ())


def test_rows_that_would_be_too_wide() -> None:
    """They can be traced, but not recorded. See also test_replay.py."""
    field = Field("x", 0, 4 * 5000, "unsigned", elements=5000)
    schema = Schema.compiled([field], {}, ())
    with pytest.raises(SourceError, match="too large fields for a recording"):
        schema.check_width()


def test_what_nobody_asked_for_is_left_out() -> None:
    declared = declarations.of_event(
        "struct event { u32 x;\n"
        "#ifdef WANT_IN\nstruct { u32 y; } in;\n#endif\n};"
    )
    x, y = Field("x", 0, 4, "unsigned"), Field("in.y", 4, 4, "unsigned")
    assert Schema.compiled([x, y], declared, ()).fields == (x,)
    assert Schema.compiled([x, y], declared, ["WANT_IN"]).fields == (x, y)


def test_find() -> None:
    pid = Field("pid", 0, 4, "unsigned")
    assert Schema((pid,)).find("pid") == pid
    assert Schema((pid,)).find("nothing") is None


def test_what_no_record_has_is_no_field() -> None:
    pid, comm = Field("pid", 0, 4, "unsigned"), Field("comm", 4, 16, "text")
    ret = Field("ret", 20, 4, "signed")
    schema = Schema((pid, comm, ret))
    assert schema.sent(24) == schema
    assert schema.sent(23).fields == (pid, comm)
    assert schema.sent(5).fields == (pid, comm)  # of a text, a part will do
    assert schema.sent(4).fields == (pid,)
    # An earlier version recorded all, and said which were sent.
    plain = schema.to_plain()
    plain[0]["is_sent"], plain[2]["is_sent"] = True, False
    assert Schema.from_plain(plain).fields == (pid, comm)


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


def _plain() -> Any:
    """A schema with all that one can have, as lists and numbers."""
    way = Field("way", 0, 4, "unsigned", symbols=((0, "in"), (1, "out")))
    m = Field("m", 8, 24, "unsigned", elements=3)
    schema = Schema((way._replace(note=Note(heading="X")), m))
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
            "elements": 0,
            "symbols": [[0, "in"], [1, "out"]],
            "note": {"about": "", "heading": "X", "width": 0, "rendering": ""},
        },
        {
            "name": "m",
            "offset": 8,
            "size": 24,
            "kind": "unsigned",
            "elements": 3,
            "symbols": [],
            "note": {"about": "", "heading": "", "width": 0, "rendering": ""},
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
