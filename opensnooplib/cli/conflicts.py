# SPDX-License-Identifier: Apache-2.0
"""Options that cannot be combined.

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
from typing import Dict, List, Tuple, Union

from opensnooplib.base.errors import UsageError
from opensnooplib.options import Options
from opensnooplib.plan_list import PLANS

# By option: its name in the result of argparse, and its value if not given.
_Options = Dict[str, Tuple[str, Union[str, bool, List[str], None]]]
_ROWS: _Options = {
    "-o": ("output", None),
    "--format": ("format", "table"),
}
_SUMS: _Options = {
    "--summary": ("summary", False),
    "--top": ("top", False),
}
_COLUMNS: _Options = {
    "--count": ("count", None),
    "-T": ("timestamp", False),
    "-U": ("print_uid", False),
    "-e": ("extended_fields", False),
    "--ppid": ("ppid", False),
    "-c": ("callers", False),
    "--time": ("time", None),
    "--columns": ("columns", None),
}
_TRACING: _Options = {
    "--all": ("all", False),
    "--cgroupmap": ("cgroupmap", None),
    "--mntnsmap": ("mntnsmap", None),
    "--exec": ("exec", None),
    "--children": ("children", False),
    "--cgroup": ("cgroup", []),
    "--container": ("container", []),
    "--mntns": ("mntns", None),
    "--path-view": ("path_view", "process"),
    "--trusted": ("trusted", False),
    "-b": ("buffer_pages", None),
    "--attach": ("attach", "auto"),
    "--ebpf": ("ebpf", False),
    "--doctor": ("doctor", False),
    "--source": ("source", None),
    "--live": ("live", False),
    "--maps": ("maps", False),
    "--disasm": ("disasm", False),
    "--verifier-log": ("verifier_log", False),
}
# Options that change the C of bpf_src.
_OUR_C: _Options = {
    "-F": ("full_path", False),
    "-R": ("real_path", False),
    "--trusted": ("trusted", False),
    "--all": ("all", False),
    "--attach": ("attach", "auto"),
}
_SELECTING: _Options = {
    "-p": ("pid", None),
    "-t": ("tid", None),
    "-u": ("uid", None),
    "-n": ("name", None),
    "-x": ("failed", False),
    "--errno": ("errno", None),
    "-f": ("flag_filter", []),
    "--path": ("path", []),
    "--cgroup": ("cgroup", []),
    "--container": ("container", []),
    "--mntns": ("mntns", None),
    "--cgroupmap": ("cgroupmap", None),
    "--mntnsmap": ("mntnsmap", None),
    "--exec": ("exec", None),
}
# Options for the rows that don't change the programs.
_LOOK: _Options = {
    "--count": ("count", None),
    "-T": ("timestamp", False),
    "-U": ("print_uid", False),
    "-e": ("extended_fields", False),
    "--time": ("time", None),
    "--columns": ("columns", None),
    "--unbuffered": ("unbuffered", False),
    "-o": ("output", None),
    "-d": ("duration", None),
}
_OTHER_MODES: _Options = {
    "--summary": ("summary", False),
    "--top": ("top", False),
    "--record": ("record", None),
    "--attach": ("attach", "auto"),
    "--ebpf": ("ebpf", False),
    "--source": ("source", None),
    "--live": ("live", False),
    "--maps": ("maps", False),
    "--disasm": ("disasm", False),
    "--verifier-log": ("verifier_log", False),
}


def refuse(words: argparse.Namespace) -> None:
    """Raise UsageError for options that cannot be combined."""
    _refuse_pairs(words)
    _refuse_for_modes(words)


def _refuse_pairs(words: argparse.Namespace) -> None:
    if words.trusted and (words.full_path or words.real_path):
        raise UsageError(
            "--trusted and -F cannot be combined: directories are looked up "
            "when the call returns, and can have changed by then"
        )
    if words.exec is not None:
        if not words.exec:
            raise UsageError("--exec needs a command after it")
        for option, value in (("-p", words.pid), ("-t", words.tid)):
            if value is not None:
                raise UsageError(
                    f"{option} and --exec cannot be combined: --exec traces "
                    "the command that it starts"
                )
    if words.source == "":
        raise UsageError("--source needs the name of a C file")
    if words.columns is not None:
        for option, value, name in (
            ("-T", words.timestamp, "time"),
            ("-U", words.print_uid, "uid"),
            ("-e", words.extended_fields, "flags,mode"),
        ):
            if value:
                raise UsageError(
                    f"{option} and --columns cannot be combined: add {name} "
                    "to --columns"
                )
    if words.format == "csv" and (
        words.summary or words.top or words.doctor or words.maps
    ):
        raise UsageError("--format csv is for rows: use table or json here")
    if words.time and words.format != "table":
        raise UsageError(
            "--time is for the table only: json and csv have every time both "
            "as a date (time) and as ns of CLOCK_MONOTONIC (ts)"
        )
    _refuse_children(words)
    if words.quiet and words.verbose:
        raise UsageError("-q and -v cannot be combined")


def _refuse_children(words: argparse.Namespace) -> None:
    if words.children and words.tid is not None:
        raise UsageError(
            "--children and -t cannot be combined: threads have no children, "
            "processes do (-p)"
        )
    if words.children and words.pid is None and words.exec is None:
        raise UsageError("--children needs -p, which names the parents")
    if words.no_children and words.exec is None:
        raise UsageError("--no-children needs --exec; -p shows no children")
    if words.children and words.no_children:
        raise UsageError("--children and --no-children cannot be combined")


def _refuse_for_modes(words: argparse.Namespace) -> None:
    if words.record is not None and words.replay is not None:
        raise UsageError("--record and --replay cannot be combined")
    if words.record is not None:
        why = "a recording has no rows; give this with --replay"
        _refuse_each(words, "--record", {**_ROWS, **_SUMS}, why)
    _refuse_for_sums(words)
    if words.doctor:
        vain = {**_SELECTING, **_LOOK, **_OTHER_MODES}
        _refuse_each(
            words, "--doctor", vain, "it tries every plan, and shows no opens"
        )
    if words.source is not None:
        why = "the C of --source itself says what it sees, and how"
        _refuse_each(words, "--source", _OUR_C, why)
    if words.replay is not None:
        why = "a replay traces nothing, and has only what was recorded"
        _refuse_each(words, "--replay", _TRACING, why)


def check_plan(options: Options) -> None:
    """Raise UsageError if the plan can't do what is asked on any kernel."""
    plan = PLANS.get(options.plan)
    if plan and options.needs_begin and not plan.sees_begin(options):
        option = "--trusted" if options.trusted else "-L"
        raise UsageError(
            f"{option} and --attach {plan.name} cannot be combined: this "
            "plan sees opens end, but not begin"
        )


def _refuse_for_sums(words: argparse.Namespace) -> None:
    if words.interval is not None and not (words.summary or words.top):
        raise UsageError("--interval needs --summary or --top")
    if words.summary:
        _refuse_each(words, "--summary", _COLUMNS, "it has no rows")
    if words.top:
        alone: _Options = {**_ROWS, **_COLUMNS, "--replay": ("replay", None)}
        _refuse_each(
            words, "--top", alone, "it draws a screen, and writes no rows"
        )


def _refuse_each(
    words: argparse.Namespace, mode: str, options: _Options, why: str
) -> None:
    for option, (name, unset) in options.items():
        if getattr(words, name) != unset:
            raise UsageError(f"{option} and {mode} cannot be combined: {why}")
