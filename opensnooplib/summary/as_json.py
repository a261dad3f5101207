# SPDX-License-Identifier: Apache-2.0
"""A summary as JSON, for a program."""

from __future__ import annotations

import base64
import json
from typing import Any, Sequence

from opensnooplib.summary.totals import Row, Summary, by_opens


def line(summary: Summary) -> str:
    """The summary as one object on one line."""
    times = summary.times
    facts = {
        "seconds": round(summary.seconds, 6),
        "opened": summary.opened,
        "failed": summary.failed,
        "unreadable": summary.unreadable,
        "unsure": summary.unsure,
        "no_place": summary.no_place,
        "files": _objects(summary.files),
        "groups": _objects(summary.groups),
        "errors": _objects(summary.errors),
        "in_vain": _objects(summary.in_vain()),
        "times": None
        if times is None
        else [
            {"least_ns": 2**power, "opened": count}
            for power, count in sorted(times.items())
        ],
    }
    return json.dumps(facts) + "\n"


def how_often(summary: Summary) -> str:
    """How often there would have been each row of --once, likewise."""
    groups = by_opens(summary.groups, len(summary.groups))
    rows = [{**json.loads(one.row), "opened": one.opened} for one in groups]
    return json.dumps({"how_often": rows}) + "\n"


def _objects(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """An object for each row, with those of its fields that say something."""
    objects = []
    for row in by_opens(rows, len(rows)):
        fields: dict[str, Any] = {}
        for key, value in row._asdict().items():
            if key == "row":
                fields.update(json.loads(value))
            elif isinstance(value, bytes):
                fields.update(_text(key, value))
            elif value is not None and value is not False:
                fields[key] = value
        objects.append(fields)
    return objects


def _text(key: str, text: bytes) -> dict[str, str]:
    """The text as in a row: what isn't UTF-8 is there as base64, too."""
    try:
        return {key: text.decode()}
    except UnicodeDecodeError:
        return {
            key: text.decode(errors="replace"),
            f"{key}_bytes": base64.b64encode(text).decode(),
        }
