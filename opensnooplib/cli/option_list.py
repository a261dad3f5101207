# SPDX-License-Identifier: Apache-2.0
"""The options of the command line: their names, and what becomes of values.

help.txt, which --help prints, is also their definition: build_parser() reads
the names from it. _VALUES has those that a value follows. short_help.txt has
some of its lines, for one screen.
"""

from __future__ import annotations

import argparse
import functools
import re
from typing import Any, Callable, NamedTuple, NoReturn, Sequence

from opensnooplib import __version__
from opensnooplib.base import tables
from opensnooplib.base.errors import UsageError
from opensnooplib.base.messages import print_text
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.cli import values
from opensnooplib.options import FORMATS, PATH_VIEWS, Chosen
from opensnooplib.plan_list import PLANS
from opensnooplib.rows.headings import STYLES

HELP = tables.text(__file__, "help.txt")

# The names of an option, at the beginning of a line of HELP.
_NAMES = re.compile(r"^  (-[^ ,]+)(?:, (--[^ ]+))?", re.MULTILINE)

# The options that print a text, and exit.
_TEXTS = {
    "-h": lambda: tables.text(__file__, "short_help.txt"),
    "--help": lambda: HELP,
    "--version": lambda: f"opensnoop {__version__}\n",
}


class _Value(NamedTuple):
    """What becomes of the word after an option: add_argument() takes these."""

    dest: str  # a field of options.py, or what arguments.py makes one of
    type: Callable[..., Any] | None = None  # of the option and the word
    default: Any = None
    action: Any = "store"  # _Add and "append": it can be given repeatedly
    nargs: str | None = None  # "?": the value may be left out; "+": several
    const: Any = None  # what is taken where it is left out


class _Add(argparse.Action):
    """The action of an option whose values are Chosen."""

    def __call__(self, *called: Any) -> None:
        _, words, new, _ = called
        setattr(words, self.dest, getattr(words, self.dest) + new)


def _chosen(dest: str, *parse: Any) -> _Value:
    """What can be excluded, by a ! before it: see values.words_of()."""
    return _Value(dest, values.words_of(*parse), Chosen(), _Add)


_VALUES = {
    "-p": _chosen("pids", values.pid, "PIDs"),
    "-t": _Value("tid", values.positive),
    "-u": _chosen("uids", values.uid, "users"),
    "-n": _chosen("comms", values.comm_part),
    "--errno": _chosen("errnos", values.error, "errors"),
    "--slower": _Value("slower_ns", values.milliseconds, 0),
    "-f": _chosen("flags", values.flag, "flags"),
    "--path": _Value("path", None, [], "append"),
    "--unit": _chosen("units", values.unit, "units"),
    "--cgroup": _chosen("cgroup", values.path),
    "--container": _chosen("container", lambda _, word: word),
    "--mntns": _chosen("mntns", values.positive, "PIDs"),
    "--cgroupmap": _Value("cgroup_map"),
    "--mntnsmap": _Value("mntns_map"),
    "--exec-user": _Value("exec_user", values.user),
    "--time": _Value("time", values.one_of(STYLES)),
    "--columns": _Value("columns"),
    "--path-view": _Value("path_view", values.one_of(PATH_VIEWS), "process"),
    "--format": _Value("format", values.one_of(FORMATS), "table"),
    "--color": _Value("color", values.one_of(values.COLORS), "auto"),
    "-o": _Value("output_file"),
    "--count": _Value("row_limit", values.positive, 0),
    "-d": _Value("duration", values.seconds),
    "--until": _Value("until"),
    "--interval": _Value("interval", values.seconds),
    "--by": _Value("by"),
    "--rows": _Value("table_rows", values.positive, 10),
    "--hanging": _Value("hanging", values.seconds),
    "--record": _Value("record"),
    "--keep": _Value("keep", values.keep),
    "--replay": _Value("replay"),
    "-b": _Value("buffer_pages", values.power_of_two),
    "--attach": _Value("plan", values.one_of(["auto", *PLANS]), "auto"),
    "--source": _Value("source", values.path),
    "--btf": _Value("btf", values.path),
    "--set": _Value("settings", None, [], "append"),
    "--lesson": _Value("lesson", values.positive, nargs="?", const=0),
    "--check": _Value("check", values.path),
    "--progress": _Value("progress", values.path, [], nargs="+"),
}


# Options of other tools, by what they are here.
_ELSEWHERE = {
    "--comm": "-n",
    "--command": "-n",
    "--exclude": "a ! before a value, as in -u '!root'",
    "--group-by": "--by",
    "--json": "--format json",
    "--limit": "--count",
    "--output": "-o",
    "--user": "-u",
    "--service": "--unit",
    "--write": "-f write",
    "-w": "-f write",
}


class _PrintText(argparse.Action):
    """The action of an option of _TEXTS."""

    def __call__(self, *_: Any) -> None:
        print_text(self.const())
        raise SystemExit(0)


# The message of argparse for -p without a value.
_NO_VALUE = re.compile(r"argument ([^/]*).*: expected one argument")
# The one for -x=1 and --failed=1.
_VAIN_VALUE = re.compile(r"argument (.*): ignored explicit argument '(.*)'")


class Parser(argparse.ArgumentParser):
    """A parser that raises each error as a UsageError of one sentence."""

    def __init__(self) -> None:
        super().__init__(prog="opensnoop", add_help=False, allow_abbrev=False)
        # The first names of the options below each heading of HELP, by the
        # heading's last word, such as "opens:".
        self.groups: dict[str, list[str]] = {}

    def given(self, words: argparse.Namespace) -> dict[str, Any]:
        """The values of options that differ from their defaults, by name."""
        return {
            action.option_strings[0]: getattr(words, action.dest)
            for action in self._actions
            if getattr(words, action.dest, None) != action.default
        }

    def refuse_unknown(self, words: Sequence[str]) -> None:
        """Raise UsageError for the first of `words`, if there is one."""
        for word in words:
            option = word.partition("=")[0]
            if word == "--" or not word.startswith("-"):
                raise UsageError(
                    f"unexpected argument: {word}; a command to trace follows "
                    "--exec, and lists have commas, as in -p 1,2"
                )
            known = self._option_string_actions
            hint = did_you_mean(option, known, "; opensnoop --help lists all")
            if option in _ELSEWHERE:
                hint = f"; did you mean {_ELSEWHERE[option]}?"
            raise UsageError(f"unknown option: {option}{hint}")

    def _get_values(self, action: argparse.Action, words: list[str]) -> Any:
        if "--" in words:  # older Pythons make a list of --name=--
            self.error(f"{action.option_strings[0]} needs a value")
        return super()._get_values(action, words)

    def error(self, message: str) -> NoReturn:
        vain = _VAIN_VALUE.fullmatch(message)
        if vain:
            raise UsageError(
                f"{vain[1]} takes no value, but is followed by {vain[2]}: "
                "remove that, or put a space before it"
            )
        lacks = _NO_VALUE.fullmatch(message)
        if lacks:
            message = f"{lacks[1]} needs a value"
        raise UsageError(f"{message}; see opensnoop --help")


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
    # Or, as there is -0, argparse would take the -1 of "-p -1" for an option.
    parser._has_negative_number_optionals.clear()
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
