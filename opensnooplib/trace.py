# SPDX-License-Identifier: Apache-2.0
"""A trace: attached programs, the rings they write to, and what is counted."""

from __future__ import annotations

import os
import time
from opensnooplib import calibration, kernel, row_format
from opensnooplib.options import Options
from opensnooplib.compile_room import COUNTERS_MAP, EVENTS_MAP, sees_first
from opensnooplib.cpus import CpuFollower
from opensnooplib.launch import Launched
from opensnooplib.messages import Messages
from opensnooplib.reader import (
    Counts,
    Reader,
    State,
    percpu_array_sum,
    program_misses,
)

# enum counter of bpf_src/record.h
_LOST, _MISSED = 0, 1

# A program that has taken its record's time completes it within this.
_COMPLETION_SECONDS = 0.001


class Trace:
    """From begin() to end(); then tell() has the sum."""

    def __init__(
        self,
        rings: Reader,
        launched: Launched,
        options: Options,
        messages: Messages,
    ) -> None:
        """Raises OpensnoopError for a struct event that can't be shown."""
        self.rings = rings
        self._taken = taken = launched.handover
        self.room = launched.room
        self._options = options
        self._messages = messages
        self._cpu_count = kernel.possible_cpu_count()
        self._cpus = CpuFollower(rings, taken.maps[EVENTS_MAP])
        self._format = row_format.choose(
            taken.schema, options, row_format.wall_offset_ns()
        )
        rings.set_format(self._format)

    def prove(self) -> calibration.Result:
        """See that opens are seen; the trace begins with the last of them."""
        result = calibration.calibrate(
            self.rings, self._taken.calls, self._count_from_here
        )
        self._began = time.monotonic()
        return result

    def _count_from_here(self) -> None:
        self._lost_before = self._lost()
        self._missed_before = self._missed()

    def begin(self, output: int) -> None:
        """Begin with rows to `output`."""
        self.rings.start(
            output,
            self._options.row_limit,
            os.getpid(),
            self._options.unbuffered,
        )
        self.rings.put_heading(self._format.heading())

    def poll(self, timeout_ms: int) -> State:
        """Wait for records, and write the rows of those that came."""
        self._cpus.follow()
        self.room.reap_if_ended()
        return self.rings.poll(timeout_ms)

    def _counter(self, index: int) -> int:
        counters = self._taken.maps[COUNTERS_MAP]
        return percpu_array_sum(counters, index, self._cpu_count)

    def _lost(self) -> int:
        return self._counter(_LOST)

    def _missed(self) -> int:
        """Opens that found the map full, and programs that were skipped."""
        skipped = [
            program_misses(fd)
            for name, fd in self._taken.programs.items()
            if sees_first(
                name, self._taken.programs
            )  # an end that is skipped is counted in the C
        ]
        return self._counter(_MISSED) + sum(skipped)

    def end(self) -> State:
        """Write the rows of all opens until now."""
        until_ns = time.monotonic_ns()
        self._seconds = until_ns / 1e9 - self._began
        time.sleep(_COMPLETION_SECONDS)
        return self.rings.finish(until_ns)

    def tell(self) -> None:
        """The last line: what was shown, and what was not."""
        counts = self.rings.counts()
        lost = self._lost() - self._lost_before
        missed = self._missed() - self._missed_before
        line = end_line(counts, lost, missed, self._seconds)
        if lost or missed or counts.unreadable or counts.unwritten:
            self._messages.warn(line)
        else:
            self._messages.note(line)

    def detach(self) -> None:
        """Take the programs off; each waits for the kernel's RCU."""
        for fd in self._taken.attachments.values():
            os.close(fd)
        self._taken.attachments.clear()

    def close(self) -> None:
        """Detach, and give the programs and maps back."""
        self.detach()
        self._cpus.close()
        self._taken.close()


def end_line(counts: Counts, lost: int, missed: int, seconds: float) -> str:
    parts = [
        f"{counts.shown} shown",
        f"{lost} lost",
        f"{counts.unreadable} unreadable",
        f"{missed} missed",
    ]
    if counts.cut:
        parts.append(f"{counts.cut} longer than PATH_MAX")
    if counts.unwritten:
        parts.append(f"{counts.unwritten} not written")
    return ", ".join(parts) + f", in {seconds:.1f} s"
