# SPDX-License-Identifier: Apache-2.0
"""Checks of the C of --source before it is compiled."""

from __future__ import annotations

import re

from opensnooplib.base.errors import SourceError
from opensnooplib.options import Options
from opensnooplib.selection import selections
from opensnooplib.source import c_text, event_layout, locations
from opensnooplib.source.comments import without_comments
from opensnooplib.source.c_text import Source

_SEND = "events.perf_submit(ctx, &event, sizeof(event))"

# What the C must have, as patterns, and what is said if it hasn't.
_NEEDS = (
    (
        r"(?m)^(?!#line ).*\S",
        "is empty: docs/workshop.md shows how to begin",
    ),
    (
        event_layout.STRUCT.pattern,
        "has no struct event: its fields are the columns",
    ),
    (
        r"\bBPF_PERF_OUTPUT\s*\(\s*events\s*\)",
        "has no BPF_PERF_OUTPUT(events): add it, and send records with "
        f"{_SEND}; a BPF ring buffer doesn't count lost records",
    ),
    (
        locations.SUBMIT,
        f"sends no records, so nothing would be shown: call {_SEND}",
    ),
)


def check(made_of: Source, options: Options) -> None:
    """Raise SourceError if the C lacks what the frontend needs."""
    name = c_text.shown_name(next(iter(made_of.files)))
    code = without_comments(made_of.text)
    for pattern, without in _NEEDS:
        if not re.search(pattern, code):
            raise SourceError(f"{name} {without}")
    for one in selections.selections(options):
        field = one.condition.name if one.condition else ""
        by_field = field and re.search(rf"\b{field}\s*[;\[]", code)
        if one.option == "--path" or by_field:
            continue  # the reader compares it
        if not re.search(rf"\b{one.macro_name}\b", code):
            lacks = f"doesn't use the macro {one.macro_name}"
            if field:
                lacks = f"has no field {field} in struct event and {lacks}"
            raise SourceError(
                f"{name} {lacks}, by which {one.option} selects opens: see "
                "bpf_src/select.h, or leave the option out"
            )
