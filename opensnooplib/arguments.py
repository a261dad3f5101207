# SPDX-License-Identifier: Apache-2.0
"""The command line: from words to checked options.

Every check that needs no tracing is made here, so that whatever comes later
can trust the options.
"""

from __future__ import annotations

import argparse
import os
from typing import Any, List, NoReturn, Optional, Sequence, Tuple

from opensnooplib import (
    __version__,
    cgroups,
    column_list,
    errnos,
    globs,
    keeping,
    namespaces,
    users,
    values,
)
from opensnooplib.cgroups import Cgroup
from opensnooplib.errors import UsageError
from opensnooplib.messages import print_text
from opensnooplib.nearest import did_you_mean
from opensnooplib.options import FORMATS, PATH_VIEWS, PLANS, Options

DESCRIPTION = "Show every file that is opened on this host, live."

EXAMPLES = """examples:
  opensnoop                      every open, until Ctrl-C
  opensnoop -x                   only opens that failed
  opensnoop -T -U -p 181,182     two processes, with time and user
  opensnoop -n nginx -d 10       commands with "nginx" in their name, for 10 s
  opensnoop -f O_WRONLY -f O_RDWR    only opens for writing
  opensnoop --format json -o opens.json    to a file, one object a line
  opensnoop --exec date          what date opens, from its first open on
"""


# On one screen: what a person looks for first. --help has all.
SHORT_HELP = """\
usage: opensnoop [options] [--exec COMMAND ...]
Show every file that is opened on this host, live.

which opens:
  -p PID[,PID]   of these processes       -n NAME   of commands named so
  -t TID         of this thread           -x        that failed
  -u USER        of this user             -f FLAG   with this flag: O_APPEND
  --path GLOB    of names like this       --children    with -p: theirs too
  --cgroup PATH  of this cgroup           --container ID   of this container
  --exec COMMAND ...                      of this command, which is started
columns:
  -T   time since the first row           -U        user ID
  -e   flags and mode                     -c        who called, below the row
  --columns time,user,comm,path           these; --columns help lists all
output:
  --format FORMAT   table, json or csv    -o FILE   into FILE
  --count N         end after N rows      -d SECONDS   end after this time
  --summary         what is opened most   --top     the same, live
  --record FILE     to look into later    --replay FILE   look into it
  --doctor          what this host can do and what is missing

All options: opensnoop --help. More: man opensnoop
"""


class _PrintShortHelp(argparse.Action):
    """-h"""

    def __call__(self, *_: Any) -> None:
        print_text(SHORT_HELP)
        raise SystemExit(0)


class _Parser(argparse.ArgumentParser):
    def refuse_unknown(self, words: Sequence[str]) -> None:
        """Raise UsageError for the first of `words`, if there is one."""
        for word in words:
            option = word.partition("=")[0]
            if not option.startswith("-"):
                raise UsageError(
                    f"{word}: is no option; to trace a command, write --exec "
                    f"{word}"
                )
            known = self._option_string_actions
            raise UsageError(
                f"{option}: there is no such option"
                + did_you_mean(option, known, "; opensnoop --help lists all")
            )

    def _print_message(self, message: str, file: Any = None) -> None:
        print_text(message)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; opensnoop -h shows how it is used")


