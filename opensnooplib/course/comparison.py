# SPDX-License-Identifier: Apache-2.0
"""What a case expects and what came, compared entry by entry."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence

from opensnooplib.base.quoting import printable
from opensnooplib.course.check import Case

# Entries of each kind that are shown of a table, at most.
_MOST_SHOWN = 3

Entry = Mapping[str, Any]


def differences(case: Case, came: Mapping[str, list[Entry]]) -> list[str]:
    """Lines that say what is missing or should not have come; none if all is
    right. `came` has the entries of each table."""
    lines = list(case.observed)
    for table, expected in case.expected.items():
        if table not in came and expected:
            lines.append(f"nothing came in {table}")
            continue
        there = [
            entry
            for entry in came.get(table, [])
            if (table in case.whole or case.owns(entry))
            and entry.get("value") != 0
        ]
        lines += _of_table(table, expected, there)
    return lines


def _of_table(
    table: str, expected: Sequence[Entry], there: Sequence[Entry]
) -> Iterator[str]:
    keys = list(dict.fromkeys(key for entry in expected for key in entry))
    absent = [key for key in keys if not any(key in one for one in there)]
    if absent and there:
        yield f"{table}: there is no field {', '.join(absent)}"
        return
    for what, entries in _unmatched(expected, there).items():
        for entry in entries[:_MOST_SHOWN]:
            names = [key for key in keys if key in entry] or entry
            text = "  ".join(f"{name}={entry[name]}" for name in names)
            yield f"{what:<10} {table}: {printable(text)}"
        if len(entries) > _MOST_SHOWN:
            more = len(entries) - _MOST_SHOWN
            yield f"{what:<10} {table}: {more} more"


def _unmatched(
    expected: Sequence[Entry], there: Sequence[Entry]
) -> dict[str, list[Entry]]:
    """The expected entries that are not there, and those that are too many."""
    missing, extra = [], list(there)
    for one in expected:
        for entry in extra:
            if all(key in entry and one[key] == entry[key] for key in one):
                extra.remove(entry)
                break
        else:
            missing.append(one)
    return {"missing": missing, "unexpected": extra}
