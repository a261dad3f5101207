# SPDX-License-Identifier: Apache-2.0
"""The table that the benchmark prints; it is Markdown as well."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence


class Row(NamedTuple):
    """One figure: a cell for each competitor that has one, by its name."""

    figure: str
    cells: Dict[str, str]
    goal: str = ""
    reached: Optional[bool] = None  # None: there is no goal
    note: str = ""  # shown below the table


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths))
    return "| " + " | ".join(padded) + " |"


def _verdict(reached: Optional[bool]) -> str:
    if reached is None:
        return ""
    return "yes" if reached else "NO"


def _columns(rows: Sequence[Row]) -> List[str]:
    return list(dict.fromkeys(name for row in rows for name in row.cells))


def text(rows: Sequence[Row]) -> str:
    """The whole table and its notes."""
    names = _columns(rows)
    lines = [["what", *names, "must be", "reached"]]
    for row in rows:
        cells = [row.cells.get(name, "") for name in names]
        lines.append([row.figure, *cells, row.goal, _verdict(row.reached)])
    widths = [max(map(len, column)) for column in zip(*lines)]
    shown = [_line(line, widths) for line in lines]
    shown.insert(
        1, "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    )
    notes = [f"{row.figure}: {row.note}" for row in rows if row.note]
    return "\n".join(shown + [""] * bool(notes) + notes)
