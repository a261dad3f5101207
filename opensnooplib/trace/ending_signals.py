# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, SIGTERM, SIGHUP and SIGUSR1: all ask for a clean end."""

from __future__ import annotations

import math
import signal
import time
from typing import Any

from opensnooplib.base.child import ENDING_SIGNALS


class EndedEarly(BaseException):
    """A signal asked for the end before the trace began."""


class EndingSignals:
    """Until wait_for_rows(), a signal raises EndedEarly; then it is noted."""

    def __init__(self, after_ctrl_c: float = 0) -> None:
        """`after_ctrl_c`: the seconds from a Ctrl-C to the deadline."""
        self.received = False
        self.deadline = math.inf  # of time.monotonic()
        self._after_ctrl_c = after_ctrl_c
        self._raises = True
        for number in ENDING_SIGNALS:
            # Ignored signals stay ignored: nohup(1) ignores SIGHUP.
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._receive)

    def _receive(self, number: int, _frame: Any) -> None:
        self.received = True
        wait = self._after_ctrl_c if number == signal.SIGINT else 0
        self.deadline = min(self.deadline, time.monotonic() + wait)
        if self._raises:
            raise EndedEarly

    def wait_for_rows(self) -> None:
        """From here on rows may be under way, which must not be lost."""
        self._raises = False
