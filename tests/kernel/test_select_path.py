# SPDX-License-Identifier: Apache-2.0
"""--path: every open of a name that is wanted, in the kernel or after it."""

from __future__ import annotations

import os
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import List

import pytest

from tests.kernel import chosen
from tests.kernel.cast import Cast, check
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import Attempt, Opener, OpenLoad, without_time
from tests.kernel.tool import (
    CHECKOUT,
    Row,
    Tool,
    children,
    run,
    wait_until,
)


def _wanted(row: Row, patterns: List[str]) -> bool:
    """fnmatch(3) agrees with us in all that is used here."""
    if row.path is None or row.path_cut:
        return True  # it may match; it is of another process of the host
    name = os.fsdecode(row.path)
    wanted = [fnmatchcase(name, p) for p in patterns if p[0] != "!"]
    excluded = [fnmatchcase(name, p[1:]) for p in patterns if p[0] == "!"]
    return (any(wanted) or not wanted) and not any(excluded)


def _options(patterns: List[str]) -> List[str]:
    return [word for pattern in patterns for word in ("--path", pattern)]


_PATTERNS = [
    ["/etc/passwd"],
    ["/etc/*"],
    ["*/new"],
    ["*assw*"],
    ["/e*/*-file"],
    ["*[dl]*l?"],
    ["/etc/*", "*null"],
    ["!/etc/*"],
    ["!*/new", "!*assw*"],
    ["/[de]*", "!*null", "!/etc/passwd"],
]


@pytest.mark.parametrize("patterns", _PATTERNS, ids=" ".join)
def test_path(cast: Cast, patterns: List[str]) -> None:
    check(cast, lambda row: _wanted(row, patterns), *_options(patterns))


def test_a_directory_is_named(tmp_path: Path) -> None:
    """By a child, which doesn't stay as a zombie."""
    with Tool("--path", tmp_path) as tool:
        wait_until(lambda: not any(map(_is_zombie, children(tool.pid))))
        ended = tool.stop()
    assert f"--path {tmp_path} is the directory alone: use" in ended.messages


