# SPDX-License-Identifier: Apache-2.0
"""Control characters in messages; for rows, see native/rows/quoting.c."""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` as one line that can't control a terminal, whatever it is."""
    return "".join(
        c if c.isprintable() or c == "\t" else _escape(c) for c in text
    )


def _escape(character: str) -> str:
    """The character as Python escapes it; a byte that isn't UTF-8: \\xHH."""
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # PEP 383
        return f"\\x{number - 0xDC00:02x}"
    return ascii(character)[1:-1]  # encode() would import a module
