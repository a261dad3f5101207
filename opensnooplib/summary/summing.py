# SPDX-License-Identifier: Apache-2.0
"""--summary, --interval, --top: when counts are shown, and how."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable, Mapping, Optional

from opensnooplib.source.known_maps import START_MAP
from opensnooplib.kernel import this_kernel
from opensnooplib.options import Options
from opensnooplib.plan_list import PLANS
from opensnooplib.reader import Counts, Reader
from opensnooplib.summary import as_json, tables
from opensnooplib.summary.kernel_counts import KernelCounts
from opensnooplib.summary.totals import Summary

if TYPE_CHECKING:
    from opensnooplib.summary.top_screen import Screen

_TOP_SECONDS = 1.0


def render(summary: Summary, options: Options) -> str:
    if options.format == "json":
        return as_json.line(summary)
    text = tables.table(summary)
    return text + "\n" if options.interval else text


class Total:
    """The sums of all summaries of a trace, for its last line."""

    def __init__(self) -> None:
        self._counted = 0
        self._unreadable = 0
        self.no_place = 0

    def add(self, summary: Summary) -> None:
        self._counted += summary.opened
        self._unreadable += summary.unreadable
        full = summary.no_place
        self.no_place += full.files + full.processes

    def as_counts(self) -> Counts:
        """The sums, with counted opens as shown ones."""
        return Counts(self._counted, 0, self._unreadable, 0)


class Summing:
    """A trace that counts in the kernel. Methods raise OSError."""

    def __init__(
        self, rings: Reader, maps: Mapping[str, int], options: Options
    ) -> None:
        self._rings = rings
        self._options = options
        self._counts = KernelCounts(
            maps,
            sees_begin=START_MAP in maps,
            preempted=this_kernel.preempts_programs(PLANS[options.plan].hook),
        )
        self._interval = options.interval
        self._show: Callable[[Summary], None] = self._write
        self._screen: Optional[Screen] = None
        self._waiting = ""  # text that the output had no room for
        self.total = Total()

    def begin(self) -> None:
        """Begin to count: what was counted before is dropped."""
        self._counts.take(0)
        self._began = time.monotonic()
        if self._options.top:
            # Imported here since a summary doesn't need it.
            from opensnooplib.summary.top_screen import Screen

            self._screen = Screen(self._put)
            self._screen.enter()
            self._show = self._screen.show
            self._interval = self._interval or _TOP_SECONDS

    def poll(self) -> bool:
        """Show the counts of an interval that has ended.

        Returns False when the person has ended --top.
        """
        if self._waiting:
            self._put(self._waiting)
        elif self._interval:
            if time.monotonic() >= self._began + self._interval:
                self._show_counts()
        return not (self._screen and self._screen.is_to_end())

    def end(self) -> None:
        if self._waiting:
            self._rings.finish(0)  # waits for the output
            self._put(self._waiting)
        self._show_counts()
        if self._screen:
            self._rings.finish(0)
            self._screen.leave()

    def _show_counts(self) -> None:
        now = time.monotonic()
        summary = self._counts.take(now - self._began)
        self._began = now
        self.total.add(summary)
        self._show(summary)

    def _write(self, summary: Summary) -> None:
        self._put(render(summary, self._options))

    def _put(self, text: str) -> None:
        try:
            self._rings.put_text(text)
        except OSError:
            self._waiting = text
            return
        self._waiting = ""
