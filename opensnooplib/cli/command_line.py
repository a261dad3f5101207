# SPDX-License-Identifier: Apache-2.0
"""The options of the command line, and their help texts."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn, Sequence

from opensnooplib import __version__
from opensnooplib.base.errors import UsageError
from opensnooplib.base.messages import print_text
from opensnooplib.plan_list import PLANS
from opensnooplib.base.suggestions import did_you_mean

DESCRIPTION = "Show every file that is opened on this host, live."

EXAMPLES = """examples:
  opensnoop                      every open, until Ctrl-C
  opensnoop -x                   only opens that failed
  opensnoop -T -U -p 181,182     two processes, with time and user
  opensnoop -n nginx -d 10       commands with "nginx" in their name, for 10 s
  opensnoop -f O_WRONLY -f O_RDWR    only opens for writing
  opensnoop --format json -o opens.json    to a file, one object per line
  opensnoop --exec date          what date opens, from its first open on
"""


# The message of argparse for -x=1 and --failed=1.
_VAIN_VALUE = re.compile(r"argument (.*): ignored explicit argument '(.*)'")

# The text of -h: the most important options, on one screen. --help shows all.
SHORT_HELP = """\
usage: opensnoop [options] [--exec COMMAND ...]
Show every file that is opened on this host, live.

which opens:
  -p PID[,PID]   by these processes       -n NAME   by commands named *NAME*
  -t TID         by this thread           -x        that failed
  -u USER        by this user             -f FLAG   with this flag: O_APPEND
  --path GLOB    of paths like this       --children    with -p: children too
  --cgroup PATH  in this cgroup           --container ID   in this container
  --exec COMMAND ...                      by this command, which is started
columns:
  -T   time since the first row           -U        user ID
  -e   flags and mode                     -c        who called, below the row
  --columns time,user,comm,path           only these; --columns help lists all
output:
  --format FORMAT   table, json or csv    -o FILE   write rows to FILE
  --count N         end after N rows      -d SECONDS   end after this time
  --summary         what is opened most   --top     the same, live
  --record FILE     write a recording     --replay FILE   show a recording
  --doctor          what this host can do and what is missing

All options: opensnoop --help. More: man opensnoop
"""


class _PrintShortHelp(argparse.Action):
    """The action of -h."""

    def __call__(self, *_: Any) -> None:
        print_text(SHORT_HELP)
        raise SystemExit(0)


class Parser(argparse.ArgumentParser):
    """A parser that raises each error as a UsageError of one sentence."""

    def refuse_unknown(self, words: Sequence[str]) -> None:
        """Raise UsageError for the first of `words`, if there is one."""
        for word in words:
            option = word.partition("=")[0]
            if not option.startswith("-"):
                raise UsageError(
                    f"unexpected argument: {word}; to trace a command, write "
                    f"--exec {word}"
                )
            known = self._option_string_actions
            raise UsageError(
                f"unknown option: {option}"
                + did_you_mean(option, known, "; opensnoop --help lists all")
            )

    def _print_message(self, message: str, file: Any = None) -> None:
        print_text(message)

    def error(self, message: str) -> NoReturn:
        vain = _VAIN_VALUE.fullmatch(message)
        if vain:
            raise UsageError(
                f"{vain[1]} takes no value, but is followed by {vain[2]}: "
                "remove that, or put a space before it"
            )
        raise UsageError(f"{message}; see opensnoop -h")


def build_parser() -> Parser:
    """A parser of all options; it doesn't check their values."""
    parser = Parser(
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
    _add_summing(parser.add_argument_group("summaries"))
    _add_recording(parser.add_argument_group("recordings"))
    _add_probe(parser.add_argument_group("probe"))
    return parser


_Group = argparse._ArgumentGroup  # pylint: disable=protected-access


def _add_selection(group: _Group) -> None:
    group.add_argument(
        "-p", "--pid", metavar="PID[,PID]", help="by these processes"
    )
    group.add_argument(
        "--children",
        action="store_true",
        help="with -p: also by all descendants of these processes",
    )
    group.add_argument("-t", "--tid", metavar="TID", help="by this thread")
    group.add_argument(
        "-u",
        "--uid",
        metavar="USER[,USER]",
        help="by these users, given by ID or name",
    )
    group.add_argument(
        "-n", "--name", help="by commands whose name contains NAME"
    )
    group.add_argument(
        "-x", "--failed", action="store_true", help="that failed"
    )
    group.add_argument(
        "--errno",
        metavar="ERROR[,ERROR]",
        help="that failed with this error, by name (ENOENT) or number",
    )
    group.add_argument(
        "-f",
        "--flag_filter",
        metavar="FLAG",
        action="append",
        default=[],
        help="with this flag, such as O_APPEND, or for write or create; "
        "if given more than once, with any of them",
    )
    group.add_argument(
        "--path",
        metavar="GLOB",
        action="append",
        default=[],
        help="of paths like this, as the program gave them; * stands for "
        "any part, !GLOB excludes",
    )
    group.add_argument(
        "--cgroup",
        metavar="PATH",
        action="append",
        default=[],
        help="in this cgroup and all below it",
    )
    group.add_argument(
        "--container",
        metavar="ID",
        action="append",
        default=[],
        help="in this container, given by ID or name",
    )
    group.add_argument(
        "--mntns",
        metavar="PID[,PID]",
        help="in the mount namespaces of these processes",
    )
    group.add_argument(
        "--cgroupmap", metavar="PATH", help="in the cgroups in this pinned map"
    )
    group.add_argument(
        "--mntnsmap",
        metavar="PATH",
        help="in the mount namespaces in this pinned map",
    )
    group.add_argument(
        "--exec",
        metavar="COMMAND ...",
        help="by this command, which is started, and by all its descendants; "
        "must come last",
    )
    group.add_argument(
        "--all",
        action="store_true",
        help="also by 32-bit programs (with any plan), by execve, and by the "
        "kernel for itself",
    )
    group.add_argument(
        "--no-children",
        action="store_true",
        help="with --exec: by the command alone",
    )


def _add_columns(group: _Group) -> None:
    group.add_argument(
        "-T",
        "--timestamp",
        action="store_true",
        help="time since the first row",
    )
    group.add_argument(
        "-U", "--print-uid", action="store_true", help="user ID"
    )
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
        help="who called, below each row: the stack of functions",
    )
    group.add_argument(
        "--ppid", action="store_true", help="the parent process"
    )
    group.add_argument(
        "-L",
        "--latency",
        action="store_true",
        help="how long each open took, in us; with --summary, a histogram",
    )
    group.add_argument(
        "--time",
        metavar="STYLE",
        help="show a time: relative (to the first row), wall, mono or delta",
    )
    group.add_argument(
        "--columns",
        metavar="LIST",
        help="only these, such as time,user,comm,path; help lists all",
    )
    group.add_argument(
        "-F",
        "--full-path",
        action="store_true",
        help="absolute paths: put the directory before relative names",
    )
    group.add_argument(
        "-R",
        "--real-path",
        action="store_true",
        help="like -F, but show the real path of opened files, with symbolic "
        "links followed",
    )
    group.add_argument(
        "--path-view",
        metavar="VIEW",
        default="process",
        help="absolute paths as the process sees them (process, the default) "
        "or as the host does (host), also in containers",
    )


