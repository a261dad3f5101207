# SPDX-License-Identifier: Apache-2.0
"""The options of the command line: their names, values and help texts.

The text of --help is also their definition: build_parser() reads the names
from it. _VALUES has those that a value follows, and what becomes of it.
"""

from __future__ import annotations

import argparse
import functools
import re
from typing import Any, Callable, Dict, List, NamedTuple, NoReturn, Optional
from typing import Sequence

from opensnooplib import __version__
from opensnooplib.base.errors import UsageError
from opensnooplib.base.messages import print_text
from opensnooplib.options import FORMATS, PATH_VIEWS
from opensnooplib.plan_list import PLANS
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.cli import values
from opensnooplib.rows.headings import STYLES

HELP = f"""\
usage: opensnoop [options] [--exec COMMAND ...]

Show every file that is opened on this host, live.

which opens:
  -p, --pid PID[,PID]       by these processes
  --children                with -p: also by all descendants of these processes
  -t, --tid TID             by this thread
  -u, --uid USER[,USER]     by these users, given by ID or name
  -n, --name NAME           by commands whose name contains NAME
  -x, --failed              that failed
  --errno ERROR[,ERROR]     with this error, by name (ENOENT) or number
  -f, --flag_filter FLAG    with this flag, such as O_APPEND, or for write or
                            create; if given more than once, with any of them
  --path GLOB               of paths like this: * is any part, !GLOB excludes
  --cgroup PATH             in this cgroup and all below it
  --container ID            in this container, given by ID or name
  --mntns PID[,PID]         in the mount namespaces of these processes
  --cgroupmap PATH          in the cgroups in this pinned map
  --mntnsmap PATH           in the mount namespaces in this pinned map
  --exec COMMAND ...        by this command and its descendants; must be last
  --all                     also by 32-bit programs (with any plan), by execve,
                            and by the kernel for itself
  --no-children             with --exec: by the command alone

columns:
  -T, --timestamp           time since the first row
  -U, --print-uid           user ID
  -e, --extended_fields     flags and mode, in octal
  -c, --callers             who called, below each row: the stack of functions
  --ppid                    the parent process
  -L, --latency             how long each open took, in us; with --summary, a
                            histogram
  --time STYLE              show a time: relative, wall, mono or delta
  --columns LIST            only these, as time,user,comm,path; help lists all
  -F, --full-path           absolute paths: the directory before relative names
  -R, --real-path           like -F, but show the real path of opened files,
                            with symbolic links followed
  --path-view VIEW          absolute paths as the process sees them (process,
                            the default) or as the host does (host)

output:
  --format FORMAT           table (default), json (one object per line) or csv
  --color WHEN              show failed opens and errors in the C in colours:
                            auto (default: on a terminal), always, never
  --unbuffered              write each row at once, as on a terminal
  -o FILE                   write the rows to FILE
  --count N                 end after N rows
  -d, --duration SECONDS    end after this time
  -q, --quiet               show no messages, unless something is wrong
  -v, --verbose             say what is done, and why
  --summary                 instead of rows, what was opened most, and by whom
  --interval SECONDS        a summary for each interval of this length
  --top                     the summary of the last second, as a live screen
  --record FILE             write records to FILE as they come, instead of rows
  --replay FILE             show the rows of a recording; needs no root
  --doctor                  say what this host can do, and what is missing
  -h                        show the most important options
  --help                    show this help
  --version                 show the version

probe:
  -b, --buffer-pages PAGES  size of each CPU's perf ring in pages, a power of 2
  --attach PLAN             how to see opens: auto (default) or
                            {", ".join(PLANS)}
  --trusted                 show the path that the kernel itself used
  --source FILE             run this C file, written with BCC's macros, and
                            show its struct event
  --live                    reload the C into the running trace when it's saved
  --maps                    show the maps, and once a second how start and
                            counters change
  --disasm                  print the programs' instructions, and exit
  --verifier-log            print what the kernel's verifier says, and exit
  --ebpf                    print the C that is compiled, and exit; with -v,
                            exactly as BCC gets it

examples:
  opensnoop                      every open, until Ctrl-C
  opensnoop -x                   only opens that failed
  opensnoop -T -U -p 181,182     two processes, with time and user
  opensnoop -n nginx -d 10       commands with "nginx" in their name, for 10 s
  opensnoop -f O_WRONLY -f O_RDWR    only opens for writing
  opensnoop --format json -o opens.json    to a file, one object per line
  opensnoop --exec date          what date opens, from its first open on
"""

# The names of an option, at the beginning of a line of HELP.
_NAMES = re.compile(r"^  (-[^ ,]+)(?:, (--[^ ]+))?", re.MULTILINE)

