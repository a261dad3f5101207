# SPDX-License-Identifier: Apache-2.0
"""Checks of the C of --source before it is compiled."""

from __future__ import annotations

import re
from opensnooplib.base.errors import SourceError
from opensnooplib.options import Options
from opensnooplib.selection import kernel_selection
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
    for word in kernel_selection.conditions(options):
        if not re.search(rf"\b{word}\b", code):
            raise SourceError(
                f"{name} doesn't use the macro {word}, by which the options "
                "select opens: see bpf_src/select.h, or leave the option out"
            )
