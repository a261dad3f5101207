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
    "\u00a0\u0300\u2027\u202f\u2065\u206a\u061b\u061d\u200d\u2010",
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


def test_every_character_is_judged_as_unicode_does(native: Native) -> None:
    """The Basic Multilingual Plane, one character at a time."""
    bidirectional = "LRE RLE LRO RLO PDF LRI RLI FSI PDI".split()
    marks = "\u061c\u200e\u200f"
    codes = [*range(1, 0xD800), *range(0xE000, 0x10100), 0x10FFFF]
    for code in codes:
        character = chr(code)
        unsafe = (
            unicodedata.category(character) in ("Cc", "Zl", "Zp")
            or unicodedata.bidirectional(character) in bidirectional
            or character in marks
        )
        name = character.encode()
        shown = native.shell_text(name)
        assert shown.startswith(b"$'") == unsafe, hex(code)
        assert (b"\\u" in native.json_text(name)[0]) == unsafe, hex(code)


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
