# SPDX-License-Identifier: Apache-2.0
"""Names as text: nothing forges a row, and nothing is lost."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import unicodedata
from typing import List

import pytest

from tests.unit.native import Native

ORDINARY = [
    "",
    "/etc/passwd",
    "/tmp/with space",
    "/tmp/it's \"quoted\" \\n $HOME `x` 'a'",
    "/tmp/$'a'",
    "x<unreadable>",
    "$",
    "<unreadable",
    "~!@#%^&*()[]{}|;:,.?",
    "/tmp/\u00fc\u00e9\u20ac\u4e16\u754c\U0001f600",
    "\u00a0\u0300\u2027\u202f\u061b\u061d\u200a\u2010\ufffc\u070f",
    "/tmp/cafe\u0301/two  blanks /\u05d0\u05d1",
    "\ud7ff\ue000\uffff\U00010000\U0010ffff",
]

QUOTED = {
    b"/tmp/a\nb": rb"$'/tmp/a\nb'",
    b"\t": rb"$'\t'",
    b"\x1b[2J": rb"$'\x1b[2J'",
    b"\a\b\t\n\v\f\r": rb"$'\a\b\t\n\v\f\r'",
    b"\x7f": rb"$'\x7f'",
    b"\x1f\x01": rb"$'\x1f\x01'",
    b"it's\\\n": rb"$'it\'s\\\n'",
    b"\x01f": rb"$'\x01f'",
    b"\xff": rb"$'\xff'",
    b"a\x80b": rb"$'a\x80b'",
    b"caf\xe9": rb"$'caf\xe9'",
    "\x80".encode(): rb"$'\xc2\x80'",
    "\x9b31m".encode(): rb"$'\xc2\x9b31m'",
    "\u202e".encode(): rb"$'\xe2\x80\xae'",
    "\u2028".encode(): rb"$'\xe2\x80\xa8'",
    "\u2029".encode(): rb"$'\xe2\x80\xa9'",
    "\u061c".encode(): rb"$'\xd8\x9c'",
    "\u200e".encode(): rb"$'\xe2\x80\x8e'",
    "\u200f".encode(): rb"$'\xe2\x80\x8f'",
    "\u2066".encode(): rb"$'\xe2\x81\xa6'",
    "\u2069".encode(): rb"$'\xe2\x81\xa9'",
    # What shows nothing.
    "a\u200bb".encode(): rb"$'a\xe2\x80\x8bb'",
    "\xad".encode(): rb"$'\xc2\xad'",
    "\ufeff".encode(): rb"$'\xef\xbb\xbf'",
    "\U000e0041".encode(): rb"$'\xf3\xa0\x81\x81'",
    # What is fine stays readable beside what isn't.
    "\u20ac\n".encode(): b"$'\xe2\x82\xac\\n'",
    # Not UTF-8: overlong, surrogates, too high, cut.
    b"\xc0\xaf": rb"$'\xc0\xaf'",
    b"\xc1\xbf": rb"$'\xc1\xbf'",
    b"\xe0\x9f\xbf": rb"$'\xe0\x9f\xbf'",
    b"\xf0\x8f\xbf\xbf": rb"$'\xf0\x8f\xbf\xbf'",
    b"\xed\xa0\x80": rb"$'\xed\xa0\x80'",
    b"\xed\xbf\xbf": rb"$'\xed\xbf\xbf'",
    b"\xf4\x90\x80\x80": rb"$'\xf4\x90\x80\x80'",
    b"\xf5\x80\x80\x80": rb"$'\xf5\x80\x80\x80'",
    b"\xe2\x82": rb"$'\xe2\x82'",
    b"\xe2\x82a": rb"$'\xe2\x82a'",
    # What looks quoted or unreadable, and isn't.
    b"$'": rb"$'$\''",
    b"$'a'": rb"$'$\'a\''",
    b"<unreadable>": b"$'<unreadable>'",
    b"<unreadable>...": b"$'<unreadable>...'",
}


# Where columns follow.
QUOTED_IN_COLUMNS = {
    b"": b"$''",
    b" ": b"$' '",
    b" ls": b"$' ls'",
    b"ls ": b"$'ls '",
    b"ls     3   0 /e": b"$'ls     3   0 /e'",
    "ls\u00a03".encode(): rb"$'ls\xc2\xa03'",
    "ls\u30003".encode(): rb"$'ls\xe3\x80\x803'",
    "ls\u28003".encode(): rb"$'ls\xe2\xa0\x803'",
    "e\u0301".encode(): rb"$'e\xcc\x81'",
    "\u05d0".encode(): rb"$'\xd7\x90'",  # alef
    "\u1161".encode(): rb"$'\xe1\x85\xa1'",  # a vowel of Hangul
}
ORDINARY_IN_COLUMNS = [
    "two words and 3",
    "kworker/0:1-events_unbound",
    "gr\u00fcn \u03c9 \u044f \u0561 \u10d0 \u13a0 \u1200",
    "\u2026\u201cx\u201d \u4e16\u754c \u3042 \uac00 \U0001f600",
]


def _random_names(count: int) -> List[bytes]:
    """With many of the bytes that matter; the same in each run."""
    rng = random.Random(2)
    pieces = [bytes([byte]) for byte in range(1, 256)]
    pieces += [b"\\", b"'", b'"', b"\n", b"$'", b"\xe2\x80\xa8", b"\xc2\x9b"]
    pieces += ["\u00fc".encode(), "\U0001f600".encode(), b"abc"] * 8
    return [
        b"".join(rng.choices(pieces, k=rng.randrange(1, 40)))
        for _ in range(count)
    ]


EVERY_BYTE = [bytes([byte]) for byte in range(1, 256)]
AT_EACH_INDEX = [
    b"x" * index + bytes([byte]) + b"x" * 9
    for index in range(9)
    for byte in range(1, 256)
]
RANDOM = _random_names(500)
NAMES = EVERY_BYTE + AT_EACH_INDEX + RANDOM + list(QUOTED)


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_are_shown_as_they_are(
    native: Native, name: str
) -> None:
    encoded = name.encode()
    assert native.shell_text(encoded) == encoded


@pytest.mark.parametrize("name", QUOTED)
def test_other_names_are_quoted(native: Native, name: bytes) -> None:
    assert native.shell_text(name) == QUOTED[name]


@pytest.mark.parametrize("name", QUOTED_IN_COLUMNS)
def test_what_could_shift_columns(native: Native, name: bytes) -> None:
    """It is quoted there, and nowhere else."""
    assert native.shell_text(name, in_column=True) == QUOTED_IN_COLUMNS[name]
    assert native.shell_text(name) == name
    assert b"\\" not in native.json_text(name)[0]


@pytest.mark.parametrize("name", ORDINARY_IN_COLUMNS)
def test_ordinary_names_in_columns(native: Native, name: str) -> None:
    encoded = name.encode()
    assert native.shell_text(encoded, in_column=True) == encoded


def test_a_cut_name_says_so(native: Native) -> None:
    assert native.shell_text(b"/tmp/a", cut=True) == b"$'/tmp/a'..."
    assert native.shell_text(b"a\n", cut=True) == rb"$'a\n'..."


def test_shown_names_are_safe_characters_only(native: Native) -> None:
    bidirectional = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e")
    bidirectional |= set("\u2066\u2067\u2068\u2069")
    for name in NAMES:
        for text in (native.shell_text(name), native.json_text(name)[0]):
            for character in text.decode("utf-8"):
                category = unicodedata.category(character)
                assert category not in ("Cc", "Zl", "Zp"), (name, text)
                assert character not in bidirectional, (name, text)


# Format characters that are drawn, as signs around numbers.
_DRAWN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"
# Characters of other categories that aren't (Default_Ignorable_Code_Point).
_IGNORED = {
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D),
    *(0x180F, 0x2065, 0x3164, 0xFFA0),
    *range(0xFE00, 0xFE10),
    *range(0xFFF0, 0xFFF9),
    *range(0xE0000, 0xE1000),
}


def test_every_character_is_judged_as_unicode_does(native: Native) -> None:
    """The Basic Multilingual Plane, and tags, one character at a time."""
    codes = [*range(1, 0xD800), *range(0xE000, 0x10100), 0x10FFFF]
    for code in [*codes, *range(0xDFFFE, 0xE1002)]:
        character = chr(code)
        category = unicodedata.category(character)
        unsafe = (
            category in ("Cc", "Zl", "Zp")
            or (category == "Cf" and character not in _DRAWN)
            or code in _IGNORED
        )
        name = character.encode()
        shown = native.shell_text(name)
        assert shown.startswith(b"$'") == unsafe, hex(code)
        assert (b"\\u" in native.json_text(name)[0]) == unsafe, hex(code)


def test_no_character_of_a_column_shifts_the_next(native: Native) -> None:
    """Whatever has no width, is blank or runs from right to left."""
    for code in [*range(0x80, 0xD800), *range(0xE000, 0x20000)]:
        character = chr(code)
        shifts = (
            unicodedata.category(character) in ("Mn", "Me", "Zs")
            or unicodedata.bidirectional(character) in ("R", "AL", "AN")
            or 0x1160 <= code < 0x1200
        )
        name = b"a" + character.encode()
        if shifts:
            shown = native.shell_text(name, in_column=True)
            assert shown.startswith(b"$'"), hex(code)


def test_quoted_names_paste_back_into_bash(native: Native) -> None:
    quoted = [
        (name, text)
        for name in NAMES
        for text in [native.shell_text(name)]
        if text.startswith(b"$'")
    ]
    assert len(quoted) > 1000
    script = b"".join(b"printf '%s\\0' " + text + b"\n" for _, text in quoted)
    for locale in ("C", "C.UTF-8"):
        printed = subprocess.run(
            ["bash"],
            input=script,
            check=True,
            capture_output=True,
            env={**os.environ, "LC_ALL": locale},
        ).stdout
        assert printed.split(b"\0")[:-1] == [name for name, _ in quoted]


def test_json_tells_every_name(native: Native) -> None:
    for name in NAMES + [name.encode() for name in ORDINARY]:
        text, whole = native.json_text(name)
        parsed = json.loads(text)
        try:
            assert parsed == name.decode()
            assert whole
        except UnicodeDecodeError:
            assert not whole
            assert "\ufffd" in parsed


def test_json_has_one_replacement_for_each_bad_byte(native: Native) -> None:
    text, whole = native.json_text(b"a\xffb\xe2\x82c")
    assert json.loads(text) == "a\ufffdb\ufffd\ufffdc"
    assert not whole


def test_a_real_replacement_character_is_whole(native: Native) -> None:
    text, whole = native.json_text("\ufffd".encode())
    assert json.loads(text) == "\ufffd"
    assert whole


def test_base64_is_the_bytes(native: Native) -> None:
    for name in [b"", *NAMES]:
        text = native.json_base64(name)
        assert text == b'"' + base64.b64encode(name) + b'"'