def _build_parser() -> _Parser:
    parser = _Parser(
        prog="opensnoop",
        usage="opensnoop [options] [--exec COMMAND ...]",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    _add_selection(parser.add_argument_group("which opens"))
    _add_columns(parser.add_argument_group("columns"))
    _add_output(parser.add_argument_group("output"))
    _add_summing(parser.add_argument_group("summing up"))
    _add_keeping(parser.add_argument_group("keeping"))
    _add_probe(parser.add_argument_group("probe"))
    return parser


_Group = argparse._ArgumentGroup  # pylint: disable=protected-access


def _add_selection(group: _Group) -> None:
    group.add_argument(
        "-p", "--pid", metavar="PID[,PID]", help="of these processes"
    )
    group.add_argument(
        "--children",
        action="store_true",
        help="with -p: and of all that descend from them",
    )
    group.add_argument("-t", "--tid", metavar="TID", help="of this thread")
    group.add_argument(
        "-u",
        "--uid",
        metavar="USER[,USER]",
        help="of these users, by number or name",
    )
    group.add_argument(
        "-n", "--name", help="of commands whose name holds NAME"
    )
    group.add_argument(
        "-x", "--failed", action="store_true", help="that failed"
    )
    group.add_argument(
        "--errno",
        metavar="ERROR[,ERROR]",
        help="that failed so, by name (ENOENT) or number",
    )
    group.add_argument(
        "-f",
        "--flag_filter",
        metavar="FLAG",
        action="append",
        default=[],
        help="with this flag, such as O_APPEND, or for write or create; "
        "several: with any of them",
    )
    group.add_argument(
        "--path",
        metavar="GLOB",
        action="append",
        default=[],
        help="of names like this, as the program gave them; * stands for "
        "any part of it, !GLOB excludes",
    )
    group.add_argument(
        "--cgroup",
        metavar="PATH",
        action="append",
        default=[],
        help="of this cgroup and all below it",
    )
    group.add_argument(
        "--container",
        metavar="ID",
        action="append",
        default=[],
        help="of this container, by its ID or name",
    )
    group.add_argument(
        "--mntns",
        metavar="PID[,PID]",
        help="of the mount namespaces of these processes",
    )
    group.add_argument(
        "--cgroupmap", metavar="PATH", help="of the cgroups in this pinned map"
    )
    group.add_argument(
        "--mntnsmap",
        metavar="PATH",
        help="of the mount namespaces in this pinned map",
    )
    group.add_argument(
        "--exec",
        metavar="COMMAND ...",
        help="of this command, which is started, and of all that descend "
        "from it; must come last",
    )
    group.add_argument(
        "--all",
        action="store_true",
        help="also by 32-bit programs with any plan, by execve, and by the "
        "kernel for itself",
    )
    group.add_argument(
        "--no-children",
        action="store_true",
        help="with --exec: of the command alone",
    )


def _add_columns(group: _Group) -> None:
    group.add_argument(
        "-T",
        "--timestamp",
        action="store_true",
        help="time since the first row",
    )
    group.add_argument("-U", "--print-uid", action="store_true", help="user")
    group.add_argument(
        "-e",
        "--extended_fields",
        action="store_true",
        help="flags and mode, in octal",
    )
    group.add_argument(
        "-c",
        "--callers",
        action="store_true",
        help="below each row, who called: the stack of functions",
    )
    group.add_argument(
        "--ppid", action="store_true", help="the parent process"
    )
    group.add_argument(
        "-L",
        "--latency",
        action="store_true",
        help="how long each open took, in us; with --summary its histogram",
    )
    group.add_argument(
        "--time",
        metavar="STYLE",
        help="a time: relative to the first row, wall, mono or delta",
    )
    group.add_argument(
        "--columns",
        metavar="LIST",
        help="these, such as time,user,comm,path; help lists all",
    )
    group.add_argument(
        "-F",
        "--full-path",
        action="store_true",
        help="absolute paths: relative names with their directory before",
    )
    group.add_argument(
        "-R",
        "--real-path",
        action="store_true",
        help="as -F; of files that were opened the real path, symbolic links "
        "followed",
    )
    group.add_argument(
        "--path-view",
        metavar="VIEW",
        default="process",
        help="absolute paths as the process sees them (default) or as the "
        "host does",
    )


def _add_output(group: _Group) -> None:
    group.add_argument(
        "--format",
        metavar="FORMAT",
        default="table",
        help="table (default), json: one object a line, or csv",
    )
    group.add_argument(
        "--color",
        metavar="WHEN",
        default="auto",
        help="failed opens in red, mistakes in the C in colours: auto "
        "(default: on a terminal), always, never",
    )
    group.add_argument(
        "--unbuffered",
        action="store_true",
        help="write each row by itself, as on a terminal",
    )
    group.add_argument(
        "-o", metavar="FILE", dest="output", help="write the rows to FILE"
    )
    group.add_argument("--count", metavar="N", help="end after N rows")
    group.add_argument(
        "-d", "--duration", metavar="SECONDS", help="end after this time"
    )
    group.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="no messages, unless something is wrong",
    )
    group.add_argument(
        "-h",
        action=_PrintShortHelp,
        nargs=0,
        help="show the options that matter most",
    )
    group.add_argument("--help", action="help", help="show this help")
    group.add_argument(
        "--version",
        action="version",
        version=f"opensnoop {__version__}",
        help="show the version",
    )


