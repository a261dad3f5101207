# SPDX-License-Identifier: Apache-2.0
"""Control characters in messages; those in rows: native/rows/quoting.c."""

from __future__ import annotations


def printable(text: str) -> str:
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
