# SPDX-License-Identifier: Apache-2.0
"""Text in messages: its control characters, or all as in a row."""

from __future__ import annotations

import ctypes

from opensnooplib.base import native_library


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


def shell_text(
    text: bytes, is_cut: bool = False, in_column: bool = False
) -> str:
    """The text, quoted as in a row: native/rows/quoting.h."""
    put = native_library.load().put_shell_text
    put.restype = ctypes.c_void_p
    # SHELL_TEXT_BOUND of native/rows/quoting.h
    out = ctypes.create_string_buffer(4 * len(text) + 16)
    end = put(out, text, ctypes.c_size_t(len(text)), is_cut, in_column)
    return out.raw[: end - ctypes.addressof(out)].decode()