def _add_summing(group: _Group) -> None:
    group.add_argument(
        "--summary",
        action="store_true",
        help="no rows: at the end, what was opened most, by whom, ...",
    )
    group.add_argument(
        "--interval",
        metavar="SECONDS",
        help="a summary of each such time",
    )
    group.add_argument(
        "--top",
        action="store_true",
        help="the summary of the last second, as a live screen",
    )


def _add_keeping(group: _Group) -> None:
    group.add_argument(
        "--record",
        metavar="FILE",
        help="write records to FILE, as they come, and no rows",
    )
    group.add_argument(
        "--replay",
        metavar="FILE",
        help="rows of a recording; needs no root",
    )


def _add_probe(group: _Group) -> None:
    group.add_argument(
        "-b",
        "--buffer-pages",
        metavar="PAGES",
        help="size of the perf ring of each CPU, a power of two",
    )
    group.add_argument(
        "--attach",
        metavar="PLAN",
        default="auto",
        help="how to see opens: auto (default) or " + ", ".join(PLANS),
    )
    group.add_argument(
        "--trusted",
        action="store_true",
        help="show the name that the kernel itself used",
    )
    group.add_argument(
        "--source",
        metavar="FILE",
        help="run this C file with BCC's macros; its struct event is shown",
    )
    group.add_argument(
        "--live",
        action="store_true",
        help="take each save of the C into the running trace",
    )
    group.add_argument(
        "--maps",
        action="store_true",
        help="show the maps, and once a second how start and counters change",
    )
    group.add_argument(
        "--disasm",
        action="store_true",
        help="print the instructions that are run, with the C, and end",
    )
    group.add_argument(
        "--verifier-log",
        action="store_true",
        help="print what the kernel's verifier says of the programs, and end",
    )
    group.add_argument(
        "--ebpf",
        action="store_true",
        help="print the C that BCC gets, and end",
    )
    group.add_argument(
        "--doctor",
        action="store_true",
        help="say what this host can do, and what is missing",
    )
    group.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="say what is done, and why",
    )


def parse(arguments: Sequence[str]) -> Options:
    """The options that `arguments` ask for.

    Raises UsageError where they make no sense, and SystemExit for -h and
    --version.
    """
    own, command = _split_at_exec(arguments)
    parser = _build_parser()
    words, unknown = parser.parse_known_args(own)
    parser.refuse_unknown(unknown)
    if words.exec is not None:
        raise UsageError("write --exec COMMAND ... without a =")
    words.exec = command
    _refuse_conflicts(words)
    keeping.refuse_conflicts(words)
    live = words.replay is None
    if words.columns == "help":
        print_text(column_list.help_text(words.source))
        raise SystemExit(0)
    form = values.one_of("--format", words.format, FORMATS)
    beside = [name for name in column_list.OPTIONS if getattr(words, name)]
    asked = column_list.parse(words.columns, beside, words.source, live)
    options = Options(
        pids=values.pids(words.pid, live),
        tid=values.tid(words.tid, live),
        uids=users.uids(words.uid, live),
        comm_part=values.comm_part(words.name),
        only_failed=words.failed,
        errnos=errnos.errnos(words.errno),
        flags=values.flags(words.flag_filter),
        globs=globs.globs(words.path),
        cgroups=cgroups.cgroups(words.cgroup),
        containers=_containers(words.container),
        mount_namespaces=namespaces.mount_namespaces(words.mntns),
        cgroup_map=words.cgroupmap,
        mntns_map=words.mntnsmap,
        command=tuple(words.exec or ()),
        follow_children=words.children
        or words.exec is not None
        and not words.no_children,
        all_ways=words.all,
        show_time=words.timestamp,
        show_uid=words.print_uid,
        show_flags=words.extended_fields,
        columns=asked.names,
        wanted=asked.macros,
        latency="WANT_LATENCY" in asked.macros or words.latency,
        trusted=words.trusted,
        full_path=words.full_path or words.real_path,
        real_path=words.real_path,
        path_view=_path_view(words),
        time=values.time_style(words.time),
        format=form,
        color=values.color(words.color, words.output is None and os.isatty(1)),
        color_mistakes=values.color(words.color, os.isatty(2)),
        unbuffered=words.unbuffered,
        output_file=words.output,
        row_limit=values.positive("--count", words.count) or 0,
        duration=values.seconds("-d", words.duration),
        quiet=words.quiet,
        summary=words.summary or words.top,
        interval=values.seconds("--interval", words.interval),
        top=words.top,
        record=words.record,
        replay=words.replay,
        buffer_pages=values.buffer_pages(words.buffer_pages),
        plan=values.one_of("--attach", words.attach, ("auto",) + PLANS),
        source=words.source,
        live=words.live,
        verifier_log=words.verifier_log,
        disassemble=words.disasm,
        watch_maps=words.maps,
        verbose=words.verbose,
        print_source=words.ebpf,
        doctor=words.doctor,
    )
    keeping.check_paths(options)
    return options


