# SPDX-License-Identifier: Apache-2.0
"""The C that BCC gets, with #defines that a test chooses."""

from __future__ import annotations

from typing import Sequence

from opensnooplib.source import c_text
from opensnooplib.source.defines import Define


def assemble(path: str, defines: Sequence[Define] = ()) -> str:
    return c_text.with_defines(c_text.read(path).text, defines)
