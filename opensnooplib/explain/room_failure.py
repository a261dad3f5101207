# SPDX-License-Identifier: Apache-2.0
"""What the compile room says when it could not do its work."""

from __future__ import annotations

from typing import NamedTuple


class RoomFailure(NamedTuple):
    """The compile room could not do its work; the sentence says why."""

    sentence: str
    compiler_spoke: bool = False  # what BCC printed belongs to the sentence
    source_is_wrong: bool = False  # the C is, whatever the kernel
    verifier_spoke: bool = False  # what was printed is its log
    c_line: str = ""  # where it stopped, if the log doesn't say
    hints: str = ""  # what this kernel has instead, a line each
