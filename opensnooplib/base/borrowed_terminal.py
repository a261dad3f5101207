# SPDX-License-Identifier: Apache-2.0
"""A terminal that is changed for a while, and given back: at Ctrl-Z, too."""

from __future__ import annotations

import atexit
import contextlib
import signal
import termios
from typing import Any


class Borrowed:
    """A terminal between enter() and leave(), which is called at any exit.

    But for one by SIGKILL. It is also given back while the process is stopped
    (Ctrl-Z). A subclass says what is changed.
    """

    _is_on = False

    def enter(self) -> None:
        self._change()
        atexit.register(self.leave)
        for number in (signal.SIGTSTP, signal.SIGQUIT):
            signal.signal(number, self._step_aside)

    def leave(self) -> None:
        """Give the terminal back as it was."""
        if self._is_on:
            self._is_on = False
            with contextlib.suppress(OSError, termios.error):  # it may be gone
                self._restore()

    def _step_aside(self, number: int, _frame: Any) -> None:
        """Leave for Ctrl-Z, and come back; leave for good for Ctrl-\\."""
        self.leave()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        signal.signal(number, self._step_aside)
        self._change()

    def _change(self) -> None:
        """Change the terminal, and draw what was there before, if anything."""
        self._is_on = True

    def _restore(self) -> None:
        """Undo _change(). Raises OSError and termios.error."""
