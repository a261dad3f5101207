# SPDX-License-Identifier: Apache-2.0
"""--path: what a pattern means, and that the reader does what it means."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import List

import pytest

from opensnooplib.base import globs
from opensnooplib.base.errors import UsageError
from tests.unit.globs_by_re import is_wanted, some_globs, some_name
from tests.unit.native import Native

WHOLE, CUT, UNREADABLE = range(3)  # enum path_state

_MEANINGS = [
    # pattern, names that match, names that don't
    ("/etc/passwd", [b"/etc/passwd"], [b"/etc/passwd-", b"x/etc/passwd", b""]),
    ("*", [b"", b"a", b"/a/b", b"\n\xff"], []),
    ("**", [b"", b"/a/b"], []),
    ("/etc/*", [b"/etc/", b"/etc/a", b"/etc/a/b"], [b"/etc", b"etc/a"]),
    ("*.conf", [b".conf", b"/etc/a.conf", b"a.conf.conf"], [b"a.config"]),
    ("/a*b*c", [b"/abc", b"/aabcc", b"/axbxc"], [b"/ac", b"/abcd", b"/acb"]),
    ("*ab*ab*", [b"abab", b"xabxabx"], [b"aab", b"abxb"]),
    ("a?c", [b"abc", b"a/c", b"a\xffc"], [b"ac", b"abbc", "aüc".encode()]),
    ("[abc]", [b"a", b"c"], [b"d", b"", b"ab"]),
    ("[a-c]x", [b"ax", b"bx", b"cx"], [b"dx", b"-x"]),
    ("[!a-c]", [b"d", b"/", b"\xff"], [b"b", b""]),
    ("[]a]", [b"]", b"a"], [b"[", b"b"]),
    ("[!]a]", [b"b"], [b"]", b"a"]),
    ("[a-]", [b"a", b"-"], [b"b"]),
    ("[-a]", [b"a", b"-"], [b"b"]),
    ("[\\]-]", [b"]", b"-"], [b"\\"]),
    ("[*?]", [b"*", b"?"], [b"a"]),
    ("a!", [b"a!"], [b"a"]),
    ("\\!a", [b"!a"], [b"a", b"b"]),
    ("\\*\\?\\[\\\\", [b"*?[\\"], [b"a?[\\"]),
    ("a]", [b"a]"], [b"a"]),
    ("grün*", ["grün".encode(), "grüner".encode()], [b"grun"]),
    ("", [b""], [b"a"]),
]


@pytest.mark.parametrize(
    "pattern, some, others", _MEANINGS, ids=[m[0] for m in _MEANINGS]
)
def test_what_a_pattern_means(
    native: Native, pattern: str, some: List[bytes], others: List[bytes]
) -> None:
    parsed = globs.globs([pattern])
    for name in some:
        assert native.path_is_wanted(parsed, name), name
    for name in others:
        assert not native.path_is_wanted(parsed, name), name


@pytest.mark.parametrize(
    "words, some, others",
    [
        (["/a*", "/b*"], [b"/a", b"/b"], [b"/c"]),
        (["!/a*"], [b"/b", b""], [b"/a", b"/ab"]),
        (["/a*", "!*x"], [b"/a"], [b"/ax", b"/b", b"/bx"]),
        (["!*x", "/a*"], [b"/a"], [b"/ax", b"/b", b"/bx"]),
        (["!*x", "!*y"], [b"z"], [b"x", b"y"]),
    ],
)
def test_several_patterns(
    native: Native, words: List[str], some: List[bytes], others: List[bytes]
) -> None:
    parsed = globs.globs(words)
    assert all(native.path_is_wanted(parsed, name) for name in some)
    assert not any(native.path_is_wanted(parsed, name) for name in others)


@pytest.mark.parametrize(
    "words, name, wanted",
    [
        (["/a*"], b"/ab", True),
        (["/a*"], b"/b", False),
        (["*x"], b"/ab", True),
        (["*x"], b"/ax", True),
        (["/abc"], b"/ab", True),
        (["!/a*"], b"/ab", False),
        (["!*x"], b"/ax", True),
        (["!/ab"], b"/ab", True),
    ],
)
def test_a_name_that_was_cut_is_dropped_only_for_sure(
    native: Native, words: List[str], name: bytes, wanted: bool
) -> None:
    """What follows isn't known, but that something does."""
    parsed = globs.globs(words)
    assert native.path_is_wanted(parsed, name, CUT) == wanted


@pytest.mark.parametrize(
    "words, wanted",
    [
        (["/a/*"], True),
        (["b"], True),
        (["*b"], True),
        (["c", "/d"], False),
        (["!/a/*"], False),
        (["!b"], False),
        (["b", "!/a/*"], False),
        (["!c"], True),
    ],
)
def test_a_relative_name_is_compared_with_its_directory_and_without(
    native: Native, words: List[str], wanted: bool
) -> None:
    parsed = globs.globs(words)
    assert native.path_is_wanted(parsed, b"/a/b", given=b"b") == wanted


