# SPDX-License-Identifier: Apache-2.0
"""What the text of the C says of struct event, however it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest

from opensnooplib.base.errors import SourceError
from opensnooplib.source import declarations, c_text
from opensnooplib.source.declarations import Declaration, Note
from tests.unit.assembled import assemble


def _of(body: str, before: str = "") -> Dict[str, Declaration]:
    text = f'{before}#line 1 "event.h"\nstruct event {{\n{body}\n}};\n'
    return declarations.of_event(text)


def _note(comment: str) -> Note:
    return _of(f"u32 x; {comment}")["x"].note


@pytest.mark.parametrize(
    "declared, is_plain",
    [
        ("u32 x", True),
        ("__s64 x", True),
        ("unsigned long long x", True),
        ("char x[16]", True),
        ("enum kind x", True),
        ("struct { u32 a; } x", False),
        ("struct point x", False),
        ("point_t x", False),
    ],
)
def test_numbers_and_texts_have_no_members(
    declared: str, is_plain: bool
) -> None:
    assert _of(f"{declared};")["x"].is_plain == is_plain


def test_the_projects_own_struct() -> None:
    text = assemble(c_text.default_path())
    declared = declarations.of_event(text)
    assert list(declared)[:3] == ["ts", "pid", "tid"]
    assert list(declared)[-1] == "path"
    assert declared["comm"].dimensions == 1
    assert declared["ppid"].macro == "WANT_PPID"
    assert declared["pid"].macro == ""
    call = declared["call"]
    assert call.symbols[:2] == ((0, "open"), (1, "creat"))
    where = "bpf_src/extra/optional_fields.h:"
    number = int(call.location.partition(where)[2])
    fields = Path(c_text.default_path()).with_name("extra")
    lines = (fields / "optional_fields.h").read_text()
    assert "enum open_call call;" in lines.split("\n")[number - 1]


@pytest.mark.parametrize(
    "body, names",
    [
        ("u32 a; u64 b;", ["a", "b"]),
        ("u32 a, b[2], *c;", ["a", "b", "c"]),
        ("unsigned long long a;", ["a"]),
        ("const char *const a;", ["a"]),
        ("int (*a)(int, char);", ["a"]),
        ("u64 a __attribute__((aligned(8)));", ["a"]),
        ("u32 a : 3, b : 5;", ["a", "b"]),
        ("struct inner { u32 x; struct { u8 y; } z; } a;", ["a"]),
        ("struct { u32 x; }; u8 a;", ["a"]),
        ("char a[sizeof(struct { int q; })];", ["a"]),
        ('/* u32 no; */ u32 a; // u32 no;\n#define q "; u32 no;"', ["a"]),
        ("#ifdef X\nu32 a;\n#else\nu64 b;\n#endif\nu8 c;", ["a", "b", "c"]),
        ("", []),
        (";;", []),
        ("u32 a", []),
    ],
)
def test_fields(body: str, names: list[str]) -> None:
    assert list(_of(body)) == names


def test_pointers_and_arrays() -> None:
    declared = _of("void *p; u32 m[2][3]; char c[16]; char *v[2]; u8 x;")
    assert [d.name for d in declared.values() if d.is_pointer] == ["p", "v"]
    assert [d.dimensions for d in declared.values()] == [0, 2, 1, 1, 0]


def test_conditions() -> None:
    declared = _of(
        "u8 a;\n#ifdef WANT_B\nu8 b;\n#if X\nu8 c;\n#endif\nu8 d;\n#else\n"
        "u8 e;\n#endif\n#ifndef F\nu8 f;\n#endif\nu8 g;\n#endif\n#else\nu8 h;"
    )
    assert {d.name: d.macro for d in declared.values()} == {
        **dict.fromkeys("aefgh", ""),
        **dict.fromkeys("bd", "WANT_B"),
        "c": "X",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "struct event;",
        "struct events { u32 x; };",
        "/* struct event { u32 x; }; */",
        'char *s = "struct event { u32 x; };";',
        "struct event *f(void) { return 0; }",
        "struct event {",
        "struct event { /* never closed",
        "}}}}",
        "\0",
    ],
)
def test_a_text_without_such_a_struct(text: str) -> None:
    assert declarations.of_event(text) == {}


@pytest.mark.parametrize(
    "comment, note",
    [
        ("", Note()),
        ("/* the parent process */", Note("the parent process")),
        ("// the parent", Note("the parent")),
        ("// \x1b[2J\udcff", Note("?[2J?")),
        (
            "/* the parent; column: PPID width=7 */",
            Note("the parent", "PPID", 7),
        ),
        ("/* column: width=-7 octal MODE */", Note("", "MODE", -7, "octal")),
        (
            "/* several\n\t * lines; column:\n\t * uid */",
            Note("several lines", "", 0, "uid"),
        ),
        ("\n/* of the next field */", Note()),
        ("/* column: Größe */", Note("", "Größe")),
        ("/* column: LAT(us) ns */", Note("", "LAT(us)", 0, "ns")),
    ],
)
def test_comments(comment: str, note: Note) -> None:
    assert _note(comment) == note


def test_a_comment_above_counts_if_none_is_behind() -> None:
    declared = _of("/* a's */\nu8 a;\n/* not b's */\nu8 b; /* b's */\nu8 c;")
    assert [d.note.about for d in declared.values()] == ["a's", "b's", ""]


@pytest.mark.parametrize(
    "comment, sentence",
    [
        ("column: octl", 'unknown rendering "octl"; did you mean octal?'),
        ("column: zzz", 'unknown rendering "zzz"'),
        ("column:", 'nothing follows "column:"'),
        ("column: width=", "width=: must be a number"),
        ("column: width=0", "must be a number"),
        ("column: width=1001", "at most 1000"),
        ("column: width=99999999999999999999", "must be a number"),
        ("column: width=\u0661", "must be a number"),
        ("column: A\x1b[2J", "heading is not printable"),
        ("column: " + "X" * 65, "unknown rendering"),
    ],
)
def test_comments_that_cannot_be_followed(comment: str, sentence: str) -> None:
    with pytest.raises(SourceError) as raised:
        _of(f"u8 first;\nu32 x; /* {comment} */")
    assert raised.value.sentence.startswith("event.h:3: ")
    assert sentence in raised.value.sentence


@pytest.mark.parametrize(
    "enum, symbols",
    [
        ("{ A_X, A_Y }", ((0, "x"), (1, "y"))),
        ("{ A_X = 3, A_Y, A_Z = 0x10, }", ((3, "x"), (4, "y"), (16, "z"))),
        ("{ X = -1, Y }", ((-1, "x"), (0, "y"))),
        ("{ ALONE_ONE }", ((0, "alone_one"),)),
        ("{ ONE, ON }", ((0, "one"), (1, "on"))),
        ("{ A_X, /* A_NO, */ A_Y // A_NEITHER\n }", ((0, "x"), (1, "y"))),
        ("{ A_X = 1 << 3, A_Y }", ()),
        ("{ A_X = 010 }", ()),
        ("{\n#ifdef Q\nA_X,\n#endif\nA_Y }", ()),
        (";", ()),
    ],
)
def test_enums(enum: str, symbols: object) -> None:
    declared = _of("enum e x; u8 y;", f"enum e {enum};\n")
    assert declared["x"].symbols == symbols
    assert declared["y"].symbols == ()
