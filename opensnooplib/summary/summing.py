# SPDX-License-Identifier: Apache-2.0
"""--summary, --interval, --top, --once: when counts are shown, and how."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Callable

from opensnooplib.base import native_library
from opensnooplib.options import Options
from opensnooplib.reader import Reader, State
from opensnooplib.summary import as_json, tables
from opensnooplib.summary.tables import View
from opensnooplib.summary.tally import Tally
from opensnooplib.summary.totals import Summary

if TYPE_CHECKING:
    from opensnooplib.summary.top_screen import Screen

_TOP_SECONDS = 1.0

# Bytes for files, and as many for groups. While a table is made, a trace
# reads no rings; a replay has time.
_ROOM, _ROOM_OF_REPLAY = 8 << 20, 64 << 20


class Summing:
    """Shows the counts of what `rows` reads. Methods raise OSError."""

    def __init__(self, rows: Reader, options: Options, began_ns: int) -> None:
        """The first interval begins at `began_ns`, of CLOCK_MONOTONIC."""
        self._rows = rows
        self._output = output = options.output
        is_replay = output.replay is not None
        room = _ROOM_OF_REPLAY if is_replay else _ROOM
        self._tally = Tally(rows, options.columns.latency, room)
        self._screen: Screen | None = None
        self._has_quit = False  # the person, --top
        self._waiting = ""  # text that the output had no room for
        if output.summary:
            rows.done = "counted"
        # With --once, it is an interval of --maps alone.
        interval = 0.0 if output.once else output.interval or 0.0
        if output.top:
            from opensnooplib.summary import top_screen  # not needed before

            self._screen = top_screen.Screen(self._put, self._regroup)
            # A screen of a replay stays: it is one of the whole recording.
            interval = 0.0 if is_replay else interval or _TOP_SECONDS
        self._interval_ns = int(interval * 1e9)
        self._began_ns = began_ns
        if interval and is_replay:
            self._stop_after(began_ns)

    def _stop_after(self, now_ns: int) -> None:
        """Begin the interval that `now_ns` is in; count up to its end.

        A trace doesn't need this, since it reads opens soon after they end.
        """
        passed = max(0, now_ns - self._began_ns) // self._interval_ns
        self._began_ns += passed * self._interval_ns
        self._tally.stop_at(self._began_ns + self._interval_ns)

    def step(self, read_until_ns: int = 0) -> bool:
        """Show an interval that has ended.

        A trace has counted all opens before `read_until_ns`. Returns False
        when the person has ended --top.
        """
        end_ns = self._began_ns + self._interval_ns
        stopped_at = self._tally.stopped_at
        if self._waiting:
            self._put(self._waiting)
        elif stopped_at:
            self._show(end_ns)
            self._stop_after(stopped_at)
        elif self._interval_ns and read_until_ns >= end_ns:
            self._show(read_until_ns)
        self._has_quit |= bool(self._screen and self._screen.is_to_end())
        return not self._has_quit

    def end(self, until_ns: int, stays: Callable[[], bool] = bool) -> State:
        """Count the opens before `until_ns`, and show what is left.

        The screen of --top is on until q is pressed, or as long as `stays()`.
        """
        self._rows.finish(until_ns)  # also waits for the output
        if self._waiting:
            self._put(self._waiting)
        self._show(until_ns)
        state = self._rows.finish(0)
        if self._screen:
            while stays() and self.step():
                time.sleep(0.04)
            self._screen.leave()
        return state

    def _regroup(self) -> None:
        """Count by the next columns, for --top. A replay has counted all."""
        if self._output.replay is None:
            self._show(native_library.kernel_clock_ns())
            self._rows.count_by_next()

    def _show(self, until_ns: int) -> None:
        """Show the counts of an interval that ends at `until_ns`."""
        summary = self._tally.take(max(0, until_ns - self._began_ns) / 1e9)
        self._began_ns = until_ns
        self._rows.no_place += sum(summary.no_place.values())
        if self._output.once:
            again = sum(group.opened - 1 for group in summary.groups)
            self._rows.repeated = again
        if self._screen:
            self._screen.show(summary)
        else:
            self._put(self._as_text(summary))

    def _as_text(self, summary: Summary) -> str:
        is_json = self._output.format == "json"
        if self._output.once:
            show = as_json.how_often if is_json else tables.how_often
            return show(summary)
        if is_json:
            return as_json.line(summary)
        text = tables.table(summary, View(self._output.table_rows))
        return text + "\n" if self._output.interval else text

    def _put(self, text: str) -> None:
        self._waiting = text
        with contextlib.suppress(OSError):
            self._rows.put_text(text)
            self._waiting = ""
