# SPDX-License-Identifier: Apache-2.0
"""The values of options, parsed from the words that were typed.

Each function takes a word, or None if the option wasn't given, and raises
UsageError if the word makes no sense or can never match.
"""

from __future__ import annotations

import os
import re
from typing import List, Optional, Sequence, Tuple

from opensnooplib.base.errors import UsageError
from opensnooplib.base.open_flags import FLAG_GROUPS
from opensnooplib.kernel import this_kernel
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.rows.headings import STYLES

# The longest command name: TASK_COMM_LEN in the kernel's
# include/linux/sched.h, without the NUL.
COMM_BYTES = 15


def each_of(option: str, words: str, what: str) -> List[str]:
    """The words of a comma-separated list."""
    found = words.split(",")
    if "" in found:
        raise UsageError(
            f'{option} "{words}": must be {what} separated by commas, but '
            "one is empty"
        )
    return found


def one_of(option: str, word: str, choices: Sequence[str]) -> str:
    if word not in choices:
        raise UsageError(
            f"{option} {word}: must be "
            + " or ".join(choices)
            + did_you_mean(word, choices)
        )
    return word


def time_style(word: Optional[str]) -> str:
    return "" if word is None else one_of("--time", word, tuple(STYLES))


def color(word: str, is_terminal: bool) -> bool:
    """Are colours to be used? For NO_COLOR see https://no-color.org."""
    if one_of("--color", word, ("auto", "always", "never")) != "auto":
        return word == "always"
    return (
        is_terminal
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def positive(option: str, word: Optional[str]) -> Optional[int]:
    if word is None:
        return None
    # int() accepts more than digits: "1_000", " 7 ", and digits of any script.
    if not (word.isascii() and word.isdigit()) or int(word[:99]) == 0:
        raise UsageError(f"{option} {word}: must be a whole number above 0")
    if len(word) > 18:
        raise UsageError(f"{option} {word}: too large")
    return int(word)


def _tgid(task: int) -> Optional[int]:
    for line in this_kernel.task_status(task):
        if line.startswith("Tgid:"):
            return int(line.split()[1])
    return None


def _depth(task: int) -> int:
    """The number of nested PID namespaces that it is in, by NSpid."""
    for line in this_kernel.task_status(task):
        if line.startswith("NSpid:"):
            return len(line.split()) - 1
    return 1


def pids(words: Optional[str], live: bool = True) -> Tuple[int, ...]:
    """The PIDs in `words`, a comma-separated list.

    `live`: the processes must exist now.
    """
    if words is None:
        return ()
    pids = []
    for word in each_of("-p", words, "PIDs"):
        pid = positive("-p", word)
        assert pid is not None
        pids.append(pid)
        if not live:
            continue
        tgid = _tgid(pid)
        if tgid is None:
            raise UsageError(f"-p {pid}: no such process")
        if tgid != pid:
            raise UsageError(
                f"-p {pid}: this is a thread of process {tgid}; use -t {pid}, "
                f"or -p {tgid} for the whole process"
            )
        if this_kernel.pid_namespace() and _depth(pid) != _depth(os.getpid()):
            raise UsageError(
                f"-p {pid}: this process is in a nested PID namespace, which "
                "can't be selected from inside this one: run on the host"
            )
    return tuple(dict.fromkeys(pids))


def tid(word: Optional[str], live: bool = True) -> Optional[int]:
    """The TID. `live`: the thread must exist now."""
    tid = positive("-t", word)
    if live and tid is not None and _tgid(tid) is None:
        raise UsageError(f"-t {tid}: no such thread")
    return tid


def comm_part(word: Optional[str]) -> bytes:
    if word is None:
        return b""
    part = os.fsencode(word)
    if len(part) > COMM_BYTES:
        raise UsageError(
            f"-n {word}: command names have at most {COMM_BYTES} bytes, so "
            "this can never match"
        )
    return part


def flags(words: Sequence[str]) -> Tuple[str, ...]:
    """The flags in `words`, each of which is a comma-separated list.

    A flag is one of open(2) or of FLAG_GROUPS.
    """
    every = [flag for word in words for flag in each_of("-f", word, "flags")]
    for word in every:
        _refuse_unknown_flag(word)
    return tuple(dict.fromkeys(every))


def _refuse_unknown_flag(word: str) -> None:
    if word in FLAG_GROUPS:
        return
    known = [
        name
        for name in dir(os)
        if name.startswith("O_") and name != "O_ACCMODE"
    ]
    if word not in known:
        raise UsageError(
            f"-f {word}: no such flag"
            + (
                did_you_mean(word, [*known, *FLAG_GROUPS])
                or "; open(2) lists them, for example O_WRONLY, O_CREAT or "
                "O_APPEND"
            )
        )
    # O_LARGEFILE is 0 on machines on which every file may be large.
    if getattr(os, word) == 0 and word != "O_RDONLY":
        raise UsageError(f"-f {word}: this flag has no bit on this machine")


def seconds(option: str, word: Optional[str]) -> Optional[float]:
    if word is None:
        return None
    # float() accepts more than decimals: "inf", "1_000" and others.
    decimal = re.fullmatch(r"(?=\.?\d)\d{0,9}(\.\d{0,9})?", word, re.ASCII)
    if not decimal or float(word) == 0:
        raise UsageError(
            f"{option} {word}: must be a number of seconds above 0 and below "
            "1000000000, with at most nine decimals"
        )
    return float(word)


def buffer_pages(word: Optional[str]) -> Optional[int]:
    pages = positive("-b", word)
    if pages is not None and pages & (pages - 1):
        lower = 1 << (pages.bit_length() - 1)
        raise UsageError(
            f"-b {pages}: must be a power of two, such as {lower} or "
            f"{2 * lower}"
        )
    return pages
