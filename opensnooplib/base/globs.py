# SPDX-License-Identifier: Apache-2.0
"""The patterns of --path.

A pattern is compared with the whole path, byte by byte. * matches any bytes,
including none and "/"; ? any one byte; [abc] and [a-z] one of these bytes;
[!a-z] one byte that is none of these; a backslash removes the special meaning
of what follows it. A pattern that starts with ! excludes.
"""

from __future__ import annotations

import os
from typing import List, NamedTuple, Optional, Sequence, Tuple

from opensnooplib.base.errors import UsageError

# The length of the longest path: PATH_MAX of include/uapi/linux/limits.h,
# without the NUL.
_LONGEST = 4095

_ANY_BYTE = bytes(range(1, 256))

# A part of a pattern: the bytes of which it matches one, or STAR, which
# matches any number of any bytes.
STAR = None
Part = Optional[bytes]


class Glob(NamedTuple):
    excludes: bool
    parts: Tuple[Part, ...]

    @property
    def least(self) -> int:
        """The number of bytes that a matching path has at least."""
        return sum(part is not STAR for part in self.parts)


def globs(words: Sequence[str]) -> Tuple[Glob, ...]:
    """The patterns in `words`. Raises UsageError if they make no sense."""
    found = tuple(_Parser(word).parse() for word in words)
    _refuse_contradiction(words, found)
    return found


def _refuse_contradiction(words: Sequence[str], found: Sequence[Glob]) -> None:
    """Raise UsageError if all that is wanted is excluded, too."""
    first = ""
    for word, glob in zip(words, found):
        if glob.excludes:
            continue
        why = [
            other
            for other, excluding in zip(words, found)
            if excluding.excludes and _holds_all(excluding.parts, glob.parts)
        ]
        if not why:
            return
        first = first or _refusal(
            word, f"{why[0][:80]} excludes everything that it matches"
        )
    if first:
        raise UsageError(first)


def _holds_all(wide: Sequence[Part], narrow: Sequence[Part]) -> bool:
    """Does every path that matches `narrow` match `wide`?

    True only if that is certain. `narrow` is compared with `wide` as a path
    would be, except that each of its parts stands for any of its bytes, and a
    star for anything.
    """
    at = of = 0
    star, resume = -1, 0
    while of < len(narrow):
        if at < len(wide) and wide[at] is STAR:
            star, resume = at, of
            at += 1
        elif at < len(wide) and _takes_all(wide[at], narrow[of]):
            at += 1
            of += 1
        elif star >= 0:
            resume += 1
            at, of = star + 1, resume
        else:
            return False
    return all(part is STAR for part in wide[at:])


def _takes_all(part: Part, other: Part) -> bool:
    """Does `part` match every byte that `other` does? False for a star."""
    if part is STAR or other is STAR:
        return False
    return other == part or set(other).issubset(part)


def _refusal(word: str, why: str) -> str:
    return f"--path {word[:80]}: {why}"


class _Parser:
    def __init__(self, word: str) -> None:
        self._word = word
        self._bytes = os.fsencode(word)
        self._at = 0

    def parse(self) -> Glob:
        excludes = self._take(b"!")
        parts: List[Part] = []
        while self._at < len(self._bytes):
            part = self._part()
            if part is not STAR or parts[-1:] != [STAR]:
                parts.append(part)
        found = Glob(excludes, tuple(parts))
        if excludes and not parts:
            self._refuse("excludes nothing; write a pattern after the !")
        if excludes and found.parts == (STAR,):
            self._refuse("excludes every path")
        if found.least > _LONGEST:
            self._refuse(
                f"no path is longer than {_LONGEST} bytes, so this can never "
                "match"
            )
        return found

    def _refuse(self, why: str) -> None:
        raise UsageError(_refusal(self._word, why))

    def _next(self) -> bytes:
        self._at += 1
        return self._bytes[self._at - 1 : self._at]

    def _take(self, expected: bytes) -> bool:
        """Skip `expected` if it comes next. Returns whether it did."""
        if self._bytes[self._at : self._at + 1] != expected:
            return False
        self._at += 1
        return True

    def _part(self) -> Part:
        byte = self._next()
        if byte == b"*":
            return STAR
        if byte == b"?":
            return _ANY_BYTE
        if byte == b"[":
            return self._set()
        if byte == b"\\":
            return self._escaped()
        return byte

    def _escaped(self) -> bytes:
        byte = self._next()
        if not byte:
            self._refuse(
                "nothing follows the backslash; write \\\\ for a backslash"
            )
        return byte

    def _set(self) -> bytes:
        negated = self._take(b"!")
        members = set(self._members())
        while not self._take(b"]"):
            members.update(self._members())
        if negated:
            members = set(_ANY_BYTE) - members
        if not members:
            self._refuse("a [...] in it matches no byte")
        return bytes(sorted(members))

    def _members(self) -> Sequence[int]:
        """One byte or a range of a [...]; a ] that comes first is a byte."""
        first = self._member()
        rest = self._bytes[self._at : self._at + 2]
        if rest[:1] != b"-" or rest[1:] in (b"]", b""):
            return [first]
        self._at += 1
        last = self._member()
        if last < first:
            self._refuse("a range in a [...] ends before it starts")
        return range(first, last + 1)

    def _member(self) -> int:
        byte = self._next()
        if byte == b"\\":
            byte = self._escaped()
        if not byte:
            self._refuse("a [ has no matching ]; write \\[ for a bracket")
        return byte[0]
