# SPDX-License-Identifier: Apache-2.0
"""A child process for work that must not happen in this one."""

from __future__ import annotations

import os
from typing import Callable

from opensnooplib.base import libc


def fork(work: Callable[[], object]) -> int:
    """Fork a child that does the work. Returns its PID.

    Its exit status is 0, or 1 after an exception. It ends with this process.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            libc.end_with(parent)
            work()
            os._exit(0)
        finally:  # an exception would make this a second trace
            os._exit(1)
    return pid
