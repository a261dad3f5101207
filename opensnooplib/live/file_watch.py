# SPDX-License-Identifier: Apache-2.0
"""Changes of files, by stat(2) of each, again and again.

The watcher does this, since stat(2) may wait for a file system.

Editors save in many ways: into the file, into a new one that is renamed over
it, by way of a backup or a link. All of these change what stat(2) says.
"""

from __future__ import annotations

import os
import time
from typing import Callable, Dict, Iterable, Optional, Tuple

_LOOK_SECONDS = 0.04

# A save is over when a look finds what the one before found, and no file has
# gone or become empty, but at the latest after this time: some programs never
# stop writing, and a file may be gone for good.
_LONGEST_SAVE_SECONDS = 1.0

# The time of the last change, and what else a save can change; None for a file
# that isn't there. The kernel's clock for this has steps of at most 10 ms,
# less than the time between two looks.
_State = Optional[Tuple[int, ...]]
_UNKNOWN: _State = ()
_STEP_NS = 10_000_000


class Watch:
    """Watches files; saves in quick succession count as one."""

    def __init__(
        self, paths: Iterable[str], note: Callable[[str], object] = str
    ) -> None:
        """Watch files that may have changed since they were read.

        `note` is called with each path before it is looked at.
        """
        self._note = note
        self._read: Dict[str, _State] = dict.fromkeys(paths, _UNKNOWN)
        self._seen = self._read  # by the last look
        self._read_at_ns = 0
        self._save_began = 0.0
        self.last_change = 0.0

    def have_changed(self) -> bool:
        """Look again, after a while: was a file saved, and is the save over?

        True once for each save. Then read the files, and call read() with what
        was read.
        """
        time.sleep(_LOOK_SECONDS)
        now = time.monotonic()
        last, self._seen = self._seen, {
            one: self._state(one) for one in self._read
        }
        if self._seen != last:
            self.last_change = now
            if last == self._read:
                self._save_began = now
        if self._seen == self._read:
            return False
        is_under_way = self._seen != last or any(
            _has_text(self._read[one]) and not _has_text(state)
            for one, state in self._seen.items()
        )
        if is_under_way and now < self._save_began + _LONGEST_SAVE_SECONDS:
            return False
        self._read = self._seen
        self._read_at_ns = time.time_ns()
        return True

    def read(self, paths: Iterable[str]) -> None:
        """Watch these files, which have just been read, and no others."""
        self._seen = self._read = {
            one: self._read[one] if one in self._read else self._new(one)
            for one in paths
        }

    def _new(self, path: str) -> _State:
        """The state of a file when it was read, if that is known."""
        state = self._state(path)
        is_older = not state or state[0] < self._read_at_ns - _STEP_NS
        return state if is_older else _UNKNOWN

    def _state(self, path: str) -> _State:
        self._note(path)
        try:
            found = os.stat(path)
        except OSError:
            return None
        return (
            found.st_ctime_ns,
            found.st_mtime_ns,
            found.st_size,
            found.st_ino,
            found.st_dev,
        )


def _has_text(state: _State) -> bool:
    """Has the file text, or may it have some?"""
    return state == _UNKNOWN or state is not None and state[2] > 0
