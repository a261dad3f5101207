# SPDX-License-Identifier: Apache-2.0
"""--record: the counts, beside the records that native code writes."""

from __future__ import annotations

import time

from opensnooplib.reader import Reader
from opensnooplib.recording import description

# How often counts are written: what was lost is known up to a crash.
_COUNTS_SECONDS = 1


class Recorder:
    """A recording that is being written."""

    def __init__(self, rings: Reader) -> None:
        self._rings = rings
        self._records = 0
        self._next_counts = 0.0

    def counts_are_due(self) -> bool:
        """Are there new records, and were the last counts a while ago?"""
        if time.monotonic() < self._next_counts:
            return False
        self._next_counts = time.monotonic() + _COUNTS_SECONDS
        before, self._records = self._records, self._rings.counts().shown
        return self._records > before

    def put_counts(self, lost: int, missed: int, ended: bool = False) -> None:
        """Write how many records are missing up to here."""
        facts = description.count(lost, missed, ended)
        try:
            self._rings.put_text(facts)
        except OSError:
            pass  # the output is full or gone: the next poll reports it
