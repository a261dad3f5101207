# SPDX-License-Identifier: Apache-2.0
"""--top: the summary as a screen that is drawn again and again.

It uses a few escape sequences that all terminals know, rather than curses,
which isn't part of every Python. Lines are not wrapped, so that a path of any
width stays on its line; paths are quoted as in a row, so that they hold no
escape sequences.
"""

from __future__ import annotations

import os
import select
import termios
import tty
from typing import Any, Callable

from opensnooplib.base.borrowed_terminal import Borrowed
from opensnooplib.base.errors import UsageError
from opensnooplib.summary import tables
from opensnooplib.summary.tables import View
from opensnooplib.summary.totals import Summary

# xterm's "Alternate Screen Buffer", "Hide Cursor" and "No Auto-Wrap".
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
_LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_HOME, _END_OF_LINE, _END_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"

# Lines of a section beside its rows: title, heading, "and more", empty line.
_LINES_BESIDE_ROWS = 4
_SECTIONS = 4

_KEYS = "q: quit, p: pause, s: sort, g: group, /: only rows with a text"


def _size() -> os.terminal_size:
    """The size of the terminal; a serial console, say, reports 0 by 0."""
    columns, lines = os.get_terminal_size(1)
    return os.terminal_size((columns or 80, lines or 24))


def check_terminal() -> None:
    """Raises UsageError where stdout is not a terminal."""
    if not os.isatty(1):
        raise UsageError(
            "--top needs a terminal, and stdout is not one; --summary "
            "--interval 1 writes the same as text"
        )


class Screen(Borrowed):
    """A screen from the first is_to_end() to leave()."""

    def __init__(
        self, put: Callable[[str], None], regroup: Callable[[], None]
    ) -> None:
        """`put` sends text to the terminal, and never waits for long.

        `regroup` counts by other columns from then on.
        """
        self._put = put
        self._regroup = regroup
        self._size = _size()
        self._last: Summary | None = None
        self._modes: list[Any] | None = None
        self._view = View(0)
        self._is_paused = False
        self._is_typing = False  # what rows must hold

    def _change(self) -> None:
        super()._change()
        if os.isatty(0):
            self._modes = termios.tcgetattr(0)
            tty.setcbreak(0)
        self._put(_ENTER)
        self._draw()

    def _restore(self) -> None:
        if self._modes:
            termios.tcsetattr(0, termios.TCSADRAIN, self._modes)
        os.write(1, _LEAVE.encode())

    def show(self, summary: Summary) -> None:
        if not (self._is_paused and self._last):
            self._last = summary
            self._draw()

    def is_to_end(self) -> bool:
        """Was q pressed? Also redraws a screen whose size has changed.

        The first call enters the screen, which hides what is said from then.
        """
        try:
            return self._look()
        except OSError:  # the terminal is gone
            return True

    def _look(self) -> bool:
        if not self._is_on:
            self.enter()
        if _size() != self._size:
            self._draw()
        if not self._modes or not select.select([0], [], [], 0)[0]:
            return False
        keys = os.read(0, 64).decode(errors="replace")
        is_to_end = not keys
        if keys[:1] != "\x1b" or keys == "\x1b":  # no arrow or function key
            is_to_end |= any([self._press(key) for key in keys])
        self._draw()
        return is_to_end

    def _press(self, key: str) -> bool:
        """Do what a key asks for. Is that the end?"""
        view = self._view
        if key == "\x1b":
            self._is_typing, view = False, view._replace(holds="")
        elif self._is_typing:
            self._is_typing = key not in "\r\n"
            if key in "\b\x7f":
                view = view._replace(holds=view.holds[:-1])
            elif key.isprintable():
                view = view._replace(holds=view.holds + key)
        elif key == "/":
            self._is_typing, view = True, view._replace(holds="")
        elif key in "pP":
            self._is_paused = not self._is_paused
        elif key in "sS":
            order = "opened" if view.order == "failed" else "failed"
            view = view._replace(order=order)
        elif key in "gG":
            self._regroup()
        self._view = view
        return key in "qQ" and not self._is_typing

    def _status(self) -> str:
        words = ["paused"] if self._is_paused else []
        if self._is_typing or self._view.holds:
            words.append(f"/{self._view.holds}{'_' * self._is_typing}")
        return "  ".join([*words, _KEYS])

    def _draw(self) -> None:
        width, height = self._size = _size()
        if self._last is None or not self._is_on:
            return
        rows = height // _SECTIONS - _LINES_BESIDE_ROWS
        text = tables.table(self._last, self._view._replace(most=max(rows, 1)))
        lines = [f"opensnoop: {self._status()}", *text.splitlines()]
        # After a line as wide as the screen, the cursor is on its last
        # character: what is to be erased is erased before.
        drawn = (f"{_END_OF_LINE}{line[:width]}\r\n" for line in lines)
        self._put(_HOME + "".join([*drawn][: height - 1]) + _END_OF_SCREEN)
