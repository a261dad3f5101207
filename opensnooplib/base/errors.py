# SPDX-License-Identifier: Apache-2.0
"""Errors, each with one sentence that says what to do."""

from __future__ import annotations

import contextlib
from typing import Iterator


class OpensnoopError(Exception):
    """Ends the tool with a sentence on stderr, never with a traceback.

    `sentence` says what is wrong, where, and what to do; `detail` is what
    another program, such as the compiler, printed about it, and is shown
    above.
    """

    exit_status = 1

    def __init__(self, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.detail = detail


class SourceError(OpensnoopError):
    """The C of the probe is wrong, on any kernel."""


class UsageError(OpensnoopError):
    """The command line asks for something that makes no sense."""

    exit_status = 2


@contextlib.contextmanager
def as_sentence(what: str) -> Iterator[None]:
    """Turn any failure into an OpensnoopError that says what has failed."""
    try:
        yield
    except OpensnoopError:
        raise
    except Exception as error:
        named = f"{type(error).__name__}: {error}"
        why = getattr(error, "strerror", "") or named
        raise OpensnoopError(f"{what}: {why}") from error
