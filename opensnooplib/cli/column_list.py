# SPDX-License-Identifier: Apache-2.0
"""The names of --columns, and the macros that their fields need in the C."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from opensnooplib.base.errors import UsageError
from opensnooplib.cli.values import each_of
from opensnooplib.rows import column_choice
from opensnooplib.rows.headings import KNOWN
from opensnooplib.source import c_text, declarations


class Asked(NamedTuple):
    names: tuple[str, ...] = ()  # empty: the default columns
    macros: tuple[str, ...] = ()  # to be defined for the C


_WHAT = "names (--columns help lists them)"

# The columns that an option adds to the default ones.
OPTIONS = {"ppid": "--ppid", "latency": "-L", "callers": "-c"}


def parse(
    words: str | None,
    beside: Sequence[str],
    path: str | None,
    is_trace: bool = True,
    option: str = "--columns",
) -> Asked:
    """The columns of `words`, which are the value of `option`.

    Or else those of `beside` and the default ones.

    `path` is that of the C, if it isn't the project's own. `is_trace` is false
    for a recording, whose C isn't known yet. Raises UsageError for a name that
    is not a column.
    """
    if words is None and not beside:
        return Asked()
    if words is not None and beside:
        raise UsageError(
            f"{OPTIONS[beside[0]]} and --columns cannot be combined: add "
            f"{beside[0]} to --columns"
        )
    if not is_trace:
        names = [] if words is None else _names(option, words, list(KNOWN))
        return Asked(tuple(names))
    declared = declared_in(path)
    known_names = [*KNOWN, *declared]
    names = [] if words is None else _names(option, words, known_names)
    macros = []
    for name in names or beside:
        known = None if name in declared else KNOWN.get(name)
        # A name a.b is the member b of the field a.
        field = known.field if known else name.partition(".")[0]
        if field not in declared and (known or beside):
            asked = OPTIONS[name] if beside else f"{option} {name}"
            raise UsageError(column_choice.no_field(asked, field))
        if field not in declared or name in column_choice.INTERNAL:
            raise UsageError(
                column_choice.unknown(option, name, list(declared))
            )
        if declared[field].macro:
            macros.append(declared[field].macro)
    return Asked(tuple(names), tuple(dict.fromkeys(macros)))


def _names(option: str, words: str, known: list[str]) -> list[str]:
    # A heading, which is in capitals, is accepted as the name of its column.
    by_lower = {name.lower(): name for name in known}
    names = [name.strip() for name in words.split(",")]
    names = each_of(option, ",".join(names), _WHAT)
    names = [by_lower.get(name.lower(), name) for name in names]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{option} {words}: {name} is listed twice")
    return names


def declared_in(path: str | None) -> dict[str, declarations.Declaration]:
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