# The text of -h, on one screen: the lines of HELP that begin with these words.
_IMPORTANT = (
    "usage: which -p -u -n -x --path --exec columns: -T -U -c --columns "
    "output: --format -o -d --summary --top --record --replay --doctor"
).split()
SHORT_HELP = "\n".join(
    line
    for line in HELP.split("\n")
    if re.split("[ ,]", line.lstrip())[0] in _IMPORTANT
)
SHORT_HELP += "\nAll options: opensnoop --help. More: man opensnoop\n"

# The options that print a text, and exit.
_TEXTS = {
    "-h": SHORT_HELP,
    "--help": HELP,
    "--version": f"opensnoop {__version__}\n",
}


class _Value(NamedTuple):
    """What becomes of the word after an option: add_argument() takes these."""

    dest: str  # a field of options.py, or what arguments.py makes one of
    type: Optional[Callable[..., Any]] = None  # of the option and the word
    default: Any = None
    action: str = "store"  # "extend" and "append": it can be given repeatedly


_VALUES = {
    "-p": _Value("pids", values.list_of("PIDs", values.positive), []),
    "-t": _Value("tid", values.positive),
    "-u": _Value("uids", values.list_of("users", values.uid), []),
    "-n": _Value("comm_part", values.comm_part, b""),
    "--errno": _Value("errnos", values.list_of("errors", values.error), []),
    "-f": _Value("flags", values.list_of("flags", values.flag), [], "extend"),
    "--path": _Value("path", None, [], "append"),
    "--cgroup": _Value("cgroup", None, [], "append"),
    "--container": _Value("container", None, [], "append"),
    "--mntns": _Value("mntns", values.list_of("PIDs", values.positive), []),
    "--cgroupmap": _Value("cgroup_map"),
    "--mntnsmap": _Value("mntns_map"),
    "--time": _Value("time", values.one_of(STYLES)),
    "--columns": _Value("columns"),
    "--path-view": _Value("path_view", values.one_of(PATH_VIEWS), "process"),
    "--format": _Value("format", values.one_of(FORMATS), "table"),
    "--color": _Value("color", values.one_of(values.COLORS), "auto"),
    "-o": _Value("output_file"),
    "--count": _Value("row_limit", values.positive, 0),
    "-d": _Value("duration", values.seconds),
    "--interval": _Value("interval", values.seconds),
    "--record": _Value("record"),
    "--replay": _Value("replay"),
    "-b": _Value("buffer_pages", values.power_of_two),
    "--attach": _Value("plan", values.one_of(["auto", *PLANS]), "auto"),
    "--source": _Value("source", values.c_file),
}


class _PrintText(argparse.Action):
    """The action of an option of _TEXTS."""

    def __call__(self, *_: Any) -> None:
        print_text(str(self.const))
        raise SystemExit(0)


# The message of argparse for -x=1 and --failed=1.
_VAIN_VALUE = re.compile(r"argument (.*): ignored explicit argument '(.*)'")


class Parser(argparse.ArgumentParser):
    """A parser that raises each error as a UsageError of one sentence."""

    def __init__(self) -> None:
        super().__init__(prog="opensnoop", add_help=False, allow_abbrev=False)
        # The first names of the options below each heading of HELP, by the
        # heading's last word, such as "opens:".
        self.groups: Dict[str, List[str]] = {}

    def given(self, words: argparse.Namespace) -> List[str]:
        """The first names of the options that differ from their defaults."""
        return [
            action.option_strings[0]
            for action in self._actions
            if getattr(words, action.dest, None) != action.default
        ]

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

    def error(self, message: str) -> NoReturn:
        vain = _VAIN_VALUE.fullmatch(message)
        if vain:
            raise UsageError(
                f"{vain[1]} takes no value, but is followed by {vain[2]}: "
                "remove that, or put a space before it"
            )
        raise UsageError(f"{message}; see opensnoop -h")


def build_parser() -> Parser:
    """A parser of the options in HELP. It raises UsageError."""
    parser = Parser()
    for paragraph in HELP.split("\n\n"):
        heading, _, lines = paragraph.partition("\n")
        # Added to a group, since the parser itself would, for each option,
        # check a help text that it doesn't have.
        group = parser.add_argument_group(heading)
        options = _NAMES.findall(lines)
        for first, second in options:
            _add(group, first, second)
        parser.groups[heading.split(" ")[-1]] = [first for first, _ in options]
    return parser


_Group = argparse._ArgumentGroup  # pylint: disable=protected-access


def _add(group: _Group, first: str, second: str) -> None:
    names = filter(None, [first, second])
    if first in _TEXTS:
        text = _TEXTS[first]
        group.add_argument(first, action=_PrintText, nargs=0, const=text)
    elif first in _VALUES:
        value = _VALUES[first]
        if value.type:
            value = value._replace(type=functools.partial(value.type, first))
        group.add_argument(*names, **value._asdict())
    else:
        group.add_argument(*names, action="store_true")
