# SPDX-License-Identifier: Apache-2.0
"""The patterns of --path.

A pattern is compared with the whole path, byte by byte. * matches any bytes,
including none and "/"; ? any one byte; [abc] and [a-z] one of these bytes;
[!a-z] one byte that is none of these; a backslash removes the special meaning
of what follows it. A pattern that starts with ! excludes.
"""

from __future__ import annotations

import os
import re
from itertools import takewhile
from typing import Iterator, NamedTuple, Sequence

from opensnooplib.base.errors import UsageError

_ANY_BYTE = bytes(range(1, 256))

# What matches any number of any bytes. Another part of a pattern is the bytes
# of which it matches one; the NUL is in no path.
STAR = b"\0"


class Glob(NamedTuple):
    excludes: bool
    parts: tuple[bytes, ...]

    @property
    def least(self) -> int:
        """The number of bytes that a matching path has at least."""
        return sum(part != STAR for part in self.parts)

    @property
    def is_absolute(self) -> bool:
        return self.parts[:1] == (b"/",)


# What a pattern is made of. A ] that comes first in a [...] is a member of it.
_TOKEN = re.compile(
    rb"(?P<stars>\*+)"
    rb"|(?P<any>\?)"
    rb"|\[(?:(?P<not>!)|(?!!))(?P<set>(?:\\.|[^\\])(?:\\.|[^]\\])*)\]"
    rb"|\\(?P<escaped>.)"
    rb"|(?P<byte>.)",
    re.DOTALL,
)
# A member of a [...]: a byte, or the first and the last one of a range.
_MEMBER = re.compile(rb"\\?(.)(?:-\\?(.))?", re.DOTALL)


def globs(words: Sequence[str]) -> tuple[Glob, ...]:
    """The patterns in `words`. Raises UsageError if they make no sense."""
    return tuple(map(_glob, words))


def _glob(word: str) -> Glob:
    pattern = os.fsencode(word)
    excludes = pattern.startswith(b"!")
    try:
        parts = tuple(map(_part, _TOKEN.finditer(pattern, int(excludes))))
    except ValueError as why:
        raise UsageError(f"--path {word[:80]}: {why}") from None
    return Glob(excludes, parts)


def literal(parts: Sequence[bytes]) -> bytes:
    """The bytes that the parts begin with."""
    bytes_alone = takewhile(lambda p: len(p) == 1 and p != STAR, parts)
    return b"".join(bytes_alone)


def of_directories(patterns: Sequence[Glob]) -> Iterator[str]:
    """A sentence for each that names a directory, not what is in it."""
    for glob in patterns:
        begin = literal(glob.parts)
        name = os.fsdecode(begin)
        if len(begin) == len(glob.parts) and os.path.isdir(name):
            before, inside = "!" * glob.excludes, name.rstrip("/")
            yield (
                f"--path {before}{name} is the directory alone: use "
                f"--path '{before}{inside}/*' for what is in it"
            )


def _part(token: re.Match[bytes]) -> bytes:
    """Raises ValueError, with a reason."""
    if token["stars"]:
        return STAR
    if token["any"]:
        return _ANY_BYTE
    if token["set"]:
        return _one_of(token["set"], negated=bool(token["not"]))
    if token["byte"] == b"[":
        raise ValueError("a [ has no matching ]; write \\[ for a bracket")
    if token["byte"] == b"\\":
        raise ValueError(
            "nothing follows the backslash; write \\\\ for a backslash"
        )
    return token["escaped"] or token["byte"]


def _one_of(inside: bytes, negated: bool) -> bytes:
    """The bytes that a [...] matches. Raises ValueError, likewise."""
    members: set[int] = set()
    for first, last in _MEMBER.findall(inside):
        if last and last < first:
            raise ValueError("a range in a [...] ends before it starts")
        members.update(range(ord(first), ord(last or first) + 1))
    if negated:
        members = set(_ANY_BYTE) - members
    if not members:
        raise ValueError("a [...] in it matches no byte")
    return bytes(sorted(members))