def _path_view(words: argparse.Namespace) -> str:
    view = values.one_of("--path-view", words.path_view, PATH_VIEWS)
    if view == "host" and not (words.full_path or words.real_path):
        raise UsageError("--path-view host goes with -F or -R")
    return view


def _containers(words: Sequence[str]) -> Tuple[Cgroup, ...]:
    if not words:
        return ()
    from opensnooplib import containers  # costs a launch some ms

    return containers.containers(words)


def _split_at_exec(
    arguments: Sequence[str],
) -> Tuple[List[str], Optional[List[str]]]:
    """All behind --exec is the command's, options and "--" as well."""
    words = list(arguments)
    if "--exec" not in words:
        return words, None
    place = words.index("--exec")
    return words[:place], words[place + 1 :]


def _refuse_conflicts(words: argparse.Namespace) -> None:
    if words.trusted and (words.full_path or words.real_path):
        raise UsageError(
            "--trusted and -F exclude each other: directories are looked up "
            "when the call returns, and can be others by then"
        )
    if words.exec is not None:
        if not words.exec:
            raise UsageError("--exec needs a command after it")
        for option, value in (("-p", words.pid), ("-t", words.tid)):
            if value is not None:
                raise UsageError(
                    f"{option} and --exec exclude each other: --exec traces "
                    "the command that it starts"
                )
    if words.columns is not None:
        for option, value, name in (
            ("-T", words.timestamp, "time"),
            ("-U", words.print_uid, "uid"),
            ("-e", words.extended_fields, "flags,mode"),
        ):
            if value:
                raise UsageError(
                    f"{option} and --columns exclude each other: write {name} "
                    "in --columns"
                )
    if words.format == "csv" and (
        words.summary or words.top or words.doctor or words.maps
    ):
        raise UsageError("--format csv is for rows: use table or json here")
    if words.time and words.format != "table":
        raise UsageError(
            "--time is for the table: json and csv have every time as date "
            "(time) and as ns of CLOCK_MONOTONIC (ts)"
        )
    _refuse_children(words)
    if words.quiet and words.verbose:
        raise UsageError("-q and -v exclude each other")


def _refuse_children(words: argparse.Namespace) -> None:
    if words.children and words.tid is not None:
        raise UsageError(
            "--children and -t exclude each other: threads have no children, "
            "processes do (-p)"
        )
    if words.children and words.pid is None and words.exec is None:
        raise UsageError("--children needs -p: whose children?")
    if words.no_children and words.exec is None:
        raise UsageError("--no-children is for --exec; -p shows none anyway")
    if words.children and words.no_children:
        raise UsageError("--children and --no-children exclude each other")
