# SPDX-License-Identifier: Apache-2.0
"""The condition in C for --path drops no name that is wanted."""

from __future__ import annotations

import random
from pathlib import Path
from typing import List, Sequence, Tuple

from opensnooplib.base import globs
from opensnooplib.selection import path_tests
from tests.unit.globs_by_re import is_wanted, some_globs, some_name
from tests.unit.native import CHECKOUT, run_c

_SELECT = CHECKOUT / "bpf_src" / "select.h"
_DOTS = CHECKOUT / "bpf_src" / "extra" / "select" / "dots.h"

# Functions of select.h, which is included once for each case.
_TAKEN = ("caller_selected", "flags_selected", "result_selected")


def _c_bytes(name: bytes) -> str:
    return '"' + "".join(f"\\{byte:03o}" for byte in name) + '"'


_PROGRAM = """
#include <stdbool.h>
#include <stdio.h>
typedef unsigned long long u64;
typedef unsigned int u32;
typedef int s32;
struct open_args {
	const void *user_how;
	u64 flags;
};
#define is_tool(pid_tgid) false
#define keep_in_one_register(variable)
#define SELECT_CALLER(pid, tid) 1
#define SELECT_FLAGS(flags) 1
#define SELECT_RESULT(ret, began) 1
#include "%s"
%s
"""


def _select(number: int) -> str:
    """Includes select.h, whose path_selected() becomes selected_NUMBER()."""
    renamed = "".join(f"#define {name} {name}_{number}\n" for name in _TAKEN)
    undone = "".join(f"#undef {name}\n" for name in _TAKEN)
    return (
        f"#define path_selected selected_{number}\n{renamed}"
        f'#include "{_SELECT}"\n'
        f"#undef path_selected\n{undone}"
    )


def _kept(
    folder: Path,
    cases: Sequence[Tuple[Sequence[str], Sequence[bytes]]],
    full_path: bool = False,
    own_c: bool = True,
) -> List[List[bool]]:
    """What bpf_src/select.h, compiled for this host, lets pass.

    For each case, which are patterns and names: which of the names.
    """
    text = rows = ""
    for number, (patterns, names) in enumerate(cases):
        condition = path_tests.in_c(globs.globs(patterns), full_path, own_c)
        text += f"#define SELECT_PATH(path, length) {condition}\n"
        text += _select(number) + "#undef SELECT_PATH\n"
        for name in names:
            bound = f"{len(name) + 1}, {_c_bytes(name)}"
            rows += f"\t{{selected_{number}, {bound}}},\n"
    main = f"""
static const struct {{
	bool (*selected)(u64 ids, const char *path, s32 size, u64 room);
	s32 size;
	const char *name;
}} rows[] = {{
{rows}}};

int main(void)
{{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		putchar('0' + rows[i].selected(0, rows[i].name, rows[i].size,
					       4097));
}}
"""
    flags = ("-fsanitize=address,undefined",)
    printed = iter(run_c(folder, _PROGRAM % (_DOTS, text) + main, *flags))
    return [[next(printed) == "1" for _ in names] for _, names in cases]


def test_no_wanted_name_is_dropped(tmp_path: Path) -> None:
    chance = random.Random(2)
    cases = [
        (some_globs(chance), [some_name(chance, 9) for _ in range(60)])
        for _ in range(60)
    ]
    dropped = unwanted = 0
    for (patterns, names), kept in zip(cases, _kept(tmp_path, cases)):
        wanted = [is_wanted(globs.globs(patterns), name) for name in names]
        for name, is_kept, needed in zip(names, kept, wanted):
            assert is_kept or not needed, (patterns, name)
        dropped += kept.count(False)
        unwanted += wanted.count(False)
    assert dropped > unwanted / 2


_NAMES = [
    b"",
    b"/etc/passwd",
    b"/etc/passwd-",
    b"/etc/ssl/certs/x.pem",
    b"/etc",
    b"/tmp/x.conf",
    b"x.conf",
    b"/usr/lib/python3/x.pyc",
    b"/usr/lib/" + b"d/" * 60 + b"x.pyc",
    b"/" + b"y" * 126 + b".conf",
    b"/" + b"z" * 4090 + b".pem",
    b"\xff\x80",
]