def _add_output(group: _Group) -> None:
    group.add_argument(
        "--format",
        metavar="FORMAT",
        default="table",
        help="table (default), json (one object per line) or csv",
    )
    group.add_argument(
        "--color",
        metavar="WHEN",
        default="auto",
        help="show failed opens and errors in the C in colours: auto "
        "(default: on a terminal), always, never",
    )
    group.add_argument(
        "--unbuffered",
        action="store_true",
        help="write each row at once, as on a terminal",
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
        help="show no messages, unless something is wrong",
    )
    group.add_argument(
        "-h",
        action=_PrintShortHelp,
        nargs=0,
        help="show the most important options",
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
        help="instead of rows, show at the end what was opened most, by whom, "
        "...",
    )
    group.add_argument(
        "--interval",
        metavar="SECONDS",
        help="a summary for each interval of this length",
    )
    group.add_argument(
        "--top",
        action="store_true",
        help="the summary of the last second, as a live screen",
    )


def _add_recording(group: _Group) -> None:
    group.add_argument(
        "--record",
        metavar="FILE",
        help="write records to FILE as they come, instead of rows",
    )
    group.add_argument(
        "--replay",
        metavar="FILE",
        help="show the rows of a recording; needs no root",
    )


def _add_probe(group: _Group) -> None:
    group.add_argument(
        "-b",
        "--buffer-pages",
        metavar="PAGES",
        help="size of the perf ring of each CPU, in pages; a power of two",
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
        help="show the path that the kernel itself used",
    )
    group.add_argument(
        "--source",
        metavar="FILE",
        help="run this C file, written with BCC's macros, and show its struct "
        "event",
    )
    group.add_argument(
        "--live",
        action="store_true",
        help="reload the C into the running trace whenever it is saved",
    )
    group.add_argument(
        "--maps",
        action="store_true",
        help="show the maps, and once a second how start and counters change",
    )
    group.add_argument(
        "--disasm",
        action="store_true",
        help="print the instructions of the programs, with the C, and exit",
    )
    group.add_argument(
        "--verifier-log",
        action="store_true",
        help="print what the kernel's verifier says about the programs, and "
        "exit",
    )
    group.add_argument(
        "--ebpf",
        action="store_true",
        help="print the C that is compiled, and exit; with -v, exactly as "
        "BCC gets it",
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
