# SPDX-License-Identifier: Apache-2.0
"""Recursion, found in the text of the C: where there is some, where not."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensnooplib.base.errors import SourceError
from opensnooplib.compile import own_source
from opensnooplib.source import c_text


def _check(folder: Path, text: str) -> None:
    path = folder / "my.c"
    path.write_text(text)
    own_source.check(c_text.read(str(path)))


@pytest.mark.parametrize(
    "text, line",
    [
        ("static int f(int n)\n{\n\treturn f(n - 1);\n}\n", 3),
        ("static int f(int n) { return n ? f(n - 1) : 0; }\n", 1),
        ("static int f(int n)\n{\n\tif (n) {\n\t\tf(n / 2);\n\t}\n}\n", 4),
        (
            "int g(int n);\nint f(int n)\n{\n\treturn g(n);\n}\n"
            "int g(int n)\n{\n\treturn f(n);\n}\n",
            4,
        ),
        (
            "int a(void);\nint b(void) { return a(); }\n"
            "int c(void) { return b(); }\nint a(void) { return c(); }\n",
            2,
        ),
    ],
)
def test_recursion(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(SourceError, match=f"my.c:{line}: by this call, the "):
        _check(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "static int f(int n) { return n; }\nint g(int n) { return f(n); }\n",
        "static int f(int n)\n{\n\t/* f(n) */ return n;\n}\n",
        "static int f(int n)\n{\n\tif (n) {\n\t\tif (n > 1)\n\t\t\tn--;\n\t}"
        "\n\tfor (;;)\n\t\twhile (n)\n\t\t\tn--;\n}\n",
        "BPF_HASH(f, u32, u64);\nstatic u64 *lookup(u32 k)\n{\n"
        "\treturn f.lookup(&k);\n}\n",
        "TRACEPOINT_PROBE(a, b)\n{\n\treturn 0;\n}\n"
        "TRACEPOINT_PROBE(a, c)\n{\n\treturn 0;\n}\n",
        "int f(struct s *s)\n{\n\treturn s->f(1) + s->o.f(2);\n}\n",
        # A { isn't closed: the compiler says so.
        "static int f(int n)\n{\n\tif (n) {\n\t\treturn 0;\n}\n"
        "int g(int n)\n{\n\treturn f(n);\n}\n",
    ],
)
def test_no_recursion(tmp_path: Path, text: str) -> None:
    _check(tmp_path, text)
