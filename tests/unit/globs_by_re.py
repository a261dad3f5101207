# SPDX-License-Identifier: Apache-2.0
"""Random patterns of paths, and a second way to match them: Python's re."""

from __future__ import annotations

import contextlib
import random
import re
from typing import List, Sequence

from opensnooplib.base.errors import UsageError
from opensnooplib.base.globs import STAR, Glob, globs

_LETTERS = b"ab/\xff"


def _regex(parts: Sequence[bytes]) -> str:
    return "".join(
        ".*"
        if part == STAR
        else "[" + "".join(f"\\x{byte:02x}" for byte in part) + "]"
        for part in parts
    )


def matches(glob: Glob, name: bytes) -> bool:
    """Also an absolute one by single slashes; no name has "." or ".."."""
    pattern = re.compile(_regex(glob.parts).encode(), re.DOTALL)
    names = [name]
    if glob.is_absolute and name.startswith(b"/"):
        names.append(b"/" + b"/".join(filter(None, name.split(b"/"))))
    return any(map(pattern.fullmatch, names))


def is_wanted(parsed: Sequence[Glob], name: bytes) -> bool:
    wanted = [matches(glob, name) for glob in parsed if not glob.excludes]
    excluded = [matches(glob, name) for glob in parsed if glob.excludes]
    return (any(wanted) or not wanted) and not any(excluded)


def some_name(chance: random.Random, most: int = 12) -> bytes:
    """A random name of few letters, so that patterns match often."""
    length = chance.randrange(most + 1)
    return bytes(chance.choice(_LETTERS) for _ in range(length))


def some_glob(chance: random.Random) -> str:
    words = ["*", "*", "?", "[ab]", "[!a]", "a", "b", "/", "\\a", "ab"]
    pattern = "".join(chance.choices(words, k=chance.randrange(1, 6)))
    if pattern.strip("*") and chance.random() < 0.25:
        return "!" + pattern
    return pattern


def some_globs(chance: random.Random) -> List[str]:
    """Random patterns that are not refused."""
    while True:
        words = [some_glob(chance) for _ in range(chance.randrange(1, 4))]
        with contextlib.suppress(UsageError):
            globs(words)
            return words
