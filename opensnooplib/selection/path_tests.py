# SPDX-License-Identifier: Apache-2.0
"""The patterns of --path as a condition in C: bpf_src/extra/path_patterns.h.

The condition drops no path that the patterns want. The reader compares what it
can't: long texts, a text between two stars in a long path, sets of bytes, more
than two stars.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence

from opensnooplib.selection.c_conditions import all_of, any_of, has_bytes_at
from opensnooplib.source.defines import Define
from opensnooplib.base.globs import STAR, Glob, Part

# Limits of the bytes of a text that are compared in the kernel: fewer where
# there are many patterns, since the verifier follows each comparison.
_LONGEST_TEXT = 64
_ALL_TEXTS = 1024
_LEAST_TEXT = 4

# Limits of texts that are looked for at each offset, up to 128 times each.
_LONGEST_HELD = 16
_MOST_HELD = 4

_ALWAYS = "1"


class _Shape(NamedTuple):
    """The parts of a pattern that C can compare."""

    begin: bytes
    held: bytes  # in the middle, between stars
    end: bytes
    has_star: bool
    is_all: bool  # a path that has these parts matches


def _shape(glob: Glob) -> _Shape:
    parts = glob.parts
    begin = _literal(parts)
    if len(begin) == len(parts):
        return _Shape(begin, b"", b"", has_star=False, is_all=True)
    end = _literal(parts[::-1])[::-1]
    middle = parts[len(begin) : len(parts) - len(end)]
    held = b""
    if middle[0] is STAR and middle[-1] is STAR:
        held = _literal(middle[1:])
    known = len(begin) + len(held) + len(end)
    stars = len(parts) - known
    return _Shape(
        begin,
        held,
        end,
        has_star=STAR in parts,
        # A text in the middle could overlap with those at both ends.
        is_all=known == glob.least
        and (stars == 1 or stars == 2 and not begin + end),
    )


def _literal(parts: Sequence[Part]) -> bytes:
    """The bytes that the parts begin with."""
    found = b""
    for part in parts:
        if part is STAR or len(part) != 1:
            break
        found += part
    return found


class _Writer:
    """Writes conditions, and a macro for each text that they compare."""

    def __init__(self, text_limit: int) -> None:
        self._text_limit = text_limit
        self._texts: Dict[bytes, str] = {}
        self._held = 0
        self._compared = 0

    def fits_the_verifier(self) -> bool:
        """Can the verifier follow the conditions?

        A text that is looked for at each offset is a loop; with another
        comparison, it is too much.
        """
        return not self._held or self._compared == 1

    def defines(self, condition: str) -> List[Define]:
        found = [
            (f"{macro}(at)", has_bytes_at(text))
            for text, macro in self._texts.items()
        ]
        condition = f"KEEP_BOUND(length) && ({condition})"
        return [*found, ("SELECT_PATH(path, length)", condition)]

    def _compare(self, how: str, text: bytes) -> str:
        self._compared += 1
        macro = self._texts.setdefault(text, f"PATH_TEXT_{len(self._texts)}")
        return f"{how}(path, length, {len(text)}, {macro})"

    def _hold(self, text: bytes) -> List[str]:
        if not text or self._held == _MOST_HELD:
            return []
        self._held += 1
        return [self._compare("PATH_HOLDS", text[:_LONGEST_HELD])]

    def may_match(self, glob: Glob) -> str:
        """True in C for all paths that match, and perhaps for others."""
        shape = _shape(glob)
        limit = self._text_limit
        if not shape.has_star:
            conditions = [f"(length) == {glob.least}"]
        else:
            conditions = [f"(length) >= {glob.least}"] if glob.least else []
        if shape.begin:
            text = shape.begin[:limit]
            conditions.append(self._compare("PATH_BEGINS", text))
        if shape.end:
            text = shape.end[-limit:]
            conditions.append(self._compare("PATH_ENDS", text))
        for holds in self._hold(shape.held):
            conditions.append(f"((length) >= PATH_SHORT || {holds})")
        return all_of(conditions) if conditions else _ALWAYS

    def matches(self, glob: Glob) -> str:
        """True in C only for paths that match; "" if C can't decide that."""
        shape = _shape(glob)
        texts = (shape.begin, shape.end)
        if not shape.is_all or max(map(len, texts)) > self._text_limit:
            return ""
        if not shape.has_star:
            if not shape.begin:
                return "(length) == 0"
            return self._compare("PATH_IS", shape.begin)
        if shape.held:
            if len(shape.held) > _LONGEST_HELD:
                return ""
            holds = self._hold(shape.held)
            if not holds:
                return ""
            return all_of(["(length) < PATH_SHORT", *holds])
        return self.may_match(glob)


def _text_limit(globs: Sequence[Glob]) -> int:
    """The number of bytes of a text that are compared."""
    return max(_LEAST_TEXT, min(_LONGEST_TEXT, _ALL_TEXTS // len(globs)))


def is_whole(globs: Sequence[Glob]) -> bool:
    """Does the condition decide alone, without the reader?"""
    shapes = [_shape(glob) for glob in globs]
    return all(
        shape.is_all
        and not shape.held
        and max(len(shape.begin), len(shape.end)) <= _text_limit(globs)
        for shape in shapes
    )


def defines(globs: Sequence[Glob]) -> List[Define]:
    """SELECT_PATH(path, length), and the macros that it uses."""
    writer = _Writer(_text_limit(globs))
    return writer.defines(_condition(writer, globs))


def fits_the_verifier(globs: Sequence[Glob]) -> bool:
    """Can the verifier follow the condition? Else only the reader compares."""
    writer = _Writer(_text_limit(globs))
    _condition(writer, globs)
    return writer.fits_the_verifier()


def _condition(writer: _Writer, globs: Sequence[Glob]) -> str:
    wanted = [writer.may_match(glob) for glob in globs if not glob.excludes]
    excluded = [writer.matches(glob) for glob in globs if glob.excludes]
    conditions = [any_of(wanted)] if wanted else []
    conditions += [f"!({one})" for one in excluded if one]
    return all_of(conditions) if conditions else _ALWAYS
