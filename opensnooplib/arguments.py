# SPDX-License-Identifier: Apache-2.0
"""The command line: from words to checked options.

Every check that needs no tracing is made here, so that whatever comes later
can trust the options.
"""

from __future__ import annotations

import argparse
import os
import pwd
import re
from typing import Any, List, NamedTuple, NoReturn, Optional, Sequence, Tuple

from opensnooplib import __version__, kernel
from opensnooplib.errors import UsageError
from opensnooplib.messages import print_text

# In the order in which auto tries them, see plans.py.
PLANS = ("syscall", "fentry", "kprobe")

# TASK_COMM_LEN in the kernel's include/linux/sched.h, without the NUL.
COMM_BYTES = 15

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


class Options(NamedTuple):
    """What the command line asked for. Lists are empty where nothing did."""

    # selection
    pids: Tuple[int, ...]
    tid: Optional[int]
    uid: Optional[int]
    comm_part: bytes
    only_failed: bool
    flags: Tuple[str, ...]
    cgroup_map: Optional[str]
    mntns_map: Optional[str]
    command: Tuple[str, ...]
    # columns
    show_time: bool
    show_uid: bool
    show_flags: bool
    # output
    json: bool
    output_file: Optional[str]
    row_limit: int  # 0: no limit
    duration: Optional[float]  # seconds
    quiet: bool
    # probe
    buffer_pages: Optional[int]  # for each CPU
    plan: str
    verbose: bool
    print_source: bool
    doctor: bool


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message: str, file: Any = None) -> None:
        print_text(message)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; opensnoop -h shows how it is used")


def _build_parser() -> argparse.ArgumentParser:
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
    _add_probe(parser.add_argument_group("probe"))
    return parser


_Group = argparse._ArgumentGroup  # pylint: disable=protected-access


def _add_selection(group: _Group) -> None:
    group.add_argument(
        "-p", "--pid", metavar="PID[,PID]", help="of these processes"
    )
    group.add_argument("-t", "--tid", metavar="TID", help="of this thread")
    group.add_argument(
        "-u", "--uid", metavar="USER", help="of this user, by number or name"
    )
    group.add_argument(
        "-n", "--name", help="of commands whose name holds NAME"
    )
    group.add_argument(
        "-x", "--failed", action="store_true", help="that failed"
    )
    group.add_argument(
        "-f",
        "--flag_filter",
        metavar="FLAG",
        action="append",
        default=[],
        help="with this flag, such as O_WRONLY; several: with any of them",
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
        help="of this command alone, which is started; must come last",
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
        "-F", "--full-path", action="store_true", help=argparse.SUPPRESS
    )