@pytest.mark.parametrize(
    "shown, meant",
    [
        (b"/x/../a/b", b"/a/b"),
        (b"/x/y/../../a/./b", b"/a/b"),
        (b"//a///b", b"/a/b"),
        (b"/../../a/b", b"/a/b"),
        (b"/a/b/.", b"/a/b"),
        (b"/a/b/", b"/a/b"),
        (b"/a/.b/..c", b"/a/.b/..c"),
        (b"/a/b/..", b"/a"),
        (b"x/../a/b", b"x/../a/b"),
    ],
)
def test_dots_are_taken_out_of_an_absolute_name(
    native: Native, shown: bytes, meant: bytes
) -> None:
    parsed = globs.globs([os.fsdecode(meant)])
    assert native.path_is_wanted(parsed, shown)
    others = globs.globs(
        [os.fsdecode(meant) + "/x", "/x" + os.fsdecode(meant)]
    )
    assert not native.path_is_wanted(others, shown)


def test_a_name_without_end(native: Native) -> None:
    """A recording, or a person's own C, may have longer ones than Linux."""
    name = b"/" + b"x/.." * 10_000
    parsed = globs.globs(["/*", "/nothing"])
    assert native.path_is_wanted(parsed, name + b"zz")
    assert not native.path_is_wanted(globs.globs(["/zz"]), name + b"/zz")
    assert native.path_is_wanted(globs.globs(["/"]), b"/x/..")


def test_patterns_that_name_directories(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = str(tmp_path)
    words = [folder, f"!{folder}/", f"{folder}/*", f"{folder}/file", "\\/", ""]
    assert [*globs.of_directories(globs.globs(words))] == [
        f"--path {folder} is the directory alone: use --path '{folder}/*' for "
        "what is in it",
        f"--path !{folder}/ is the directory alone: use --path '!{folder}/*' "
        "for what is in it",
        "--path / is the directory alone: use --path '/*' for what is in it",
    ]


def test_a_name_that_could_not_be_read_is_never_dropped(
    native: Native,
) -> None:
    for words in (["/a"], ["!/a*"], ["/a*", "!/b*"]):
        assert native.path_is_wanted(globs.globs(words), b"", UNREADABLE)


def test_as_regular_expressions_would(native: Native) -> None:
    chance = random.Random(1)
    wanted = 0
    for _ in range(5_000):
        parsed = globs.globs(some_globs(chance))
        name = some_name(chance)
        assert native.path_is_wanted(parsed, name) == is_wanted(parsed, name)
        wanted += is_wanted(parsed, name)
    assert 500 < wanted < 4_500


@pytest.mark.parametrize("length", [62, 64, 4095, 6000])
def test_long_patterns(native: Native, length: int) -> None:
    name = bytes(97 + index % 26 for index in range(length))
    text = name.decode()
    for pattern in (text, "?" + text[1:], "*" + text, text + "*"):
        parsed = globs.globs([pattern])
        assert native.path_is_wanted(parsed, name)
        assert not native.path_is_wanted(parsed, name[:-1])
        assert not native.path_is_wanted(parsed, name[:-1] + b"!")
        assert not native.path_is_wanted(parsed, b"!" + name[2:])


@pytest.mark.parametrize("pattern", ["*a" * 30 + "b", "*" + "a" * 2000 + "b"])
def test_a_hostile_name_does_not_take_long(
    native: Native, pattern: str
) -> None:
    """One that tries all ways would not end before the sun does."""
    parsed = globs.globs([pattern])
    assert not native.path_is_wanted(parsed, b"a" * 4095)
    assert native.path_is_wanted(parsed, b"a" * 4094 + b"b")


@pytest.mark.parametrize(
    "word, sentence",
    [
        ("[", "--path [: a [ has no matching ]"),
        ("[a", "a [ has no matching ]"),
        ("[]", "a [ has no matching ]"),
        ("[!]", "a [ has no matching ]"),
        ("[a-", "a [ has no matching ]"),
        ("[b-a]", "a range in a [...] ends before it starts"),
        ("[!\x01-\udcff]", "a [...] in it matches no byte"),
        ("a\\", "nothing follows the backslash"),
        ("[\\", "a [ has no matching ]"),
        ("[\\]", "a [ has no matching ]"),
        ("?" * 4096 + "[", "a [ has no matching ]"),
    ],
)
def test_refused(word: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        globs.globs([word])
    assert sentence in refusal.value.sentence
    assert len(refusal.value.sentence) < 200
