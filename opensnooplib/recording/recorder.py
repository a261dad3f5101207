# SPDX-License-Identifier: Apache-2.0
"""--record: the counts, beside the records that native code writes.

With --keep, the recording goes on in a new file when one holds as much as
asked for, and the file before it is kept as FILE.1: so at least that much is
there. Each of the two can be replayed by itself, as if the trace had begun
with it.
"""

from __future__ import annotations

import os
import struct
import time
from contextlib import suppress
from typing import Callable

from opensnooplib.base import libc, output_file, privileged
from opensnooplib.base.errors import UsageError, as_sentence
from opensnooplib.base.messages import Messages
from opensnooplib.base.monitor import Descriptor
from opensnooplib.base.privileged import FUNCTIONS
from opensnooplib.options import Output
from opensnooplib.reader import Reader
from opensnooplib.recording import description

# How often counts are written: what was lost is known up to a crash.
_COUNTS_SECONDS = 1


class Recorder:
    """A recording that is being written."""

    def __init__(
        self,
        rings: Reader,
        output: Output,
        fd: int,
        missing: Callable[[], tuple[int, int]],
        messages: Messages,
    ) -> None:
        """`fd` is that of the file that is written first.

        missing: how many opens of the trace were lost, and missed, so far.
        """
        self._rings = rings
        self._output = output
        self._fd = fd
        self._missing = missing
        self._messages = messages
        self._counted = self._before = 0, 0  # missing; before this file
        self._began = time.monotonic()
        self._records = 0  # up to the last counts
        self._next_counts = 0.0

    def step(self) -> bool:
        """Write counts if they are due, or go on in a new file if that is.

        Returns whether it did: the file needs a description. Raises
        OpensnoopError.
        """
        if self._rings.counts().shown == self._records:
            return False
        now, keep = time.monotonic(), self._output.keep
        if keep and (
            now - self._began >= keep.seconds
            or os.fstat(self._fd).st_size >= keep.size
        ):
            return self._turn()
        if now >= self._next_counts:
            self.put_counts()
        return False

    def put_counts(self, ended: bool = False) -> None:
        """Write how many records are missing from this file up to here."""
        self._records = self._rings.counts().shown
        self._next_counts = time.monotonic() + _COUNTS_SECONDS
        lost, missed = self._counted = self._missing()
        lost, missed = lost - self._before[0], missed - self._before[1]
        facts = description.count(lost, missed, ended)
        with suppress(OSError):  # the next poll reports it
            self._rings.put_text(facts)

    def _turn(self) -> bool:
        """Go on in a new file, unless this one could not take the counts.

        Raises OpensnoopError.
        """
        self.put_counts(ended=True)
        if self._rings.counts().error:
            return False
        fd = _next_piece()
        if self._rings.turn_output(fd):
            self._messages.warn(
                f"{self._output.record} was truncated or removed: what was "
                "already written to it is gone, and the recording goes on in "
                "a new file"
            )
        os.close(self._fd)
        self._fd, self._began = fd, time.monotonic()
        self._before = self._counted
        return True


def _next_piece() -> int:
    """The descriptor of a new FILE. Raises OpensnoopError."""
    with as_sentence("--keep: no new file could be begun"):
        return int(privileged.do("next_piece"))


def put_aside(fd: int) -> None:
    """Let what an earlier trace has recorded in FILE be FILE.1.

    `fd` is then that of a new FILE. Raises OpensnoopError.
    """
    fresh = _next_piece()
    os.dup2(fresh, fd, inheritable=False)
    os.close(fresh)


def let_monitor_turn(path: str, fd: int) -> None:
    """Let the monitor, which is started after this, open the next file.

    `fd` is that of the first. The trace, which reads hostile records, chooses
    no path. Raises OpensnoopError if the tool was given `fd`, or FILE.1 is
    there and must not be replaced.
    """
    if output_file.was_given(fd):
        raise UsageError("--keep needs a file: --record FILE")
    import fcntl  # seldom needed

    path = os.path.abspath(path)
    folder, name = os.path.split(path)
    older = f"{path}.1"
    with as_sentence(f"--keep: {older}"), suppress(FileNotFoundError):
        os.lstat(older)  # its name may be too long
        os.close(description.open_for_writing(older))

    def next_piece() -> Descriptor:
        # By now, a link in the path may lead to somebody else's directory.
        at = libc.open_without_links(folder, os.O_PATH | os.O_CLOEXEC)
        with suppress(FileNotFoundError):  # somebody has moved it
            os.rename(name, f"{name}.1", src_dir_fd=at, dst_dir_fd=at)
        os.close(at)
        new = description.open_for_writing(path)
        # The lock goes with the open file, unlike that of a process.
        os.lockf(new, os.F_ULOCK, 0)
        lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
        fcntl.fcntl(new, fcntl.F_OFD_SETLK, lock)
        return Descriptor(new)

    FUNCTIONS["next_piece"] = next_piece
