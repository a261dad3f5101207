# SPDX-License-Identifier: Apache-2.0
"""What the kernel compares of the patterns of --path, as a condition in C.

It knows how a pattern begins and ends, and how long a path must be. It drops
no path that the patterns want; the reader decides about the rest.
"""

from __future__ import annotations

from typing import Sequence

from opensnooplib.base.globs import STAR, Glob, literal

# Limits of the bytes of a text that are compared: fewer where there are many
# patterns, since the verifier follows each comparison.
_LONGEST_TEXT = 64
_ALL_TEXTS = 1024
_LEAST_TEXT = 4

ALWAYS = "1"


def any_of(conditions: Sequence[str]) -> str:
    return "(" + " || ".join(conditions) + ")"


def all_of(conditions: Sequence[str]) -> str:
    return "(" + " && ".join(conditions) + ")"


def c_text(text: bytes) -> str:
    """The inside of a C literal. Octal escapes: \\x would swallow digits."""
    return "".join(
        chr(byte)
        if chr(byte).isalnum() and byte < 128 or chr(byte) in "/._-:@+= "
        else f"\\{byte:03o}"
        for byte in text
    )


def has_bytes_at(start: str, text: bytes) -> str:
    """True in C where these bytes are at the address `start`."""
    letters = [c_text(text[i : i + 1]) for i in range(len(text))]
    compared = [f"at[{i}] == '{one}'" for i, one in enumerate(letters)]
    return f"({{ const char *at = {start}; {all_of(compared)}; }})"


def has_bytes_at_once(start: str, text: bytes) -> str:
    """The same with one branch, for loops.

    The verifier may follow each of many branches through all rounds. Without
    the asm, clang would make many of the one.
    """
    letters = [c_text(text[i : i + 1]) for i in range(len(text))]
    differ = [f"(at[{i}] ^ '{one}')" for i, one in enumerate(letters)]
    return (
        f"({{ const char *at = {start}; u64 differ = {' | '.join(differ)}; "
        'asm volatile("" : "+r"(differ)); !differ; })'
    )


def _compare(glob: Glob, limit: int) -> tuple[str, bool]:
    """True in C for paths that match; does it decide that alone?"""
    begin = literal(glob.parts)
    if STAR not in glob.parts:
        end = b""
        conditions = [f"(length) == {glob.least}"]
    else:
        end = literal(glob.parts[::-1])[::-1]
        conditions = [f"(length) >= {glob.least}"] if glob.least else []
    if begin:
        conditions.append(has_bytes_at("(path)", begin[:limit]))
    if end:
        text = end[-limit:]
        start = f"(path) + (length) - {len(text)}"
        conditions.append(has_bytes_at(start, text))
    is_all = (
        len(begin) + len(end) == glob.least
        and glob.parts.count(STAR) <= 1
        and max(len(begin), len(end)) <= limit
    )
    return all_of(conditions) if conditions else ALWAYS, is_all


def in_c(
    globs: Sequence[Glob], full_path: bool = False, own_c: bool = False
) -> str:
    """True in C for each path that may be wanted.

    full_path: a relative name may be, for its directory, which the kernel
    doesn't look at here. own_c: the C has has_dots().
    """
    limit = min(_LONGEST_TEXT, _ALL_TEXTS // max(1, len(globs)))
    wanted: list[str] = []
    excluded: list[str] = []
    for glob in globs:
        compared, is_all = _compare(glob, max(_LEAST_TEXT, limit))
        if not glob.excludes:
            wanted.append(compared)
        elif is_all:
            excluded.append(f"!{compared}")
    if wanted and full_path:
        wanted.insert(0, "(path)[0] != '/'")
    if wanted and own_c and any(glob.is_absolute for glob in globs):
        wanted.append("has_dots(path, length)")  # extra/select/dots.h
    conditions = ([any_of(wanted)] if wanted else []) + excluded
    return all_of(conditions) if conditions else ALWAYS
