# SPDX-License-Identifier: Apache-2.0
"""Changes of files, by stat(2) of each, again and again.

The watcher does this, since stat(2) may wait for a file system.

Editors save in many ways: into the file, into a new one that is renamed over
it, by way of a backup or a link. All of these change what stat(2) says.
"""

from __future__ import annotations

import os
import time
from typing import Callable, Iterable, Optional

_LOOK_SECONDS = 0.04

# A save is over when a look finds what the one before found, and no file has
# gone or become empty, but at the latest after this time: some programs never
# stop writing, and a file may be gone for good.
_LONGEST_SAVE_SECONDS = 1.0

# The time of the last change, and what else a save can change; None for a file
# that isn't there.
_State = Optional[tuple[int, ...]]
_UNKNOWN: _State = ()


class Watch:
    """Watches files; saves in quick succession count as one."""

    def __init__(
        self, paths: Iterable[str], note: Callable[[str], object] = str
    ) -> None:
        """Watch files that may have changed since they were read.

        `note` is called with each path before it is looked at.
        """
        self._note = note
        self._read: dict[str, _State] = dict.fromkeys(paths, _UNKNOWN)
        self._seen = self._read  # by the last look
        self._save_began = 0.0
        self.last_change = 0.0

    def have_changed(self) -> bool:
        """Look again, after a while: was a file saved, and is the save over?

        True once for each save. Then look_at() each file and read it, and call
        read() with what was read.
        """
        time.sleep(_LOOK_SECONDS)
        now = time.monotonic()
        last, self._seen = self._seen, {}
        for one in self._read:
            self.look_at(one)
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
        return True

    def read(self, paths: Iterable[str]) -> None:
        """Watch these files, which have just been read, and no others."""
        self._seen = self._read = {
            one: self._seen.get(one, _UNKNOWN) for one in paths
        }

    def look_at(self, path: str) -> None:
        self._note(path)
        self._seen[path] = _state_of(path)


def _state_of(path: str) -> _State:
    try:
        found = os.stat(path)
    except OSError:
        return None
    times = found.st_ctime_ns, found.st_mtime_ns
    return (*times, found.st_size, found.st_ino, found.st_dev)


def _has_text(state: _State) -> bool:
    """Has the file text, or may it have some?"""
    return state == _UNKNOWN or state is not None and state[2] > 0
