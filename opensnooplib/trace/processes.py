# SPDX-License-Identifier: Apache-2.0
"""The processes of -p: a trace ends with the last of them."""

from __future__ import annotations

import os
import select
from typing import Callable, Sequence

from opensnooplib.base.errors import UsageError


def have_ended(pids: Sequence[int]) -> Callable[[], bool]:
    """A function that says whether all of these processes have ended.

    It takes no privileges, and isn't misled by others that get the same PIDs.
    Raises UsageError if one has ended by now.
    """
    running = select.poll()
    for pid in pids:
        try:
            running.register(os.pidfd_open(pid))
        except ProcessLookupError:
            raise UsageError(f"-p {pid}: no such process") from None
    return lambda: len(running.poll(0)) == len(pids)
