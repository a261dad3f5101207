# SPDX-License-Identifier: Apache-2.0
"""One text out of several files, in which every line keeps its number."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from pathlib import Path
from typing import Tuple

import pytest

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.cli import arguments
from opensnooplib.selection import criteria
from opensnooplib.source import c_text, compiled_lines
from tests.unit.assembled import assemble
from tests.unit.native import CHECKOUT

BAD = "int broken = no_such_name;"


def _compile(text: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["clang", "-fsyntax-only", "-x", "c", "-"],
        input=text.encode(errors="surrogateescape"),
        stderr=subprocess.PIPE,
    )


def _complaint(text: str) -> str:
    """Where clang says that the first error is, as FILE:LINE."""
    result = _compile(text)
    assert result.returncode != 0
    found = re.search(
        rb"^(.*:\d+):\d+: (?:fatal )?error", result.stderr, re.MULTILINE
    )
    assert found, result.stderr.decode()
    return c_text.shown_name(found.group(1).decode())


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _write(name: str, *lines: str) -> str:
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "w", encoding="utf-8", newline="") as file:
        file.write("".join(line + "\n" for line in lines))
    return os.path.abspath(name)


def test_mistakes_in_the_main_file() -> None:
    main = _write("main.c", '#include "a.h"', "int x;", BAD)
    _write("a.h", "int a;", "int b;")
    text = assemble(main, [("ONE", "1"), ("TWO(x)", "(x)")])
    assert _complaint(text) == "main.c:3"


def test_mistakes_in_an_included_file() -> None:
    main = _write("main.c", "int x;", '  #  include   "sub/a.h" /* why */')
    _write("sub/a.h", "int a;", "", '#include "b.h"', "int c;")
    _write("sub/b.h", "/*", " */", BAD)
    assert _complaint(assemble(main)) == "sub/b.h:3"


@pytest.mark.parametrize("folder", ['a"b', "a\\b", "a b", "ü", "a%b"])
def test_mistakes_below_a_folder_with_an_odd_name(folder: str) -> None:
    main = _write(f"{folder}/main.c", "int x;", BAD)
    assert _complaint(assemble(main)) == f"{folder}/main.c:2"


def test_a_folder_whose_name_has_two_lines_compiles() -> None:
    main = _write("a\nb/main.c", "int x;")
    result = _compile(assemble(main))
    assert result.returncode == 0, result.stderr


def test_mistakes_after_two_includes_in_a_row() -> None:
    main = _write("main.c", '#include "a.h"', '#include "b.h"', BAD)
    _write("a.h", "int a;")
    _write("b.h")
    assert _complaint(assemble(main)) == "main.c:3"


@pytest.mark.parametrize(
    "line",
    [
        "\f",
        "// a\vb",
        "// \u2028 line separator",
        "// \u0085 next line",
        "// \x1c file separator",
        "// carriage return\r",
    ],
    ids=ascii,
)
def test_only_what_c_calls_a_line_is_one(line: str) -> None:
    main = _write("main.c", "int a;", line, "int b;", BAD)
    assert _complaint(assemble(main)) == "main.c:4"


def test_a_file_that_does_not_end_in_a_newline() -> None:
    main = _write("main.c", '#include "a.h"', BAD)
    with open("a.h", "w", encoding="utf-8") as file:
        file.write("int a; // no newline")
    assert _complaint(assemble(main)) == "main.c:2"


def test_names_may_hold_anything() -> None:
    main = _write('sub/ma"in\\.c', BAD)
    assert '/sub/ma\\"in\\\\.c"' in assemble(main)


def test_files_above_are_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    main = _write("main.c", BAD)
    os.mkdir("below")
    monkeypatch.chdir("below")
    assert _complaint(assemble(main)) == f"{main}:1"


def test_a_working_directory_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    main = _write("main.c", BAD)
    os.mkdir("gone")
    monkeypatch.chdir("gone")
    os.rmdir(os.getcwd())
    assert _complaint(assemble(main)) == f"{main}:1"


def test_defines_come_first() -> None:
    main = _write("main.c", "int x = ONE;")
    text = assemble(main, [("ONE", "1")])
    assert text == f'#define ONE 1\n#line 1 "{main}"\nint x = ONE;\n'


def test_system_includes_stay() -> None:
    main = _write("main.c", "#include <linux/sched.h>")
    assert "#include <linux/sched.h>\n" in assemble(main)


def test_bytes_that_are_not_utf8_stay() -> None:
    with open("main.c", "wb") as file:
        file.write(b"// caf\xe9\n")
    text = assemble("main.c", [])
    assert b"// caf\xe9\n" in text.encode(errors="surrogateescape")


def test_a_mark_of_utf8_at_the_begin() -> None:
    main = _write("main.c", "\ufeffint a;", BAD)
    assert _complaint(assemble(main)) == "main.c:2"


def test_a_missing_include() -> None:
    main = _write("main.c", "int a;", '#include "sub/a.h"')
    _write("sub/a.h", '#include "nothing.h"')
    with pytest.raises(OpensnoopError) as error:
        assemble(main)
    assert error.value.sentence == (
        'sub/a.h:1 includes "nothing.h", which does not exist'
    )


@pytest.mark.parametrize(
    "condition, is_compiled",
    [
        ("#if 0", False),
        ("#ifdef NOBODY", False),
        ("#if defined(NOBODY) && 1", False),
        ("#if 1", True),
        ("#ifndef NOBODY", True),
    ],
)
def test_a_missing_include_in_a_branch(
    condition: str, is_compiled: bool
) -> None:
    """Whether it is missed, the compiler knows."""
    main = _write("main.c", condition, '#include "a.h"', "#endif", BAD)
    _write("a.h", '#include "nothing.h"')
    read = c_text.read(main)
    assert os.path.abspath("nothing.h") in read.files  # to be watched
    where = "a.h:1" if is_compiled else "main.c:4"
    assert _complaint(read.text) == where


@pytest.mark.parametrize(
    "lines",
    [
        ("/*", '#include "a.h"', " */"),
        ("/* was", '#include "a.h" */'),
        ('// #include "a.h"',),
        ("// was \\", '#include "a.h"'),
        ("int x; /* was", '#include "a.h" // "*/'),
    ],
)
def test_an_include_in_a_comment_is_none(lines: Tuple[str, ...]) -> None:
    main = _write("main.c", *lines, BAD)
    _write("a.h", "#error included")
    assert _complaint(assemble(main)) == f"main.c:{len(lines) + 1}"
    os.unlink("a.h")
    assert _complaint(assemble(main)) == f"main.c:{len(lines) + 1}"


@pytest.mark.parametrize(
    "lines",
    [
        ("char c = '\"'; /*", "*/", '#include "a.h"', "char d = '\"';"),
        ('char *text = "/*";', '#include "a.h"', 'char *more = "*/";'),
        ("/* begins", '*/ #include "a.h" /* and', "ends */"),
        ("int f(void)", "{ /* begins", "ends */ }", '#include "a.h"'),
    ],
)
def test_comments_beside_an_include(lines: Tuple[str, ...]) -> None:
    main = _write("main.c", *lines, BAD)
    _write("a.h", "int included;")
    assert "int included;" in assemble(main)
    assert _complaint(assemble(main)) == f"main.c:{len(lines) + 1}"
    os.unlink("a.h")
    number = [i for i, line in enumerate(lines, 1) if "a.h" in line][0]
    with pytest.raises(OpensnoopError, match=f"main.c:{number} includes"):
        assemble(main)


def test_a_missing_main_file() -> None:
    with pytest.raises(OpensnoopError) as error:
        assemble("nothing.c", [])
    assert error.value.sentence == "nothing.c does not exist"


def test_an_include_of_a_folder() -> None:
    main = _write("main.c", '#include "sub"')
    os.mkdir("sub")
    with pytest.raises(OpensnoopError, match="cannot read sub: Is a dir"):
        assemble(main)


def test_a_file_that_includes_itself() -> None:
    main = _write("main.c", '#include "a.h"')
    _write("a.h", '#include "a.h"')
    with pytest.raises(OpensnoopError) as error:
        assemble(main)
    assert error.value.sentence.startswith("a.h includes itself")


def test_pragma_once() -> None:
    """The file is put in once, also where files include each other."""
    main = _write("main.c", '#include "a.h"', '#include "b.h"', BAD)
    _write("a.h", "// A", "#pragma once", '#include "b.h"', "int a;")
    _write("b.h", "#pragma once", '#include "a.h"', "int b;", BAD)
    text = assemble(main)
    assert text.count("int a;") == text.count("int b;") == 1
    assert _complaint(text) == "b.h:4"


@pytest.mark.parametrize("condition", ["#if 0", "#if 1"])
def test_pragma_once_where_an_if_decides(condition: str) -> None:
    main = _write(
        "main.c", condition, '#include "a.h"', "#endif", '#include "a.h"', BAD
    )
    _write("a.h", "#pragma once", "struct once { int a; };")
    assert _complaint(assemble(main)) == "main.c:5"


def _write_tree(depth: int, *first: str) -> str:
    """Files each of which includes all those after it."""
    for number in range(depth):
        rest = range(number + 1, depth)
        _write(f"{number}.h", *first, *(f'#include "{n}.h"' for n in rest))
    return _write("main.c", '#include "0.h"', BAD)


def test_pragma_once_in_files_that_include_each_other() -> None:
    main = _write_tree(25, "#pragma once")
    assert _complaint(assemble(main)) == "main.c:2"


def test_files_that_include_each_other() -> None:
    """So often that the text would double with each of them."""
    main = _write_tree(25)
    with pytest.raises(OpensnoopError, match="main.c is too large: "):
        c_text.read(main)


def test_pragma_once_in_a_file_with_two_names() -> None:
    os.mkdir("sub")
    _write("c.h", "#pragma once", "struct once;")
    _write("sub/a.h", '#include "../c.h"')
    main = _write("main.c", '#include "c.h"', '#include "sub/a.h"')
    assert c_text.read(main).text.count("struct once;") == 1


def test_comments_behind_includes_have_a_size_too() -> None:
    main = _write(
        "main.c", *(f'#include "{n}.h" /* {"x" * 99_999} */' for n in range(9))
    )
    for number in range(9):
        _write(f"{number}.h", f"/* {'x' * 99_999} */")
    with pytest.raises(OpensnoopError, match="main.c is too large: "):
        c_text.read(main)


def test_too_many_files() -> None:
    names = [f"{number}.h" for number in range(1100)]
    main = _write("main.c", *(f'#include "{name}"' for name in names))
    for name in names:
        _write(name)
    with pytest.raises(OpensnoopError, match="more than 1 MiB or 1000 files"):
        c_text.read(main)


def test_the_program_of_the_project() -> None:
    options = arguments.parse(["-n", "x", "-f", "O_CREAT"])
    path = c_text.default_path()
    assert Path(path) == CHECKOUT / "bpf_src" / "opensnoop.c"
    text = assemble(path, criteria.defines(options))
    assert '#include "' not in text
    for file in (CHECKOUT / "bpf_src").rglob("*.[ch]"):
        is_used = f'{file.name}"\n' in text
        is_for_others = file.name in ("hooks.h", "printk_lines.h")
        assert is_used != is_for_others, file.name


_BRANCHES = """
#define A 1
#if defined(A)
a
#ifdef B
a and b
#endif
#elif defined(B)
b
#else
neither
#endif
#if defined(B)
b
#elif !defined(C)
not c
#else
c
#endif
#if LINUX_VERSION_CODE > 1
who knows
#else
nor this
#endif
#if 0 /* not now */
not at all
#elif 1
this one
#endif
#if defined(B) || \\
	defined(A) && !defined(C)
