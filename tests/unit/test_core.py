# SPDX-License-Identifier: Apache-2.0
"""The core of bpf_src stays what a student reads in one go."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator

from opensnooplib.source import compiled_lines
from tests.unit.assembled import assemble
from tests.unit.native import CHECKOUT

_BPF_SRC = CHECKOUT / "bpf_src"
_CORE = ("opensnoop.c", "event.h", "record.h", "select.h")


def _always_included(file: Path) -> Iterator[str]:
    depth = 0
    for line in file.read_text().splitlines():
        depth += line.startswith("#if") - line.startswith("#endif")
        included = re.match('#include "(.*)"', line)
        if included and not depth:
            yield included[1]


def test_the_core_is_four_files() -> None:
    """All else is included only where an #if asks for it."""
    for name in _CORE:
        assert set(_always_included(_BPF_SRC / name)) <= set(_CORE)
    lines = [(_BPF_SRC / name).read_text().count("\n") for name in _CORE]
    assert sum(lines) <= 350


def test_the_first_comment_names_them() -> None:
    text = (_BPF_SRC / "opensnoop.c").read_text()
    named = re.findall(r"^ \*   (\S+)   ", text, re.M)
    assert sorted(named) == sorted(_CORE)


def test_there_are_few_conditions() -> None:
    condition = re.compile(
        r"^#(?:(?:if|elif|ifdef)\b|ifndef (?!\w+_H$))", re.M
    )
    found = [
        f"{file.name}: {one}"
        for file in _BPF_SRC.rglob("*.[ch]")
        for one in condition.findall(file.read_text())
    ]
    assert len(found) <= 45


_TEXT = """\
#define YES 1
#define NO 0
#line 1 "/folder/main.c"
/* Both stay. */
int a; /* here */
#if NO
int b;
#elif YES && !NO
int c;
#else
int d;
#endif
#if UNKNOWN > 3
int e;
#endif
#line 1 "/folder/guarded.h"
/* Once. */
#ifndef GUARDED_H
#define GUARDED_H
int f;
#endif
#line 20 "/folder/main.c"


int g;
#line 1 "/folder/guarded.h"
/* Once. */
#ifndef GUARDED_H
#endif
#line 21 "/folder/main.c"
#line 1 "/folder/left.h"
int h;
int i;
#line 22 "/folder/main.c"
int j;
"""


def test_what_a_person_reads_of_it() -> None:
    shown = compiled_lines.shown(_TEXT, lambda path: path.endswith("left.h"))
    assert list(shown) == [
        "#define YES 1",
        "/* Both stay. */",
        "int a; /* here */",
        "int c;",
        "#if UNKNOWN > 3",
        "int e;",
        "#endif",
        "/* Once. */",
        "int f;",
        "",
        "int g;",
        "/* folder/left.h is here: -v shows it */",
        "int j;",
        "",
    ]


def test_it_can_be_read_without_the_frontend() -> None:
    text = assemble(str(_BPF_SRC / "opensnoop.c"))
    assert "#line" not in "\n".join(
        compiled_lines.shown(text, lambda path: False)
    )
