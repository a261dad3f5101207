# SPDX-License-Identifier: Apache-2.0
"""The removal of an old program set of a --live trace, step by step."""

from __future__ import annotations

import _thread
import os
import time
from typing import Callable, List

from opensnooplib.base import libc, native_library
from opensnooplib.trace.program_set import ProgramSet
from opensnooplib.trace.running_trace import Trace

# Time for programs that run during a switch to end. They take microseconds,
# but some kernels let other tasks run in between.
_GRACE_SECONDS = 1.0

# How often the map "start" is searched for what is still under way.
_LOOK_SECONDS = 0.25


class Retirement:
    """Wait for the opens under way, detach, show the rest, close."""

    def __init__(
        self, trace: Trace, old: ProgramSet, stubs: List[int]
    ) -> None:
        """`stubs` are descriptors of the stubs that only `old` needed."""
        self._trace = trace
        self._old = old
        self._stubs = stubs
        self._is_detached = False
        self._next: Callable[[], bool] = self._await_ends
        self._due = time.monotonic() + _GRACE_SECONDS

    def step(self) -> bool:
        """Do what is due. Returns whether the program set is gone."""
        return time.monotonic() >= self._due and self._next()

    def _await_ends(self) -> bool:
        if self._old.is_under_way():
            self._due += _LOOK_SECONDS
            return False
        self._next = self._await_detached
        _thread.start_new_thread(self._detach, ())
        return False

    def _detach(self) -> None:
        """Runs in its own thread: detaching waits for the kernel's RCU."""
        for fd in self._stubs:
            os.close(fd)
        self._old.detach()
        self._is_detached = True

    def _await_detached(self) -> bool:
        if not self._is_detached:
            return False
        grace_ns = int(_GRACE_SECONDS * 1e9)
        self._ended_ns = native_library.kernel_clock_ns() + grace_ns
        self._next = self._close
        return False

    def _close(self) -> bool:
        trace, old = self._trace, self._old
        if trace.rings.read_until_ns() < self._ended_ns:
            return False
        lost, missed = old.lost(), old.missed()
        trace.past_not_followed += old.not_followed()
        trace.past_lost += lost
        trace.past_missed += missed
        trace.older.remove(old)
        trace.rings.drop_stream(self._old.stream)
        _thread.start_new_thread(old.close, ())
        libc.give_back_memory()
        return True
