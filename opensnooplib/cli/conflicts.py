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
from typing import List, NamedTuple

from opensnooplib.base.errors import UsageError
from opensnooplib.cli.option_list import Parser


class _Conflict(NamedTuple):
    """None of `options` can be combined with one of `modes`.

    Words such as "columns:" in `options` are headings of --help: they stand
    for all options below them but those in `allowed`.
    """

    options: str  # separated by spaces
    modes: str  # options, separated by ", "
    why: str = ""
    allowed: str = ""


_CONFLICTS = [
    _Conflict(
        "--trusted",
        "-F, -R",
        "directories are looked up when the call returns, and can have "
        "changed by then",
    ),
    _Conflict("-p -t", "--exec", "--exec traces the command that it starts"),
    _Conflict("-T", "--columns", "add time to --columns"),
    _Conflict("-U", "--columns", "add uid to --columns"),
    _Conflict("-e", "--columns", "add flags,mode to --columns"),
    _Conflict(
        "--children", "-t", "threads have no children, processes do (-p)"
    ),
    _Conflict(
        "--time",
        "--format",
        "json and csv have every time both as a date (time) and as ns of "
        "CLOCK_MONOTONIC (ts)",
    ),
    _Conflict("--children", "--no-children"),
    _Conflict("-q", "-v"),
    _Conflict("--record", "--replay"),
    _Conflict(
        "-o --format --summary --top -T -U -e --time",
        "--record",
        "a recording has no rows; give this with --replay",
    ),
    _Conflict(
        "columns: --count",
        "--summary",
        "a summary has no rows",
        "-L -F -R --path-view",
    ),
    _Conflict(
        "-o --format columns: --count --replay --maps",
        "--top",
        "a live screen has no rows, and no replay",
        "-L -F -R --path-view",
    ),
    _Conflict(
        "probe: --doctor --all --own --cgroupmap --mntnsmap --exec --children "
        "--cgroup --container --mntns --path-view",
        "--replay",
        "a replay traces nothing, and has only what was recorded",
        "--no-drop",
    ),
    _Conflict(
        "opens: columns: output: probe:",
        "--doctor",
        "the doctor tries every plan, and shows no opens",
        "--doctor --all --ppid -c -L -F -R --path-view --format --color -q -v "
        "-b --trusted --no-drop --btf",
    ),
    _Conflict(
        "-F -R --trusted --all --attach",
        "--source",
        "the C of --source itself says what it sees, and how",
    ),
]

# Options that make no sense without one of others.
_NEEDS = {
    "--children": ["-p", "--exec"],
    "--no-children": ["--exec"],
    "--interval": ["--summary", "--top", "--maps"],
    "--path-view": ["-F", "-R"],
    "--set": ["--source"],
}


def refuse(parser: Parser, words: argparse.Namespace) -> None:
    """Raise UsageError for options that cannot be combined."""
    given = parser.given(words)
    for conflict in _CONFLICTS:
        clashing = [o for o in _options(parser, conflict) if o in given]
        for mode in conflict.modes.split(", "):
            if clashing and mode in given:
                why = f": {conflict.why}" if conflict.why else ""
                raise UsageError(
                    f"{clashing[0]} and {mode} cannot be combined{why}"
                )
    for option, others in _NEEDS.items():
        if option in given and not set(others) & set(given):
            raise UsageError(f"{option} needs {' or '.join(others)}")
    if words.format == "csv" and (
        words.summary or words.top or words.doctor or words.maps
    ):
        raise UsageError("--format csv is for rows: use table or json here")


def _options(parser: Parser, conflict: _Conflict) -> List[str]:
    names: List[str] = []
    for word in conflict.options.split():
        names += parser.groups.get(word, [word])
    return [name for name in names if name not in conflict.allowed.split()]
