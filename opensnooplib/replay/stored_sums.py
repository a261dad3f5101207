# SPDX-License-Identifier: Apache-2.0
"""--replay with --summary: when counts are shown."""

from __future__ import annotations

from opensnooplib.options import Options
from opensnooplib.recording.description import Description
from opensnooplib.recording.recording_file import RecordingReader
from opensnooplib.replay.stored_counts import ReplayCounts
from opensnooplib.summary import summing
from opensnooplib.summary.summing import Total


class ReplaySums:
    """The sums of one replay. Methods raise OSError."""

    def __init__(
        self,
        rows: RecordingReader,
        output: int,
        options: Options,
        described: Description,
    ) -> None:
        self._rows = rows
        self._options = options
        self._counts = ReplayCounts(rows, output)
        self.total = Total()
        self._began_ns = described.clock.monotonic_ns
        self._interval_ns = int((options.interval or 0) * 1e9)
        self.use(described)
        self._go_on(self._began_ns)

    def use(self, described: Description) -> None:
        """Read records as `described` from here on."""
        self._counts.use(described.schema)

    def _go_on(self, now_ns: int) -> None:
        """Count up to the end of the interval that `now_ns` is in."""
        if not self._interval_ns:
            return
        passed = max(0, now_ns - self._began_ns) // self._interval_ns
        self._counts.stop_at(self._began_ns + (passed + 1) * self._interval_ns)

    def show_if_due(self) -> None:
        """Show an interval that has ended, unless it had no opens."""
        stopped_at = self._counts.stopped_at
        if stopped_at:
            self._show(self._interval_ns / 1e9)
            self._go_on(stopped_at)

    def end(self, seconds: float) -> None:
        """Show the rest of a trace that took `seconds`."""
        if self._interval_ns:
            seconds %= self._interval_ns / 1e9
        self._show(seconds)

    def _show(self, seconds: float) -> None:
        summary = self._counts.take(seconds)
        self.total.add(summary)
        text = summing.render(summary, self._options)
        try:
            self._rows.put_text(text)
        except OSError:
            self._rows.finish(0)  # waits for the output
            self._rows.put_text(text)
