# SPDX-License-Identifier: Apache-2.0
"""What the tool says on stderr; rows go to stdout and nothing else does."""

from __future__ import annotations

import os

from opensnooplib.errors import OpensnoopError


class Messages:
    """-q keeps all but what is wrong, -v adds what is done, and why."""

    def __init__(self, quiet: bool = False, verbose: bool = False) -> None:
        self._quiet = quiet
        self._verbose = verbose

    def detail(self, text: str) -> None:
        if self._verbose:
            _say(text)

    def note(self, text: str) -> None:
        if not self._quiet:
            _say(text)

    def warn(self, text: str) -> None:
        _say(text)


def _say(text: str) -> None:
    _write(f"opensnoop: {text}\n")


def _write(text: str) -> None:
    """Not through sys.stderr, whose failures come back at the exit."""
    try:
        os.write(2, text.encode(errors="surrogateescape"))
    except OSError:
        pass  # stderr is closed or full: there is nobody to tell


def report(error: OpensnoopError) -> None:
    if error.detail:
        _write(error.detail.rstrip("\n") + "\n")
    _say(error.sentence)
