# SPDX-License-Identifier: Apache-2.0
"""Colours for messages about an error in the C: those of clang."""

from __future__ import annotations

import re

# Parameters of SGR, "select graphic rendition", of ECMA-48.
_BOLD, _RED, _GREEN, _CYAN = "1", "1;31", "1;32", "1;36"

_PARTS = tuple(
    (re.compile(pattern, re.MULTILINE), code)
    for pattern, code in (
        (r"^ *[~^][~^ ]*$", _GREEN),  # marks what is wrong in the line above
        (r"^\S+:\d+(:\d+)?:", _BOLD),
        (r"\b(fatal )?error:", _RED),
        (r"\bnote:|^(in plain words|the verifier):", _CYAN),
    )
)


def mistake(text: str) -> str:
    """`text`, without escape sequences yet, in colours for a terminal."""
    for pattern, code in _PARTS:
        text = pattern.sub(f"\x1b[{code}m\\g<0>\x1b[0m", text)
    return text
