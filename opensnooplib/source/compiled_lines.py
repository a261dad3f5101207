# SPDX-License-Identifier: Apache-2.0
"""The lines of C that are compiled, as far as #if and #ifdef show."""

from __future__ import annotations

import functools
import os
import re
from typing import Callable, Iterator, Mapping, Sequence

from opensnooplib.source import comments

_CONDITION = re.compile(r"^\s*#\s*(ifdef|ifndef|if|else|elif|endif)\b(.*)")
_IS_DEFINED = re.compile(r"\s*(!?)\s*defined\s*\(\s*(\w+)\s*\)\s*")
_NUMBER = re.compile(r"\s*(!?)\s*(\w+)\s*")
# As c_text.py writes them: the number and the name, with its escapes.
LINE_DIRECTIVE = re.compile(r'#line (\d+) "(.*)"$')
_DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)[ \t]*(.*)")


# Whether a condition holds. The least of several is what && says, and the
# greatest what || says.
_NO, _UNKNOWN, _YES = 0, 1, 2


class _Branches:
    """One #if with all its #elif and #else."""

    def __init__(self) -> None:
        self._one_was_taken = False
        self.is_compiled = False
        self.is_known = True

    def enter(self, holds: int) -> None:
        """Enter the next branch; `holds` is its condition.

        If it is unknown, this branch and those after it may be compiled.
        """
        self.is_known = self.is_known and holds != _UNKNOWN
        self.is_compiled = holds != _NO and not self._one_was_taken
        self._one_was_taken = self._one_was_taken or holds == _YES


def _holds(word: str, rest: str, defined: Mapping[str, str]) -> int:
    if word == "else":
        return _YES
    if word in ("ifdef", "ifndef"):
        name = rest.split()[0] if rest.split() else ""
        return _YES if (name in defined) == (word == "ifdef") else _NO
    return max(
        min(_term_holds(term, defined) for term in terms.split("&&"))
        for terms in rest.split("||")
    )


def _term_holds(term: str, defined: Mapping[str, str]) -> int:
    number, asked = _NUMBER.fullmatch(term), _IS_DEFINED.fullmatch(term)
    if number:
        value = defined.get(number[2], number[2]).strip()
        if not value.isdigit():
            return _UNKNOWN
        return _YES if (int(value) != 0) != bool(number[1]) else _NO
    if asked:
        return _YES if (asked[2] in defined) != bool(asked[1]) else _NO
    return _UNKNOWN


class Conditions:
    """The #ifs around a line."""

    def __init__(self) -> None:
        # Of the macros that the compiler has itself, only the machine's.
        self._defined: dict[str, str] = {f"__{os.uname().machine}__": "1"}
        self._inside: list[_Branches] = []
        self.is_for_compiler = False  # the last condition: nobody here knows

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
            return True  # the compiler will tell
        innermost = self._inside[-1]
        if word == "endif":
            self._inside.pop()
        else:
            innermost.enter(_holds(word, rest, self._defined))
        self.is_for_compiler = not innermost.is_known
        return True

    @property
    def are_open(self) -> bool:
        return bool(self._inside)

    @property
    def may_be_compiled(self) -> bool:
        return all(branches.is_compiled for branches in self._inside)


@functools.lru_cache(maxsize=1)
def of(text: str) -> Sequence[str]:
    """The lines of `text`, without those that #ifdef and #if take out.

    Comments are removed, and lines that end with a backslash are joined with
    the next. Only the #defines in `text` define a name; a branch counts as
    compiled if its condition isn't made of defined(), of numbers, and of names
    whose value is a number.
    """
    conditions = Conditions()
    text = comments.without_comments(text)
    return [
        line
        for line in text.replace("\\\n", " ").split("\n")
        if not conditions.heed(line) and conditions.may_be_compiled
    ]


# What include guards, and the frontend's choices that say no, are made of.
_NOT_TO_READ = re.compile(r"extern$|#define \w+_H$|#define [A-Z]\w* 0$")


def shown(text: str, is_left_out: Callable[[str], bool]) -> Iterator[str]:
    """The same lines with their comments, for a person to read.

    `is_left_out` is asked for each file by its path; a line names those that
    are. Blank lines in a row become one.
    """
    conditions = Conditions()
    file = last = repeated = ""
    begun: set[str] = set()
    named: set[str] = set()
    for _, line, code in comments.lines(text):
        is_condition = conditions.heed(code)
        found = LINE_DIRECTIVE.match(line)
        if found:
            number, file = found.groups()
            if number == "1":  # what its include guard takes out
                repeated = file if file in begun else ""
                begun.add(file)
            continue
        if is_condition and not conditions.is_for_compiler:
            continue
        if not conditions.may_be_compiled or _NOT_TO_READ.match(line):
            continue
        if repeated and file == repeated:
            continue
        if file and is_left_out(file):
            if code.strip() and file not in named:
                named.add(file)
                name = "/".join(file.split("/")[-2:])
                yield f"/* {name} is here: -v shows it */"
        elif line or last:
            yield line
        last = line