_SIMPLE = [
    ["/etc/passwd"],
    ["/etc/*"],
    ["*.conf"],
    ["/etc/*.pem"],
    ["/etc/*", "*.conf", "x.conf"],
    ["!/etc/*"],
    ["!*.conf"],
    ["!/etc/passwd"],
    ["!/tmp/*.conf"],
    ["/etc/*", "!*.pem"],
    ["\udcff*"],
    [""],
]


def test_simple_patterns_are_decided_whole(tmp_path: Path) -> None:
    """Nothing is left to the reader, however long the name."""
    cases = [(patterns, _NAMES) for patterns in _SIMPLE]
    found = _kept(tmp_path, cases, own_c=False)
    for patterns, kept in zip(_SIMPLE, found):
        parsed = globs.globs(patterns)
        assert kept == [is_wanted(parsed, name) for name in _NAMES], patterns


def test_relative_names_pass_if_their_directories_may_match(
    tmp_path: Path,
) -> None:
    names = [b"/etc/passwd", b"/tmp/x", b"passwd", b"../tmp/x", b"x.conf"]
    cases: List[Tuple[Sequence[str], Sequence[bytes]]] = [
        (["/etc/*"], names),
        (["!/etc/*"], names),
        (["/etc/*", "!*.conf"], names),
    ]
    assert _kept(tmp_path, cases, full_path=True) == [
        [True, False, True, True, True],
        [False, True, True, True, True],
        [True, False, True, True, False],
    ]


_HOLDING = [["*lib*"], ["!*lib*"], ["!/*a*", "!*[x]"]]


def test_names_with_dots_pass_since_they_may_mean_others(
    tmp_path: Path,
) -> None:
    names = {
        b"/tmp/../etc/x": True,
        b"//etc/x": True,
        b"/./etc/x": True,
        b"/etc/.": True,
        b"/tmp/..": True,
        b"/tmp/" + b"x" * 122: True,
        b"/tmp/.x": False,
        b"/tmp/x.": False,
        b"/tmp/x..y/z": False,
        b"/tmp/" + b"x" * 100: False,
    }
    (kept,) = _kept(tmp_path, [(["/etc/x"], [*names])])
    assert kept == [*names.values()]


def test_a_text_within_is_left_to_the_reader(tmp_path: Path) -> None:
    names = [name for name in _NAMES if len(name) >= 3]
    for kept in _kept(tmp_path, [(patterns, names) for patterns in _HOLDING]):
        assert all(kept)


def test_many_and_long_patterns(tmp_path: Path) -> None:
    """The reader does what is too much for the kernel."""
    patterns = [f"/{'x' * 100}{number}*y" for number in range(500)]
    patterns += [f"*{'z' * number}*" for number in range(1, 50)]
    patterns += [f"!*{'a' * number}*" for number in range(20, 50)]
    names = [b"/" + b"x" * 100 + b"7y", b"zz", b"z" + b"a" * 30, b"b", b""]
    parsed = globs.globs(patterns)
    (found,) = _kept(tmp_path, [(patterns, names)])
    for name, kept in zip(names, found):
        assert kept or not is_wanted(parsed, name)
    assert len(path_tests.in_c(parsed)) < 100_000


def test_what_cannot_be_told_passes(tmp_path: Path) -> None:
    """Unreadable names, and those that fill the buffer."""
    header = "#define SELECT_PATH(path, length) false\n" + _select(0)
    main = """
int main(void)
{
	int sizes[] = {-14, 0, 1, 2, 127, 128, 129};

	for (int i = 0; i < 7; i++)
		putchar('0' + selected_0(0, "", sizes[i], 128));
}
"""
    assert run_c(tmp_path, _PROGRAM % (_DOTS, header) + main) == "1100011"
