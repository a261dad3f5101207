# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, as one sentence that a person can act on."""

from __future__ import annotations


class OpensnoopError(Exception):
    """Ends the tool with a sentence on stderr, never with a traceback.

    `sentence` says what is wrong, where, and what to do; `detail` is what
    another program said of it (the compiler's messages), printed above it.
    """

    exit_status = 1

    def __init__(self, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.detail = detail


class SourceError(OpensnoopError):
    """The C that the probe is made of is wrong, on any kernel."""


class UsageError(OpensnoopError):
    """The command line asks for something that makes no sense."""

    exit_status = 2
