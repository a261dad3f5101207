# SPDX-License-Identifier: Apache-2.0
"""A child process for work that must not happen in this one."""

from __future__ import annotations

import os
import signal
from typing import Callable

from opensnooplib.base import libc
from opensnooplib.base.privileged import by_monitor


def fork(work: Callable[[], object], outlives: bool = False) -> int:
    """Fork a child that does the work. Returns its PID.

    Its exit status is 0, or 1 after an exception. It ends with this process,
    unless it outlives it.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            if not outlives:
                libc.end_with(parent)
            work()
            os._exit(0)
        finally:  # an exception would make this a second trace
            os._exit(1)
    return pid


# The monitor's children end with it.
@by_monitor(0, if_gone=0)
def status(pid: int) -> int:
    """The status of a child, as waitpid(2) has it; -1: it has not ended.

    A child that has ended is one no longer. Raises OSError.
    """
    ended, found = os.waitpid(pid, os.WNOHANG)
    return found if ended else -1


@by_monitor(0, if_gone=0)
def kill(pid: int) -> int:
    """Kill a child, but don't wait for its end. Returns 0. Raises OSError."""
    # Another process could have its PID, if it isn't a child.
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    os.kill(pid, signal.SIGKILL)
    return 0
