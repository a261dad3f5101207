# SPDX-License-Identifier: Apache-2.0
"""Failures of the compile room, as it reports them."""

from __future__ import annotations

from typing import NamedTuple


class RoomFailure(NamedTuple):
    """The compile room could not do its work; the sentence says why."""

    sentence: str
    compiler_spoke: bool = False  # BCC's messages belong to the sentence
    source_is_wrong: bool = False  # no kernel would accept the C
    verifier_spoke: bool = False  # the messages are the verifier's log
    c_line: str = ""  # where the verifier stopped, if its log doesn't say
    hints: str = ""  # what this kernel has instead, a line each
