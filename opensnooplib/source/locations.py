# SPDX-License-Identifier: Apache-2.0
"""Locations in the C, FILE:LINE, for messages about it."""

from __future__ import annotations

import re

from opensnooplib.kernel import program_names
from opensnooplib.source import c_text
from opensnooplib.source.c_text import Source
from opensnooplib.source.comments import without_comments

# A call that sends a record.
SUBMIT = r"\.\s*(perf_submit|ringbuf_(output|submit))\w*\s*\("


def of_program(program: str, made_of: Source) -> str:
    """The location of a program, for the beginning of a message: "my.c:12: ".

    "" if it isn't found.
    """
    name = program_names.function_of(program)
    prefix, _, arguments = name.partition("__")
    arguments = arguments.removeprefix(program_names.MODULE)
    # What is not a letter or digit in a macro is "_" in the program's name.
    arguments = re.sub("_+", r"[\\W_]+", arguments)
    macro = prefix.upper() + "(?:_PROBE)?"
    written = rf'|\b{macro}\s*\(\W*{arguments}"?\s*[,)]' if arguments else ""
    return "".join(find(rf"\b{name}\b{written}", made_of)[:1])


def of_map(name: str, made_of: Source) -> str:
    """The location of a map, as of_program() gives that of a program."""
    return "".join(find(rf"\bBPF_\w+\s*\([^;]*\b{name}\b", made_of)[:1])


def of_submit(output: str, made_of: Source) -> str:
    """The location where an output sends records.

    "my.c: " if there are several, and "" if there is none.
    """
    found = find(rf"\b{output}\s*{SUBMIT}", made_of)
    main = c_text.shown_name(next(iter(made_of.files)))
    return f"{main}: " if len(found) > 1 else "".join(found)


def find(pattern: str, made_of: Source) -> list[str]:
    """All locations of a pattern outside of comments."""
    locations = []
    for path, text in made_of.files.items():
        code = without_comments(text)
        for found in re.finditer(pattern, code):
            number = code.count("\n", 0, found.start()) + 1
            locations.append(f"{c_text.shown_name(path)}:{number}: ")
    return locations
