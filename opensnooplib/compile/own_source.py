# SPDX-License-Identifier: Apache-2.0
"""Checks of the C of --source before it is compiled."""

from __future__ import annotations

import re

from opensnooplib.base.errors import SourceError
from opensnooplib.source import c_text, event_layout, locations
from opensnooplib.source.c_text import Source
from opensnooplib.source.comments import without_comments

_SEND = (
    "events.perf_submit(ctx, &event, sizeof(event)), in a TRACEPOINT_PROBE "
    "with args in place of ctx"
)

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


def check(made_of: Source) -> None:
    """Raise SourceError if the C lacks what the frontend needs."""
    name = c_text.shown_name(next(iter(made_of.files)))
    code = without_comments(made_of.text)
    for pattern, without in _NEEDS:
        if not re.search(pattern, code):
            raise SourceError(f"{name} {without}")
