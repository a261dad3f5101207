# SPDX-License-Identifier: Apache-2.0
"""Colours for what is said of a mistake in the C: those of clang."""

from __future__ import annotations

import re

# SGR of ECMA-48: "Select graphic rendition".
_BOLD, _RED, _GREEN, _CYAN = "1", "1;31", "1;32", "1;36"

_PARTS = tuple(
    (re.compile(pattern, re.MULTILINE), code)
    for pattern, code in (
        (r"^ *[~^][~^ ]*$", _GREEN),  # below what is wrong
        (r"^\S+:\d+(:\d+)?:", _BOLD),
        (r"\b(fatal )?error:", _RED),
        (r"\bnote:|^(in plain words|the verifier):", _CYAN),
    )
)


def mistake(text: str) -> str:
    """The same for a terminal; `text` has no escape sequences yet."""
    for pattern, code in _PARTS:
        text = pattern.sub(f"\x1b[{code}m\\g<0>\x1b[0m", text)
    return text