both in one line
#endif
#if defined(A) && defined(B) || 0
neither is whole
#elif !(defined(A) && 1)
a condition in brackets
#endif
"""


def test_only_branches_that_can_be_compiled_count() -> None:
    lines = [line for line in compiled_lines.of(_BRANCHES) if line]
    assert lines[1:] == [
        *("a", "not c", "who knows", "nor this", "this one"),
        *("both in one line", "a condition in brackets"),
    ]


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENAMETOOLONG])
def test_a_working_directory_without_a_name(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail() -> str:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "getcwd", fail)
    assert c_text.shown_name("/a/my.c") == "/a/my.c"


def test_what_the_choices_leave_out(tmp_path: Path) -> None:
    """Files are gone; of others, lines are empty, and keep their numbers."""
    main = tmp_path / "main.c"
    for name in ("always.h", "chosen.h", "other.h", "else.h", "unknown.h"):
        (tmp_path / name).write_text("/* nothing */\n")
    (tmp_path / "always.h").write_text(
        "#ifndef GUARD\n#define GUARD\n/* two\nlines */\n"
        "#if !PLAN_A\nTRACEPOINT_PROBE(a, b) { return 0; }\n#endif\n"
        "TRACEPOINT_PROBE(a, b) { return 1; }\n#endif\n"
    )
    main.write_text(
        '#include "always.h"\n'
        '#if PLAN_A\n#include "chosen.h"\n'
        '#elif PLAN_B\n#include "other.h"\n'
        '#else\n#include "else.h"\n#endif\n'
        '#if VERSION > 3\n#include "unknown.h"\n#endif\n'
    )
    made_of = c_text.read(str(main))
    text = c_text.with_defines(made_of.text, [("PLAN_A", "1")])
    files = {
        Path(path).name: lines.split("\n")
        for path, lines in c_text.compiled(text, made_of).files.items()
    }
    assert list(files) == ["main.c", "always.h", "chosen.h", "unknown.h"]
    assert files["always.h"] == [
        *("", "#define GUARD", "/* two", "lines */", "", "", ""),
        *("TRACEPOINT_PROBE(a, b) { return 1; }", "", ""),
    ]


def test_a_line_directive_of_a_persons_own(tmp_path: Path) -> None:
    """What stands behind it is of a file that isn't read."""
    main = tmp_path / "main.c"
    main.write_text('int a;\n#line 7 "generated.y"\nint b;\n')
    made_of = c_text.read(str(main))
    kept = c_text.compiled(made_of.text, made_of).files
    assert kept[str(main)].startswith("int a;\n")


def test_a_macro_of_hooks_gets_its_header_and_a_name(tmp_path: Path) -> None:
    main = tmp_path / "main.c"
    main.write_text('int a;\nUPROBE("/bin/bash", readline)\n{\n}\n')
    made_of = c_text.read(str(main))
    assert [Path(one).name for one in made_of.files] == ["main.c", "hooks.h"]
    lines = made_of.text.split("\n")
    at = lines.index('UPROBE("/bin/bash", readline)')
    assert lines[at - 3 : at] == [
        "#define PROGRAM uprobe__bin_bash_readline",
        "extern",
        f'#line 2 "{main}"',
    ]
