# SPDX-License-Identifier: Apache-2.0
"""Error numbers and their names, including those that only tracers see."""

from __future__ import annotations

import errno
from typing import Dict, Optional, Tuple

from opensnooplib.base.errors import UsageError
from opensnooplib.cli import values
from opensnooplib.base.suggestions import did_you_mean

# MAX_ERRNO of include/linux/err.h
_LARGEST = 4095

# The results of a syscall that a signal interrupts: include/linux/errno.h. The
# program itself never sees these.
_OF_THE_KERNEL = {
    "ERESTARTSYS": 512,
    "ERESTARTNOINTR": 513,
    "ERESTARTNOHAND": 514,
    "ERESTART_RESTARTBLOCK": 516,
}


def by_name() -> Dict[str, int]:
    """The numbers by name, including second names such as EWOULDBLOCK."""
    names = {
        name: number for name, number in vars(errno).items() if name[0] == "E"
    }
    return {**names, **_OF_THE_KERNEL}


def errnos(words: Optional[str]) -> Tuple[int, ...]:
    """The numbers of the errors in `words`, a comma-separated list.

    Raises UsageError for an unknown error.
    """
    if words is None:
        return ()
    every = values.each_of("--errno", words, "errors")
    return tuple(dict.fromkeys(map(_errno, every)))


def _errno(word: str) -> int:
    if word.isascii() and word.isdigit():
        if len(word) > 18 or not 0 < int(word) <= _LARGEST:
            raise UsageError(
                f"--errno {word}: errors are numbered from 1 to {_LARGEST}"
            )
        return int(word)
    names = by_name()
    if word not in names:
        raise UsageError(
            f"--errno {word}: no such error"
            + did_you_mean(word.upper(), names, "; errno(3) lists them")
        )
    return names[word]
