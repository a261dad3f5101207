# SPDX-License-Identifier: Apache-2.0
"""The lines of C that are compiled, as far as #if and #ifdef show."""

from __future__ import annotations

import re
from typing import Iterable, Iterator, List, Optional, Set

from opensnooplib.source import comments

_CONDITION = re.compile(r"^\s*#\s*(ifdef|ifndef|if|else|elif|endif)\b(.*)")
_IS_DEFINED = re.compile(r"\s*(!?)\s*defined\s*\(\s*(\w+)\s*\)\s*")
_NUMBER = re.compile(r"\s*(\d+)\s*")
_DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)")


class _Branches:
    """One #if with all its #elif and #else."""

    def __init__(self) -> None:
        self._one_was_taken = False
        self.is_compiled = False

    def enter(self, holds: Optional[bool]) -> None:
        """Enter the next branch; `holds` is its condition, None if unknown.

        If it is unknown, this branch and those after it may be compiled.
        """
        self.is_compiled = holds is not False and not self._one_was_taken
        self._one_was_taken = self._one_was_taken or holds is True


def _holds(word: str, rest: str, defined: Set[str]) -> Optional[bool]:
    if word == "else":
        return True
    if word in ("ifdef", "ifndef"):
        name = rest.split()[0] if rest.split() else ""
        return (name in defined) == (word == "ifdef")
    return _of_either(
        _of_both(_term_holds(term, defined) for term in terms.split("&&"))
        for terms in rest.split("||")
    )


def _term_holds(term: str, defined: Set[str]) -> Optional[bool]:
    number = _NUMBER.fullmatch(term)
    if number:
        return int(number.group(1)) != 0
    asked = _IS_DEFINED.fullmatch(term)
    if not asked:
        return None
    return (asked.group(2) in defined) != bool(asked.group(1))


def _of_both(terms: Iterable[Optional[bool]]) -> Optional[bool]:
    """The result of && for these terms; None if it is unknown."""
    found = set(terms)
    return False if False in found else None if None in found else True


def _of_either(terms: Iterable[Optional[bool]]) -> Optional[bool]:
    """The result of || for these terms; None if it is unknown."""
    found = set(terms)
    return True if True in found else None if None in found else False


class Conditions:
    """The #ifs around a line."""

    def __init__(self) -> None:
        self._defined: Set[str] = set()
        self._inside: List[_Branches] = []

    def heed(self, line: str) -> bool:
        """Note what the line says. Returns whether it is a condition."""
        if "#" not in line:  # most lines; this is quick
            return False
        condition = _CONDITION.match(line)
        if not condition:
            if self.may_be_compiled:
                self._defined.update(_DEFINE.findall(line))
            return False
        word, rest = condition.groups()
        if word in ("ifdef", "ifndef", "if"):
            self._inside.append(_Branches())
        if not self._inside:
            return True  # the compiler will report it
        if word == "endif":
            self._inside.pop()
        else:
            self._inside[-1].enter(_holds(word, rest, self._defined))
        return True

    @property
    def are_open(self) -> bool:
        return bool(self._inside)

    @property
    def may_be_compiled(self) -> bool:
        return all(branches.is_compiled for branches in self._inside)


def of(text: str) -> Iterator[str]:
    """The lines of `text`, without those that #ifdef and #if take out.

    Comments are removed, and lines that end with a backslash are joined with
    the next. Only the #defines in `text` define a name; a branch counts as
    compiled if its condition isn't made of numbers and defined().
    """
    conditions = Conditions()
    text = comments.without_comments(text)
    for line in text.replace("\\\n", " ").split("\n"):
        if not conditions.heed(line) and conditions.may_be_compiled:
            yield line
