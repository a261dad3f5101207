# SPDX-License-Identifier: Apache-2.0
"""Messages to the user, which go to stderr; rows go to stdout."""

from __future__ import annotations

import os
from typing import Callable

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.quoting import printable


class Messages:
    """Writes messages: with -q only errors and warnings, with -v all."""

    def __init__(
        self, quiet: bool = False, verbose: bool = False, color: bool = False
    ) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._color = color
        # Takes lines without the last newline.
        self.write: Callable[[str], None] = write_line

    def detail(self, text: str) -> None:
        if self._verbose:
            self._say(text)

    def note(self, text: str) -> None:
        if not self._quiet:
            self._say(text)

    def warn(self, text: str) -> None:
        self._say(text)

    def report(self, error: OpensnoopError) -> None:
        self.show(error.detail)
        self._say(error.sentence)

    def show(self, text: str) -> None:
        """Print what another program said about the C, if it did."""
        text = "\n".join(map(printable, text.rstrip().split("\n")))
        if text and self._color:
            from opensnooplib.base import compiler_colors  # seldom needed

            text = compiler_colors.mistake(text)
        if text:
            self.write(text)

    def _say(self, text: str) -> None:
        self.write(f"opensnoop: {printable(text)}")


def print_text(text: str) -> None:
    """Print what was asked for instead of rows to stdout.

    Raises OpensnoopError.
    """
    try:
        with os.fdopen(os.dup(1), "wb") as stdout:
            stdout.write(text.encode(errors="surrogateescape"))
    except BrokenPipeError:
        pass  # the reader, such as head, has seen enough
    except OSError as error:
        raise OpensnoopError(
            f"cannot write to stdout: {error.strerror}"
        ) from None


def counted(number: int, one: str, more: str = "") -> str:
    """For example "1 open" and "2 opens"; `more` where an s is not enough."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def duration(ns: int) -> str:
    """For a person, such as 1.5 ms."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns} ns"


def write_line(text: str) -> None:
    """Write to stderr. Not by sys.stderr, which repeats its errors at exit."""
    try:
        os.write(2, f"{text}\n".encode())
    except OSError:
        pass  # stderr is closed or full, so there is no way to report it
