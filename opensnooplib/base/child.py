# SPDX-License-Identifier: Apache-2.0
"""A child process for work that must not happen in this one."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from signal import SIGHUP, SIGINT, SIGTERM, SIGUSR1
from typing import Callable

from opensnooplib.base import libc, native_library, privileged
from opensnooplib.base.privileged import by_monitor

# What asks for a clean end; SIGUSR1 is for a program that has seen what a
# recording with --keep is for. They may be sent to all processes of the tool.
ENDING_SIGNALS = (SIGINT, SIGTERM, SIGHUP, SIGUSR1)


def ignore_ending_signals() -> None:
    """Ignore what asks for the end: in a child, or as Python ends.

    Python first resets signals with handlers, but not those that are ignored.
    """
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def fork(work: Callable[[], object], outlives: bool = False) -> int:
    """Fork a child that does the work. Returns its PID.

    Its exit status is 0, or 1 after an exception. It ends with this process,
    unless it outlives it, or this process is of another user by then.
    """
    parent = os.getpid()
    native_library.load()  # here: the child makes no syscalls but the work's
    # Signals wait: Python swallows what they raise in its hooks for forks.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    pid = -1
    try:
        pid = os.fork()
        if pid == 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            privileged.connect(0, 0)  # only the trace itself may ask
            if not outlives:
                libc.end_with(parent)
            work()
            os._exit(0)
    finally:
        if pid == 0:  # an exception would make this a second trace
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return pid


# The monitor's children end with it.
@by_monitor(0, if_gone=0)
def status(pid: int) -> int:
    """The status of a child, as waitpid(2) has it; -1: it has not ended.

    A child that has ended is one no longer. Raises OSError.
    """
    _ended(pid)
    ended, found = os.waitpid(pid, os.WNOHANG)
    return found if ended else -1


@by_monitor(0, if_gone=0)
def kill(pid: int) -> int:
    """Kill a child, with its group if it leads one, but don't wait.

    Returns 0. Raises OSError.
    """
    _ended(pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    return 0


def is_running(pid: int) -> bool:
    """Is it a child that has not ended?"""
    try:
        return _ended(pid) is None
    except ChildProcessError:
        return False


def _ended(pid: int) -> object | None:
    """None for a child that runs. Raises ChildProcessError for no child.

    A child's PID is its own until somebody has waited for it.
    """
    if pid <= 0:  # waitpid(2) would take it for any child
        raise ChildProcessError(errno.ECHILD, os.strerror(errno.ECHILD))
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
