# SPDX-License-Identifier: Apache-2.0
"""--record: the counts, beside the records that native code writes.

With --keep, the recording goes on in a new file when one holds as much as
asked for, and the file before it is kept as FILE.1: so at least that much is
there, and at most twice as much. Each of the two can be replayed by itself.
"""

from __future__ import annotations

import os
import time

from opensnooplib.base import privileged
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.monitor import Descriptor
from opensnooplib.base.privileged import FUNCTIONS
from opensnooplib.options import Keep
from opensnooplib.reader import Reader
from opensnooplib.recording import description

# How often counts are written: what was lost is known up to a crash.
_COUNTS_SECONDS = 1


class Recorder:
    """A recording that is being written."""

    def __init__(self, rings: Reader, keep: Keep | None, fd: int) -> None:
        """`fd` is that of the file that is written first."""
        self._rings = rings
        self._keep = keep
        self._fd = fd
        self._began = time.monotonic()
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

    def turn_if_full(self, lost: int, missed: int) -> None:
        """Go on in a new file if this one holds as much as is to be kept.

        Raises OpensnoopError.
        """
        if not self._keep:
            return
        seconds = time.monotonic() - self._began
        size = os.fstat(self._fd).st_size
        if seconds < self._keep.seconds and size < self._keep.size:
            return
        try:
            fd = privileged.do("next_piece")
            self.put_counts(lost, missed, ended=True)
            self._rings.turn_output(fd)
        except OSError as error:
            raise OpensnoopError(
                f"--keep: no new file could be begun: {error.strerror}"
            ) from None
        os.close(self._fd)
        self._fd, self._began = fd, time.monotonic()


def let_monitor_turn(path: str) -> None:
    """Let the monitor, which is started after this, open the next file.

    The trace, which reads hostile records, chooses no path. Raises
    OpensnoopError if FILE.1 is there and must not be replaced.
    """
    path = os.path.abspath(path)
    if os.path.lexists(f"{path}.1"):
        os.close(description.open_for_writing(f"{path}.1"))

    def next_piece() -> Descriptor:
        if os.path.exists(path):  # or somebody has moved it
            os.rename(path, f"{path}.1")
        return Descriptor(description.open_for_writing(path))

    FUNCTIONS["next_piece"] = next_piece
