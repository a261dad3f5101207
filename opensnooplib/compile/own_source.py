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

_EVENTS_MAP = re.compile(r"\bBPF_PERF_OUTPUT\s*\(\s*events\s*\)")
_RING_BUFFER = re.compile(r"\bBPF_RINGBUF_OUTPUT\b")


def check(made_of: Source, options: Options) -> None:
    """Raise SourceError if the C lacks what the frontend needs."""
    path = next(iter(made_of.files))
    name = c_text.shown_name(path)
    if not made_of.files[path].strip():
        raise SourceError(
            f"{name} is empty: docs/workshop.md shows how to begin"
        )
    code = without_comments(made_of.text)
    if not event_layout.STRUCT.search(code):
        raise SourceError(
            f"{name} has no struct event: its fields are the columns"
        )
    if _RING_BUFFER.search(code):
        raise SourceError(
            f"{name} has a BPF ring buffer, which doesn't count lost records: "
            "use BPF_PERF_OUTPUT(events) and events.perf_submit()"
        )
    if not _EVENTS_MAP.search(code):
        raise SourceError(
            f"{name} has no BPF_PERF_OUTPUT(events): add it, and send records "
            "with events.perf_submit(ctx, &event, sizeof(event))"
        )
    if not locations.SUBMIT.search(code):
        raise SourceError(
            f"{name} sends no records, so nothing would be shown: call "
            "events.perf_submit(ctx, &event, sizeof(event))"
        )
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
