# SPDX-License-Identifier: Apache-2.0
"""The words of the command line are parsed, and checked, into Options.

option_list.py defines the options. Every check that needs no tracing is made
here, so that the rest of the tool can rely on the options.
"""

from __future__ import annotations

import argparse
import os
from typing import Sequence, TypeVar

from opensnooplib.base import globs
from opensnooplib.base.errors import UsageError
from opensnooplib.base.messages import print_text
from opensnooplib.cli import (
    column_list,
    conflicts,
    on_this_host,
    option_list,
    values,
)
from opensnooplib.kernel import cgroups
from opensnooplib.options import (
    Chosen,
    Columns,
    Course,
    Options,
    Output,
    Probe,
    Selection,
    Until,
)
from opensnooplib.source import kernel_headers

_Tuple = TypeVar("_Tuple", Selection, Columns, Output, Probe, Course)


def parse(arguments: Sequence[str]) -> Options:
    """The options that `arguments` ask for.

    Raises UsageError if they make no sense, OpensnoopError if that can't be
    checked on this host, and SystemExit for -h and --version.
    """
    # All that follows --exec is the command's, including options and "--".
    found = "--exec" in arguments
    end = arguments.index("--exec") + 1 if found else len(arguments)
    parser = option_list.build_parser()
    words, unknown = parser.parse_known_args(arguments[:end])
    parser.refuse_unknown(unknown)
    words.command = tuple(arguments[end:])
    if words.exec and not words.command:
        raise UsageError("--exec needs a command after it")
    conflicts.refuse(parser, words)
    if words.columns == "help":
        print_text(column_list.help_text(words.source))
        raise SystemExit(0)
    is_trace = words.replay is None
    if is_trace:
        on_this_host.check_mounts()
        words.pids.each(on_this_host.check_process)
        on_this_host.check_thread(words.tid)
    _choose_columns(words)
    _choose_opens(words)
    # What one option implies for others.
    if words.until is not None:
        words.until = _until(words.until, parser)
        words.by_root |= words.until.selection.by_root
        last, traced = words.until.selection.pids.wanted, words.pids.wanted
        is_decided = words.tid is None and not words.follow_children
        if last and traced and is_decided and not {*last} & {*traced}:
            raise UsageError(f"--until pid={last[0]}: not selected by -p")
    words.full_path |= words.real_path or (
        words.by_root and _finds_directories(words)
    )
    words.summary |= words.top
    words.color_mistakes = values.in_color(words.color, os.isatty(2))
    words.color = values.in_color(
        words.color, words.output_file is None and os.isatty(1)
    )
    return Options(
        _fill(Selection, words),
        _fill(Columns, words),
        _fill(Output, words),
        _fill(Probe, words),
        _fill(Course, words),
    )


def _choose_opens(words: argparse.Namespace) -> None:
    words.globs = globs.globs(words.path)
    words.by_root = any(glob.is_absolute for glob in words.globs)
    words.cgroups = words.cgroup.each(cgroups.cgroup)
    words.containers = Chosen()
    if words.container:
        from opensnooplib.kernel import containers  # takes some ms at launch

        words.containers = words.container.each(containers.finder())
    words.mount_namespaces = words.mntns.each(on_this_host.mount_namespace)
    if words.children and words.pids.excluded:
        raise UsageError("-p !PID and --children cannot be combined")
    # A person's own C is asked to follow them only by --children.
    words.follow_children = words.children or (
        words.exec and not words.no_children and words.source is None
    )


def _finds_directories(words: argparse.Namespace) -> bool:
    """Can a trace find the directories of relative names?

    In a recording, they are there or not.
    """
    without = words.source is not None or words.trusted or words.replay
    return not without and bool(words.btf or kernel_headers.has_structs())


# What --until takes, with the options that select so.
_UNTIL = {
    "path": "--path",
    "err": "--errno",
    "comm": "--name",
    "pid": "--pid",
    "user": "--uid",
    "flags": "--flag_filter",
}


def _until(text: str, parser: argparse.ArgumentParser) -> Until:
    """The open that --until describes. Raises UsageError."""
    import shlex  # seldom needed

    last = argparse.Namespace(command=())
    try:
        tests = shlex.split(text)
    except ValueError:
        raise UsageError(f"--until {text}: a quote is not closed") from None
    for test in tests or ['""']:
        name, _, value = test.partition("=")
        if name not in _UNTIL or not value:
            raise UsageError(
                f"--until {test}: must be NAME=VALUE, where NAME is one of "
                + ", ".join(_UNTIL)
            )
        words = [] if test == "err=0" else [f"{_UNTIL[name]}={value}"]
        try:
            _choose_opens(parser.parse_args(words, last))
        except UsageError as error:  # it begins with the option: "-f x: ..."
            why = str(error).split(": ", 1)[-1]
            raise UsageError(f"--until {test}: {why}") from None
    return Until(_fill(Selection, last), "err=0" in tests)


def _choose_columns(words: argparse.Namespace) -> None:
    words.beside = [n for n in column_list.OPTIONS if getattr(words, n)]
    # The C of a recording isn't known yet.
    reads_c = words.replay is None and (
        words.columns or words.by or words.beside
    )
    declared = column_list.declared_in(words.source) if reads_c else {}
    words.names = column_list.names("--columns", words.columns, declared)
    words.by = column_list.names("--by", words.by, declared)
    if words.time and words.names and "time" not in words.names:
        raise UsageError(
            f"--time {words.time}: none of the --columns is a time: add time "
            "to --columns"
        )
    # In JSON and CSV, the others are also empty for opens that have ended.
    shows = ("err", "ret", *("fd", "errname") * (words.format == "table"))
    if words.hanging and words.names and not {*shows} & {*words.names}:
        raise UsageError(
            "--hanging: none of the --columns shows that an open hasn't ended "
            "yet: add err to --columns"
        )
    asked = {name: f"--columns {name}" for name in words.names}
    asked |= {name: f"--by {name}" for name in words.by}
    asked |= {name: column_list.OPTIONS[name] for name in words.beside}
    words.macros = column_list.macros(asked, declared) if reads_c else []
    if words.slower_ns or words.hanging:
        words.macros.append("WANT_LATENCY")
    words.latency |= "WANT_LATENCY" in words.macros


def _fill(kind: type[_Tuple], words: argparse.Namespace) -> _Tuple:
    """A tuple of this kind; what is given twice in a list counts once."""
    found = {name: getattr(words, name) for name in kind._fields}
    for name, value in found.items():
        if isinstance(value, list):
            found[name] = tuple(dict.fromkeys(value))
    return kind(**found)
