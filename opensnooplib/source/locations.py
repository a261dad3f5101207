# SPDX-License-Identifier: Apache-2.0
"""Locations in the C, FILE:LINE, for messages about it."""

from __future__ import annotations

import re
from typing import List

from opensnooplib.kernel import program_names
from opensnooplib.source import c_text
from opensnooplib.source.c_text import Source
from opensnooplib.source.comments import without_comments

# A call that sends a record.
SUBMIT = re.compile(r"\bevents\s*\.\s*perf_submit\w*\s*\(")


def of_program(program: str, made_of: Source) -> str:
    """The location of a program, for the beginning of a message: "my.c:12: ".

    "" if it isn't found.
    """
    locations = all_of_program(program, made_of)
    return f"{locations[0]}: " if locations else ""


def of_map(name: str, made_of: Source) -> str:
    """The location of a map, as of_program() gives that of a program."""
    declared = re.compile(rf"\bBPF_\w+\s*\([^;]*\b{name}\b")
    for path, text in made_of.files.items():
        code = without_comments(text)
        for found in declared.finditer(code):
            number = code.count("\n", 0, found.start()) + 1
            return f"{c_text.shown_name(path)}:{number}: "
    return ""


def of_submit(made_of: Source) -> str:
    """The location where records are sent: "my.c:12", or "my.c" if several."""
    locations = [
        (path, code.count("\n", 0, found.start()) + 1)
        for path, text in made_of.files.items()
        for code in [without_comments(text)]
        for found in SUBMIT.finditer(code)
    ]
    if len(locations) == 1:
        path, line = locations[0]
        return f"{c_text.shown_name(path)}:{line}"
    return c_text.shown_name(next(iter(made_of.files)))


def all_of_program(program: str, made_of: Source) -> List[str]:
    """All locations of a program, each as "my.c:12"."""
    prefix, _, arguments = program.partition("__")
    arguments = arguments.removeprefix(program_names.MODULE)
    if prefix == "tracepoint":
        arguments = arguments.replace("__", r"\s*,\s*", 1)
    macro = prefix.upper() + "_PROBE"
    wanted = re.compile(
        rf"\b{program}\b" + (arguments and rf"|\b{macro}\s*\(\s*{arguments}\b")
    )
    locations = []
    for path, text in made_of.files.items():
        code = without_comments(text)
        for found in wanted.finditer(code):
            number = code.count("\n", 0, found.start()) + 1
            locations.append(f"{c_text.shown_name(path)}:{number}")
    return locations
