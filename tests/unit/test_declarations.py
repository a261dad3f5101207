# SPDX-License-Identifier: Apache-2.0
"""What the text of the C says of struct event, however it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest

from opensnooplib.base.errors import SourceError
from opensnooplib.source import c_text, declarations
from opensnooplib.source.declarations import Declaration, Note
from tests.unit.assembled import assemble


def _of(body: str, before: str = "") -> Dict[str, Declaration]:
    text = f'{before}#line 1 "event.h"\nstruct event {{\n{body}\n}};\n'
    return declarations.of_event(text)


def _note(comment: str) -> Note:
    return _of(f"u32 x; {comment}")["x"].note


def test_the_projects_own_struct() -> None:
    text = assemble(c_text.default_path())
    declared = declarations.of_event(text)
    assert list(declared)[:3] == ["ts", "pid", "tid"]
    assert list(declared)[-1] == "path"
    assert declared["ppid"].macro == "WANT_PPID"
    assert declared["pid"].macro == ""
    assert declared["callers"].macro == "WANT_CALLERS"
    assert declared["fs_device"].macro == ""
    call = declared["call"]
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
        ("u64 a __aligned(8), b[2] __aligned(8);", ["a", "b"]),
        ("u32 a : 3, b : 5;", ["a", "b"]),
        ("u32 a /* of a */; u64 b\n[4] ;", ["a", "b"]),
        ("const u8 (*a)[4], b; void (*c)(u8, u8);", ["a", "b", "c"]),
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


def test_conditions() -> None:
    declared = _of(
        "u8 a;\n#ifdef WANT_B\nu8 b;\n#if X\nu8 c;\n#endif\nu8 d;\n#else\n"
        "u8 e;\n#endif\n#ifndef F\nu8 f;\n#endif\nu8 g;\n#endif\n#else\nu8 h;"
    )
    assert {name: field.macro for name, field in declared.items()} == {
        **dict.fromkeys("acefgh", ""),
        **dict.fromkeys("bd", "WANT_B"),
    }


def test_optional_fields_are_wanted_by_their_names() -> None:
    declared = _of(
        "#if OPTIONAL_FIELDS\nu8 a, b;\n#if X\nu8 c;\n#endif\n#endif"
    )
    macros = [field.macro for field in declared.values()]
    assert macros == ["WANT_A", "WANT_B", ""]


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
