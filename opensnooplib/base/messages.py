# SPDX-License-Identifier: Apache-2.0
"""What the tool says to a person: messages go to stderr, rows to stdout."""

from __future__ import annotations

import os

from opensnooplib.base.errors import OpensnoopError


class Messages:
    """-q keeps all but what is wrong, -v adds what is done, and why."""

    def __init__(
        self, quiet: bool = False, verbose: bool = False, color: bool = False
    ) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._color = color

    def detail(self, text: str) -> None:
        if self._verbose:
            _say(text)

    def note(self, text: str) -> None:
        if not self._quiet:
            _say(text)

    def warn(self, text: str) -> None:
        _say(text)

    def report(self, error: OpensnoopError) -> None:
        self.show(error.detail)
        _say(error.sentence)

    def show(self, text: str) -> None:
        """What another program said of the C, if it said anything."""
        text = "\n".join(map(_printable, text.rstrip().split("\n")))
        if self._color:
            from opensnooplib.base import compiler_colors  # seldom needed

            text = compiler_colors.mistake(text)
        if text:
            write_line(text)


def print_text(text: str) -> None:
    """To stdout, what was asked for instead of rows. Raises OpensnoopError."""
    try:
        with os.fdopen(os.dup(1), "wb") as stdout:
            stdout.write(text.encode(errors="surrogateescape"))
    except BrokenPipeError:
        pass  # | head has seen enough
    except OSError as error:
        raise OpensnoopError(
            f"cannot write to stdout: {error.strerror}"
        ) from None


def _say(text: str) -> None:
    write_line(f"opensnoop: {_printable(text)}")


def _printable(text: str) -> str:
    """One line that drives no terminal, whatever was typed or compiled."""
    return "".join(
        c if c.isprintable() or c == "\t" else _escape(c) for c in text
    )


def _escape(character: str) -> str:
    """As Python writes it; a byte that isn't UTF-8 as \\xHH."""
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # PEP 383
        return f"\\x{number - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def write_line(text: str) -> None:
    """Not through sys.stderr, whose failures come back at the exit."""
    try:
        os.write(2, f"{text}\n".encode())
    except OSError:
        pass  # stderr is closed or full: there is nobody to tell
