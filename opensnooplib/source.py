# SPDX-License-Identifier: Apache-2.0
"""The C that BCC gets: one text, made of the #defines and the files.

BCC rewrites map accesses and kernel reads only in the main file, so the files
that it includes by name ("...") are put in its place. #line directives keep
every message of the compiler at the file and line that a person edits.
"""

from __future__ import annotations

import os
import re
from typing import Iterator, List, Optional, Sequence, Set

from opensnooplib.defines import Define
from opensnooplib.errors import OpensnoopError

_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')

# Where the compiler may have lost count: what stood in a branch that isn't
# compiled, and a probe, before which BCC puts a struct.
_LOSES_COUNT = re.compile(r"^\s*#\s*(endif|else|elif)\b|^[A-Z_]+\(.*\)\s*$")

# Deeper than anyone nests: a file that includes itself.
_DEPTH_LIMIT = 32


_CONDITION = re.compile(r"^\s*#\s*(ifdef|ifndef|if|else|elif|endif)\b(.*)")
_IS_DEFINED = re.compile(r"\s*(!?)\s*defined\s*\(\s*(\w+)\s*\)\s*")
_DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)")


def default_path() -> str:
    """bpf_src/opensnoop.c of the checkout, or of the installed package."""
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in (os.path.dirname(here), here):
        path = os.path.join(folder, "bpf_src", "opensnoop.c")
        if os.path.exists(path):
            return path
    raise OpensnoopError(
        f"bpf_src/opensnoop.c is missing beside {here}: install opensnoop "
        "again"
    )


def assemble(path: str, defines: Sequence[Define]) -> str:
    """The whole C text for the program at `path`.

    Raises OpensnoopError where a file can't be read.
    """
    lines = [f"#define {name} {value}" for name, value in defines]
    return "\n".join(lines + _file_lines(path, 0)) + "\n"


def _shown_name(path: str) -> str:
    """As a person would type it from here."""
    try:
        relative = os.path.relpath(path)
    except FileNotFoundError:  # the working directory is gone
        return path
    return os.path.abspath(path) if relative.startswith("..") else relative


def _line_directive(number: int, path: str) -> str:
    name = _shown_name(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'#line {number} "{name}"'


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError as error:
        raise OpensnoopError(
            f"cannot read {_shown_name(path)}: {error.strerror}"
        ) from None


def _file_lines(path: str, depth: int) -> List[str]:
    if depth > _DEPTH_LIMIT:
        raise OpensnoopError(
            f"{_shown_name(path)} is included by itself, over and over: take "
            "that #include out"
        )
    lines = [_line_directive(1, path)]
    # Not splitlines(): to C, a form feed or U+2028 ends no line.
    text = _read(path).removesuffix("\n")
    for number, line in enumerate(text.split("\n"), start=1):
        included = _INCLUDE.match(line)
        if not included:
            lines.append(line)
            if _LOSES_COUNT.match(line):
                lines.append(_line_directive(number + 1, path))
            continue
        target = os.path.join(os.path.dirname(path), included.group(1))
        if not os.path.exists(target):
            raise OpensnoopError(
                f"{_shown_name(path)}:{number} includes "
                f'"{included.group(1)}", which is not there'
            )
        lines += _file_lines(target, depth + 1)
        lines.append(_line_directive(number + 1, path))
    return lines


class _Branches:
    """One #if with all its #elif and #else."""

    def __init__(self) -> None:
        self._one_was_taken = False
        self.is_compiled = False

    def enter(self, holds: Optional[bool]) -> None:
        """None: nobody knows, so this one and the next may be compiled."""
        self.is_compiled = holds is not False and not self._one_was_taken
        self._one_was_taken = self._one_was_taken or holds is True


def _holds(word: str, rest: str, defined: Set[str]) -> Optional[bool]:
    if word == "else":
        return True
    if word in ("ifdef", "ifndef"):
        name = rest.split()[0] if rest.split() else ""
        return (name in defined) == (word == "ifdef")
    asked = _IS_DEFINED.fullmatch(rest)
    if not asked:
        return None
    return (asked.group(2) in defined) != bool(asked.group(1))


def compiled_lines(text: str) -> Iterator[str]:
    """The lines of `text` that #ifdef and #if defined() don't take out.

    Names count as defined by the #defines in `text` alone; a branch of any
    other condition counts as compiled.
    """
    defined: Set[str] = set()
    inside: List[_Branches] = []
    for line in text.split("\n"):
        condition = _CONDITION.match(line)
        if condition:
            word, rest = condition.groups()
            if word in ("ifdef", "ifndef", "if"):
                inside.append(_Branches())
            if not inside:
                continue  # the compiler will tell
            if word == "endif":
                inside.pop()
            else:
                inside[-1].enter(_holds(word, rest, defined))
        elif all(branches.is_compiled for branches in inside):
            define = _DEFINE.match(line)
            if define:
                defined.add(define.group(1))
            yield line
