# SPDX-License-Identifier: Apache-2.0
"""The status area: messages about a save stay at the bottom of the terminal.

Above it, in the scroll region (DECSTBM of the VT100), rows continue as usual:
native code writes them to stdout, and knows nothing of the area. So each
message saves the cursor, is written below the region, and restores the cursor.
The area is as high as its report, up to a third of the screen.

It needs the escape sequences that all terminals but TERM=dumb know, and
TIOCGWINSZ of ioctl_tty(2). If the trace is killed, its monitor, which shares
_is_there, gives the terminal back; if both are, reset(1) does.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import re

from opensnooplib.base.borrowed_terminal import Borrowed
from opensnooplib.base.messages import counted, write_line
from opensnooplib.options import Output

# On fewer lines there is no area: rows need them.
_LEAST_LINES = 12

# DECSC and DECRC: the cursor, with its colours. To set a region moves it.
_SAVE, _RESTORE = "\x1b7\x1b[m", "\x1b8"
# The region is the whole screen; nothing is below the cursor.
_GIVE_BACK = f"{_SAVE}\x1b[r{_RESTORE}\x1b[J"
_COLOR = r"\x1b\[[\d;]*m"

# Not 0: there is an area. The monitor is forked after this module is imported.
_is_there = mmap.mmap(-1, mmap.PAGESIZE)


def clean_up() -> None:
    """End the area of a trace that was killed. Raises OSError."""
    if _is_there[0]:
        os.write(2, _GIVE_BACK.encode())


class StatusArea(Borrowed):
    """The area; without a terminal for it, messages are written as usual."""

    def __init__(self, output: Output) -> None:
        self._report = ""  # lines, without the last newline
        # The next message is about another save: it replaces the report.
        self.is_past = True
        self._drawn: tuple[object, ...] = ()  # terminal's size, and report
        self._height = 0  # lines that rows don't have
        is_alone = output.top or output.output_file or output.record
        is_dumb = os.environ.get("TERM", "") in ("", "dumb")
        if os.isatty(1) and os.path.sameopenfile(1, 2):
            if not is_alone and not is_dumb:
                self.enter()

    def write(self, text: str) -> None:
        """Add lines to the report."""
        self._report = text if self.is_past else f"{self._report}\n{text}"
        self.is_past = False
        self.draw()
        if not self._height:
            write_line(text)

    def draw(self) -> None:
        """Draw the area if its report, or the terminal's size, has changed."""
        with contextlib.suppress(OSError):  # the terminal is gone
            size = os.get_terminal_size(2)
            if self._is_on and self._drawn != (size, self._report):
                self._fit(size)

    def _restore(self) -> None:
        """Also print the report where it stays: above all that follows."""
        self._drawn = ()
        if self._height:
            self._height = _is_there[0] = 0
            os.write(2, f"{_GIVE_BACK}{self._report}\n".encode())

    def _fit(self, size: os.terminal_size) -> None:
        """Put the area where the cursor, and so the rows, are above it."""
        lines = self._lines(size) if size.lines >= _LEAST_LINES else []
        self._drawn = size, self._report
        self._height = _is_there[0] = len(lines)
        top = size.lines - self._height
        # IND and RI: down, which scrolls at the end of the screen, and up.
        text = _GIVE_BACK + "\x1bD" * self._height + "\x1bM" * self._height
        text += f"{_SAVE}\x1b[1;{top}r"
        for number, line in enumerate(lines, top + 1):
            text += f"\x1b[{number}H\x1b[?7l{line}\x1b[?7h"  # not wrapped
        os.write(2, f"{text}{_RESTORE}".encode())

    def _lines(self, size: os.terminal_size) -> list[str]:
        """A rule, and the report as lines of the terminal, if need be cut."""
        width, most = size.columns, size.lines // 3
        piece = rf"(?:(?:{_COLOR})*.){{1,{width}}}(?:{_COLOR})*|^$"
        lines = re.findall(piece, self._report.expandtabs(), re.M)
        if len(lines) > most:
            more = counted(len(lines) - most + 1, "more line")
            lines[most - 1 :] = [f"\x1b[m({more}, printed at the end)"]
        return ["-" * width, *lines]
