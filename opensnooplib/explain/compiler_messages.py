# SPDX-License-Identifier: Apache-2.0
"""A mistake in the C as a person reads it: location, line and reason."""

from __future__ import annotations

import os
import re
from typing import Iterable, Iterator, NamedTuple

from opensnooplib.base import tables
from opensnooplib.explain import plain_words, verifier_log
from opensnooplib.source import c_text, locations, printk_names, struct_maps
from opensnooplib.source.c_text import Source

# What BCC and clang print besides the mistake.
_NOISE = re.compile(
    "|".join(tables.paragraphs(__file__, "noise.txt")[0].splitlines())
)

# The line number that clang 18 and later print beside the C.
_MARGIN = re.compile(r"^ {0,4}(\d+| {5}) \| ?")

_REMARK = re.compile(
    r"^(\S[^:]*)(?::(\d+))?(?::\d+)?: (?:fatal )?(error|warning|note): "
)

# Paths of BCC's own files, of code that macros make, and of the small tree.
_OF_BCC = ("/virtual/", "<scratch space>", "include/opensnoop/")

_NOT_CLOSED = "error: expected '}'"
# What is said about each map that stands inside a { that isn't closed.
_INSIDE = "attribute only applies to"

# LLVM's error in a whole function: "error: FILE:LINE:0: in function ...".
_OF_LLVM = re.compile(
    r"^error: (\S+):(\d+):\d+: in function (\w+) .*\): (.*)$"
)

# A division in older versions of LLVM; the path may lack its beginning.
_DIVISION = re.compile(r"^Error at line \d+: (Unsupport signed division) .*")
_LOCATION_OF_DIVISION = re.compile(r", (\S+?):(\d+):\d+( @\[|Please convert)")

# BCC's error for a map that the kernel refuses.
_NO_MAP = re.compile(r"^could not open bpf map: (\w+), error: (.*)$")


class _Remark(NamedTuple):
    """A remark of clang, with the lines that belong to it."""

    path: str
    number: str  # of the line
    kind: str  # error, warning or note
    lines: list[str]


def of_compiler(output: str, made_of: Source, hints: str = "") -> str:
    """clang's messages, with names of files as a person would type them.

    `hints` are lines that the compile room adds.
    """
    remarks = _of_use(_remarks(output, made_of), made_of)
    return _with_hints(_text_of(remarks, made_of), hints)


def warnings(output: str, made_of: Source) -> str:
    """clang's warnings for the files that a person writes, or ""."""
    clangs, end, _ = output.rpartition(" generated.")
    remarks = _of_use(_remarks(clangs + end, made_of), made_of)
    text = _text_of((one for one in remarks if one.kind), made_of)
    return _with_hints(text) if text else ""


def _text_of(remarks: Iterable[_Remark], made_of: Source) -> str:
    lines = [line for one in remarks for line in _without_mark(one.lines)]
    return with_short_names("\n".join(lines), made_of)


def _without_mark(lines: list[str]) -> list[str]:
    """A remark's lines as they would be without the mark in a string."""
    marks = [*filter(None, map(printk_names.MARK.search, lines))]
    if not marks:
        return lines
    begin, end = marks[0].span()
    is_behind = any("^" in line[end:] for line in lines)
    head = re.sub(
        r":(\d+)(?=: )",
        lambda column: f":{int(column[1]) - is_behind * (end - begin)}",
        lines[0],
        count=1,
    )
    return [head, *(line[:begin] + line[end:] for line in lines[1:])]


def _with_hints(text: str, more: str = "") -> str:
    text = struct_maps.MAP.sub("", text)
    lines = [text, *plain_words.of_compiler(text), more]
    return "\n".join(filter(None, lines))


def _remarks(output: str, made_of: Source) -> list[_Remark]:
    remarks = [_Remark("", "", "", [])]
    for line in output.split("\n"):
        line = _MARGIN.sub("", line)
        if _NOISE.fullmatch(line):
            continue
        line = _of_llvm(line, made_of)
        head = _REMARK.match(line)
        if head:
            path, number, kind = head.groups()
            remarks.append(_Remark(path, number, kind, [line]))
        else:
            remarks[-1].lines.append(line)
    return remarks


def _of_use(remarks: list[_Remark], made_of: Source) -> Iterator[_Remark]:
    """The remarks without warnings and notes on headers of others.

    Of the errors in a line only the first, which may have caused the others:
    a wrong argument of BPF_HASH() causes twenty. If a { isn't closed, most of
    the others are about what seems to be inside it.
    """
    own = [os.path.abspath(path) for path in made_of.files]
    is_kept = True
    seen: set[tuple[str, str]] = set()  # lines with an error
    is_open = any(_NOT_CLOSED in one.lines[0] for one in remarks[1:])
    for remark in remarks:
        first = "".join(remark.lines[:1])
        if remark.kind == "note":
            if remark.path.startswith(_OF_BCC):
                continue
        elif is_open and (seen or _INSIDE in first):
            is_kept = _NOT_CLOSED in first
        elif remark.kind == "error":
            is_kept = (remark.path, remark.number) not in seen
        else:
            is_kept = remark.kind != "warning" or remark.path in own
        if is_kept:
            yield remark
            if remark.kind == "error":
                seen.add((remark.path, remark.number))


def _of_llvm(line: str, made_of: Source) -> str:
    division = _DIVISION.match(line)
    if division:
        found = _LOCATION_OF_DIVISION.search(line)
        where = f"{_shown(found[1], made_of)}:{found[2]}: " if found else ""
        return f"{where}error: {division[1]}"
    no_map = _NO_MAP.match(line)
    if no_map:
        where = locations.of_map(no_map[1], made_of)
        refused = ": ".join(no_map.groups())
        return f"{where}error: the kernel refuses the map {refused}"
    found = _OF_LLVM.match(line)
    if not found:
        return line
    file, number, function, message = found.groups()
    file = _shown(file, made_of)
    where = f"{file}:{number}: "
    if not int(number):
        where = locations.of_program(function, made_of) or f"{file}: "
    return f"{where}error: in {function}: {message}"


def _shown(file: str, made_of: Source) -> str:
    """A file as a person knows it; LLVM's name may lack the beginning."""
    for path in made_of.files:
        if os.path.basename(path) == os.path.basename(file):
            return c_text.shown_name(path)
    return file


def with_short_names(text: str, made_of: Source) -> str:
    for path in made_of.files:
        text = text.replace(os.path.abspath(path), c_text.shown_name(path))
    return text


def of_verifier(output: str, sentence: str, made_of: Source) -> str:
    """Why the kernel refuses the program: its own words, and plain ones.

    `sentence` is shown as well.
    """
    said = warnings(output, made_of).splitlines()
    said += verifier_log.explained(output, sentence, made_of.files)
    return "\n".join(said)
