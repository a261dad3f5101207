# SPDX-License-Identifier: Apache-2.0
"""The values of options: from the word that was typed to what it means.

Each function takes the word, or None where the option wasn't given, and
raises UsageError for one that makes no sense or can never match.
"""

from __future__ import annotations

import os
import pwd
import re
from typing import List, Optional, Sequence, Tuple

from opensnooplib import kernel
from opensnooplib.errors import UsageError
from opensnooplib.known_columns import STYLES
from opensnooplib.nearest import did_you_mean

# TASK_COMM_LEN in the kernel's include/linux/sched.h, without the NUL.
COMM_BYTES = 15


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


def color(word: str, output_file: Optional[str]) -> bool:
    """Are rows coloured? For NO_COLOR see https://no-color.org."""
    if one_of("--color", word, ("auto", "always", "never")) != "auto":
        return word == "always"
    return (
        output_file is None
        and os.isatty(1)
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def positive(option: str, word: Optional[str]) -> Optional[int]:
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


def pids(words: Optional[str]) -> Tuple[int, ...]:
    if words is None:
        return ()
    pids = []
    for word in words.split(","):
        pid = positive("-p", word)
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


def tid(word: Optional[str]) -> Optional[int]:
    tid = positive("-t", word)
    if tid is not None and _tgid(tid) is None:
        raise UsageError(f"-t {tid}: there is no such thread")
    return tid


def uid(word: Optional[str]) -> Optional[int]:
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


def duration(word: Optional[str]) -> Optional[float]:
    if word is None:
        return None
    # float() takes more than decimals: "inf", "1_000" and others.
    decimal = re.fullmatch(r"\d{1,9}(\.\d{1,9})?", word, re.ASCII)
    if not decimal or float(word) == 0:
        raise UsageError(f"-d {word}: must be a number of seconds above 0")
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