def _is_zombie(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    return False


def test_with_others(cast: Cast) -> None:
    patterns = ["/dev/*", "*/new", "!*x*"]
    check(
        cast,
        lambda row: (
            _wanted(row, patterns)
            and row.uid == 0
            and row.flags & os.O_ACCMODE != os.O_RDONLY
        ),
        *(*_options(patterns), "-u", "0", "-f", "write"),
    )


def _long_names() -> List[bytes]:
    """Around the length to which the begin of an open reads them."""
    lengths = (1, 2, 100, 125, 126, 127, 128, 129, 200, 1000, 4094, 4095)
    return [
        b"/" + letter * (length - 1)
        for length in lengths
        for letter in (b"a", b"b")
    ]


@pytest.mark.parametrize(
    "plan, patterns",
    chosen.plans_with(
        [["/a*"], ["*b"], ["!*a"], ["*bb*"], ["!*bb*"], ["*b?b*"]]
    ),
)
def test_long_names(plan: str, patterns: List[str]) -> None:
    skip_without_hooks_for(plan)
    attempts = [Attempt(name, os.O_RDONLY) for name in _long_names()]
    with Opener(attempts) as opener:
        options = ["--attach", plan, "-p", str(opener.pid)]
        with Tool("--format", "json", *options, *_options(patterns)) as tool:
            made = opener.run()
            ended = tool.stop()
    expected = [row for row in made if _wanted(row, patterns)]
    assert expected != made
    assert without_time(ended.rows) == expected
    assert ended.end.happened == ended.end.shown == len(expected)


@pytest.mark.parametrize(
    "plan, patterns, more",
    chosen.plans_with(
        [
            (["{}/in/*"], []),
            (["{}/in/*", "out/b"], []),
            (["!{}/in/*"], []),
            (["{}/in/?", "!a"], ["-F"]),
        ]
    ),
)
def test_an_absolute_pattern_means_the_absolute_name(
    tmp_path: Path, plan: str, patterns: List[str], more: List[str]
) -> None:
    """Whatever the name is relative to: held against what was opened."""
    skip_without_hooks_for(plan)
    for folder in (tmp_path / "in", tmp_path / "out"):
        folder.mkdir()
        for name in ("a", "b"):
            (folder / name).write_text("")
    patterns = [pattern.format(tmp_path) for pattern in patterns]
    inside = -1

    def prepare() -> None:
        nonlocal inside
        os.chdir(tmp_path)
        inside = os.open("in", os.O_RDONLY)

    made = {
        **{name: True for name in (b"a", b"b", b"../out/b")},
        **{n: False for n in (b"in/a", b"out/a", b"out/b", b"in//b")},
        bytes(tmp_path / "in" / "a"): True,
        b"../in/a": True,
        b"./../out/../in/b": True,
        bytes(tmp_path) + b"/out/../in/b": False,
        bytes(tmp_path) + b"//./in/a": False,
        bytes(tmp_path / "out" / "b"): False,
    }

    def make(attempt: Attempt) -> int:
        """In "in" by a descriptor, or in the working directory."""
        folder = inside if made[attempt.path] else None
        fd = os.open(attempt.path, attempt.flags, dir_fd=folder)
        os.close(fd)
        return fd

    attempts = [Attempt(name, os.O_RDONLY) for name in made]
    with Opener(attempts, prepare=prepare, make=make) as opener:
        options = ["--attach", plan, "-p", str(opener.pid), *more]
        with Tool("--format", "json", *options, *_options(patterns)) as tool:
            opener.run()
            ended = tool.stop()

    def matches(pattern: str, name: str, full: str) -> bool:
        names = name, full, os.path.normpath(full)
        return any(fnmatchcase(one, pattern) for one in names)

    expected = []
    for path, is_inside in made.items():
        name = os.fsdecode(path)
        full = os.path.join(tmp_path, "in" if is_inside else "", name)
        wanted = [matches(p, name, full) for p in patterns if p[0] != "!"]
        unwanted = [
            matches(p[1:], name, full) for p in patterns if p[0] == "!"
        ]
        if (any(wanted) or not wanted) and not any(unwanted):
            expected.append(full)
    assert 0 < len(expected) < len(made)
    assert [os.fsdecode(row.path or b"") for row in ended.rows] == expected


@pytest.mark.parametrize("plan", chosen.plans())
def test_unreadable_and_cut_names(
    plan: str, every_open: Path, tmp_path: Path
) -> None:
    """What can't be told is shown."""
    skip_without_hooks_for(plan)
    too_long = Attempt(b"/x" + b"y" * 5000, os.O_RDONLY)
    other = Attempt(b"/z" + b"y" * 5000, os.O_RDONLY)
    with Opener([too_long, other]) as opener:
        options = ["--attach", plan, "--path", "/x*end", "--path", "/no"]
        with Tool("--format", "json", *options, "-p", str(opener.pid)) as tool:
            opener.run()
            ended = tool.stop()
    (row,) = ended.rows
    assert row.path_cut and row.path and row.path.startswith(b"/xy")
    assert ended.end.cut == ended.end.shown == 1
    options = ["--attach", plan, "--path", "/no/such", "--no-children"]
    there = ("env", "-C", tmp_path, every_open, "1", "1")
    with Tool(*options, "--exec", *there, wait=False) as tool:
        ended = tool.ended()
    assert ended.end.unreadable == ended.end.shown > 0


@pytest.mark.parametrize("plan", chosen.plans())
def test_as_many_patterns_as_anyone_writes(plan: str) -> None:
    """The verifier takes what becomes of them."""
    skip_without_hooks_for(plan)
    patterns = [f"/{'long' * 20}{number}*{number}.x" for number in range(60)]
    patterns += [f"*{number}{'text' * 4}*" for number in range(20)]
    patterns += [f"!*{number}{'text' * 3}*" for number in range(20)]
    patterns += [f"!/{'long' * 30}{number}" for number in range(60)]
    names = [
        b"/" + b"long" * 20 + b"7-7.x",
        b"x" + b"7" + b"text" * 4 + b"x",
        b"/nothing",
        b"/" + b"long" * 30 + b"7",
    ]
    with Opener([Attempt(name, os.O_RDONLY) for name in names]) as opener:
        options = ["--attach", plan, "-p", str(opener.pid)]
        with Tool("--format", "json", *options, *_options(patterns)) as tool:
            made = opener.run()
            ended = tool.stop()
    assert without_time(ended.rows) == [
        row for row in made if _wanted(row, patterns)
    ]


@pytest.mark.parametrize("pattern", ["/wanted*", "*wanted*", "*[w]anted*"])
def test_a_flood_of_others_costs_no_wanted_row(
    open_load: Path, pattern: str
) -> None:
    """A ring of one page: what the kernel drops takes no room in it.

    A pattern that only the reader can tell has no such promise.
    """
    decided_in_kernel = pattern.startswith("/")
    with OpenLoad(
        open_load, "-t", "4", "-n", "100000", "-f", "/flood"
    ) as flood, OpenLoad(
        open_load, "-n", "200", "-f", "-N", "/wanted"
    ) as wanted:
        options = ["--path", pattern]
        if decided_in_kernel:
            options += ["-b", "8"]
        with Tool("--format", "json", *options) as tool:
            flood.release()
            wanted.run()
            flood.wait()
            ended = tool.stop()
    found = [row.path for row in ended.rows if row.pid == wanted.pid]
    # Unreadable paths of others may be wanted ones.
    assert all(row.path is None or b"wanted" in row.path for row in ended.rows)
    if decided_in_kernel or ended.end.lost == 0:
        assert found == [b"/wanted%d" % number for number in range(200)]
    if decided_in_kernel:
        assert ended.end.lost == 0


def test_names_that_an_absolute_pattern_does_not_match() -> None:
    """It is said where the directories of relative names are unknown."""
    note = "a pattern that starts with / doesn't match opens by relative names"
    lesson = CHECKOUT / "docs" / "course" / "01-first-probe"
    own = ["--source", str(lesson / "solution.c")]
    for options, is_said in (
        ([*own, "--path", "/a"], True),
        ([*own, "--until", "path=/a"], True),
        ([*own, "--path", "*a"], False),
        (["--path", "/a"], False),
    ):
        ended = run(*options, "-d", "0.1")
        assert ended.messages.count(note) == is_said
