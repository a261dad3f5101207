# SPDX-License-Identifier: Apache-2.0
"""The names of --columns, and the macros that their fields need in the C."""

from __future__ import annotations

from typing import Iterable, Mapping

from opensnooplib.base.errors import UsageError
from opensnooplib.cli.values import each_of
from opensnooplib.rows import column_choice
from opensnooplib.rows.headings import KNOWN
from opensnooplib.source import c_text, declarations
from opensnooplib.source.declarations import Declaration

_WHAT = "names (--columns help lists them)"

# The columns that an option adds to the default ones.
OPTIONS = {"ppid": "--ppid", "latency": "-L", "callers": "-c"}


def names(
    option: str, words: str | None, declared: Iterable[str]
) -> list[str]:
    """The columns of `words`, the value of `option`; none if it isn't given.

    `declared` are the fields of the C. Raises UsageError.
    """
    if words is None:
        return []
    # A heading, which is in capitals, is accepted as the name of its column.
    by_lower = {name.lower(): name for name in (*KNOWN, *declared)}
    found = [by_lower.get(n.lower(), n) for n in each_of(option, words, _WHAT)]
    for name in found:
        if found.count(name) > 1:
            raise UsageError(f"{option} {words}: {name} is listed twice")
    return found


def macros(
    asked: Mapping[str, str], declared: Mapping[str, Declaration]
) -> list[str]:
    """The macros that columns need in the C, each once.

    asked: the words that ask for it, by column. Raises UsageError for a name
    that is no column.
    """
    found = []
    for name, words in asked.items():
        known = None if name in declared else KNOWN.get(name)
        # A name a.b is the member b of the field a.
        field = known.field if known else name.partition(".")[0]
        if field not in declared and (known or name in OPTIONS):
            raise UsageError(column_choice.no_field(words, field))
        if field not in declared or name in column_choice.INTERNAL:
            raise UsageError(column_choice.unknown(words, name, declared))
        found.append(declared[field].macro)
    return [*dict.fromkeys(filter(None, found))]


def declared_in(path: str | None) -> dict[str, Declaration]:
    """The fields of all structs in the C at `path`, or of bpf_src's event."""
    made_of = c_text.read(c_text.default_path() if path is None else path)
    struct = "event" if path is None else r"\w*"
    return declarations.of_struct(made_of.text, struct)


def help_text(path: str | None = None) -> str:
    """The text of --columns help, with a line for each name."""
    declared = declared_in(path)
    abouts = {
        name: known.about
        for name, known in KNOWN.items()
        if known.field in declared
    }
    for name, declaration in declared.items():
        if name not in column_choice.INTERNAL:
            abouts.setdefault(name, declaration.note.about)
    width = max(len(name) for name in abouts)
    lines = [f"  {name:{width}}  {abouts[name]}" for name in abouts]
    return "\n".join(["columns, for --columns NAME,NAME,...:", *lines, ""])
