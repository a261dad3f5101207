# SPDX-License-Identifier: Apache-2.0
"""Options that cannot be combined, and options that need others.

Most of them cannot be combined with one of --record, --replay, --summary,
--source and --doctor:

A recording has no rows, so options for rows belong to the replay. A replay
traces nothing, so options for the trace belong to the recording. A summary has
neither rows nor columns. The C of --source isn't that of bpf_src, so options
that change the latter have no effect. The doctor shows no opens but tries each
plan, so only options that change plans have an effect.
"""

from __future__ import annotations

import argparse
import re

from opensnooplib.base import tables
from opensnooplib.base.errors import UsageError
from opensnooplib.cli.option_list import Parser
from opensnooplib.options import Chosen


# An entry of conflicts.txt.
_ENTRY = re.compile(
    r"(.*) (with|needs): (.*?)(?: why: (.*?))?(?: but not: (.*))?"
)


def refuse(parser: Parser, words: argparse.Namespace) -> None:
    """Raise UsageError for options that cannot be combined."""
    given = parser.given(words)
    with_value = [f"{option} {value}" for option, value in given.items()]
    for paragraph in tables.paragraphs(__file__, "conflicts.txt"):
        entry = _ENTRY.fullmatch(" ".join(paragraph.split()))
        assert entry
        options, how, modes, why, allowed = entry.groups("")
        clashing = [
            option
            for word in options.split()
            for option in parser.groups.get(word, [word])
            if option in given and option not in allowed.split()
        ]
        others = modes.split(", ")
        there = [one for one in others if one in given or one in with_value]
        if clashing and there and how == "with":
            why = why and f": {why}"
            raise UsageError(
                f"{clashing[0]} and {there[0]} cannot be combined{why}"
            )
        if clashing and not there and how == "needs":
            raise UsageError(f"{clashing[0]} needs {' or '.join(others)}")
    for option, value in given.items():
        if isinstance(value, Chosen) and value.wanted:
            if {*value.wanted} <= {*value.excluded}:
                raise UsageError(
                    f"{option}: all that it selects is excluded, so no open "
                    "can match"
                )
    if words.top and words.replay and words.interval:
        raise UsageError("--replay, --top, --interval cannot be combined")
