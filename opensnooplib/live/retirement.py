# SPDX-License-Identifier: Apache-2.0
"""The removal of an old program set of a --live trace, step by step."""

from __future__ import annotations

import _thread
import os
import time
from typing import Iterator

from opensnooplib.base import libc, native_library
from opensnooplib.trace import maps_view
from opensnooplib.trace.program_set import ProgramSet
from opensnooplib.trace.running_trace import Trace

# Time for programs that run during a switch to end. They take microseconds,
# but some kernels let other tasks run in between.
_GRACE_SECONDS = 1.0

# How often the map "start" is searched for what is still under way.
_LOOK_SECONDS = 0.25


def steps(trace: Trace, old: ProgramSet, stubs: list[int]) -> Iterator[None]:
    """Wait for the opens under way, detach, show the rest, close.

    Nothing here waits: take the next step in each round of the trace. `stubs`
    are descriptors of the stubs that only `old` needed.
    """
    is_detached = []

    def detach() -> None:
        """Runs in its own thread: detaching waits for the kernel's RCU."""
        for fd in stubs:
            os.close(fd)
        old.detach()
        is_detached.append(True)

    yield from _pause(_GRACE_SECONDS)
    while old.is_under_way():
        yield from _pause(_LOOK_SECONDS)
    _thread.start_new_thread(detach, ())
    while not is_detached:
        yield
    yield from _pause(_GRACE_SECONDS)
    until_ns = native_library.kernel_clock_ns()
    while trace.rings.read_until_ns() < until_ns:
        yield
    if trace.options.probe.maps:
        maps_view.show_contents(trace, old, lambda: trace.poll(0))
    trace.past_not_followed += old.not_followed()
    trace.past_lost += old.lost()
    trace.past_missed += old.missed()
    trace.older.remove(old)
    for stream in old.streams:
        trace.rings.drop_stream(stream)
    _thread.start_new_thread(old.close, ())
    libc.give_back_memory()


def _pause(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