def _add_output(group: _Group) -> None:
    group.add_argument(
        "--format",
        metavar="FORMAT",
        default="table",
        help="table (default) or json: one object a line",
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
    group.add_argument("-h", "--help", action="help", help="show this help")
    group.add_argument(
        "--version",
        action="version",
        version=f"opensnoop {__version__}",
        help="show the version",
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
    words = _build_parser().parse_args(own)
    if words.exec is not None:
        raise UsageError("write --exec COMMAND ... without a =")
    words.exec = command
    _refuse_conflicts(words)
    return Options(
        pids=_pids(words.pid),
        tid=_tid(words.tid),
        uid=_uid(words.uid),
        comm_part=_comm_part(words.name),
        only_failed=words.failed,
        flags=_flags(words.flag_filter),
        cgroup_map=words.cgroupmap,
        mntns_map=words.mntnsmap,
        command=tuple(words.exec or ()),
        show_time=words.timestamp,
        show_uid=words.print_uid,
        show_flags=words.extended_fields,
        json=_one_of("--format", words.format, ("table", "json")) == "json",
        output_file=words.output,
        row_limit=_positive("--count", words.count) or 0,
        duration=_duration(words.duration),
        quiet=words.quiet,
        buffer_pages=_buffer_pages(words.buffer_pages),
        plan=_one_of("--attach", words.attach, ("auto",) + PLANS),
        verbose=words.verbose,
        print_source=words.ebpf,
        doctor=words.doctor,
    )


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
    if words.full_path:
        raise UsageError(
            "-F is not there yet; without it, a relative path is shown as "
            "the program gave it"
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
    if words.quiet and words.verbose:
        raise UsageError("-q and -v exclude each other")


def _one_of(option: str, word: str, choices: Sequence[str]) -> str:
    if word not in choices:
        raise UsageError(f"{option} {word}: must be " + " or ".join(choices))
    return word


def _positive(option: str, word: Optional[str]) -> Optional[int]:
    if word is None:
        return None
    # int() takes more than digits: "1_000", " 7 ", and digits of any script.
    if not (word.isascii() and word.isdigit()) or int(word[:99]) == 0:
        raise UsageError(f"{option} {word}: must be a whole number above 0")
    if len(word) > 18:
        raise UsageError(f"{option} {word}: is too large")
    return int(word)


def _task_status(task: int) -> Optional[List[str]]:
    """The lines of /proc/TASK/status (proc(5)), for processes and threads."""
    try:
        with open(
            f"/proc/{task}/status", encoding="utf-8", errors="replace"
        ) as f:
            return f.read().splitlines()
    except OSError:
        return None


def _tgid(task: int) -> Optional[int]:
    for line in _task_status(task) or ():
        if line.startswith("Tgid:"):
            return int(line.split()[1])
    return None


def _depth(task: int) -> int:
    """In how many nested PID namespaces, as NSpid tells."""
    for line in _task_status(task) or ():
        if line.startswith("NSpid:"):
            return len(line.split()) - 1
    return 1


def _pids(words: Optional[str]) -> Tuple[int, ...]:
    if words is None:
        return ()
    pids = []
    for word in words.split(","):
        pid = _positive("-p", word)
        assert pid is not None
        tgid = _tgid(pid)
        if tgid is None:
            raise UsageError(f"-p {pid}: there is no such process")
        if tgid != pid:
            raise UsageError(
                f"-p {pid}: that is a thread of process {tgid}; use -t {pid}, "
                f"or -p {tgid} for the whole process"
            )
        if kernel.pid_namespace() and _depth(pid) != _depth(os.getpid()):
            raise UsageError(
                f"-p {pid}: is in a PID namespace of its own, which can't be "
                "told from inside this one: run on the host"
            )
        pids.append(pid)
    return tuple(dict.fromkeys(pids))


def _tid(word: Optional[str]) -> Optional[int]:
    tid = _positive("-t", word)
    if tid is not None and _tgid(tid) is None:
        raise UsageError(f"-t {tid}: there is no such thread")
    return tid


def _uid(word: Optional[str]) -> Optional[int]:
    if word is None:
        return None
    if word.isascii() and word.isdigit():
        # (uid_t)-1 means "no user": see setreuid(2).
        if len(word) > 18 or int(word) >= 2**32 - 1:
            raise UsageError(
                f"-u {word}: users are numbered below {2**32 - 1}"
            )
        return int(word)
    try:
        return pwd.getpwnam(word).pw_uid
    except (KeyError, ValueError):
        raise UsageError(f"-u {word}: there is no such user") from None


def _comm_part(word: Optional[str]) -> bytes:
    if word is None:
        return b""
    part = os.fsencode(word)
    if len(part) > COMM_BYTES:
        raise UsageError(
            f"-n {word}: command names have at most {COMM_BYTES} bytes, so "
            "this can never match"
        )
    return part


def _flags(words: Sequence[str]) -> Tuple[str, ...]:
    for word in words:
        is_flag = word.startswith("O_") and word != "O_ACCMODE"
        if not is_flag or not hasattr(os, word):
            raise UsageError(
                f"-f {word}: there is no such flag; open(2) lists them, for "
                "example O_WRONLY, O_CREAT or O_APPEND"
            )
        # O_LARGEFILE is 0 where every file may be large.
        if getattr(os, word) == 0 and word != "O_RDONLY":
            raise UsageError(f"-f {word}: has no bit on this machine")
    return tuple(words)


def _duration(word: Optional[str]) -> Optional[float]:
    if word is None:
        return None
    # float() takes more than decimals: "inf", "1_000" and others.
    decimal = re.fullmatch(r"\d{1,9}(\.\d{1,9})?", word, re.ASCII)
    if not decimal or float(word) == 0:
        raise UsageError(f"-d {word}: must be a number of seconds above 0")
    return float(word)


def _buffer_pages(word: Optional[str]) -> Optional[int]:
    pages = _positive("-b", word)
    if pages is not None and pages & (pages - 1):
        lower = 1 << (pages.bit_length() - 1)
        raise UsageError(
            f"-b {pages}: must be a power of two, such as {lower} or "
            f"{2 * lower}"
        )
    return pages
