# SPDX-License-Identifier: Apache-2.0
"""Changes of files, by inotify(7) on the folders that they are in.

Editors save in many ways: into the file, into a new one that is renamed over
it, by way of a backup. All of these change an entry of that name in that
folder.
"""

from __future__ import annotations

import contextlib
import os
import struct
import time
from typing import Dict, Iterable, Iterator, List, Set, Tuple

from opensnooplib.base import libc

# Events of <sys/inotify.h>; reading a file is none of these.
_MODIFY, _MOVED_FROM, _MOVED_TO = 0x2, 0x40, 0x80
_CREATE, _DELETE, _OVERFLOW = 0x100, 0x200, 0x4000
_DELETE_SELF, _MOVE_SELF = 0x400, 0x800
_CHANGES = _MODIFY | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
_FOLDER_IS_GONE = _DELETE_SELF | _MOVE_SELF

# The kernel's limit for the links on one path: MAXSYMLINKS.
_LINK_LIMIT = 40

_HEAD = struct.Struct("=iIII")  # struct inotify_event
_READ_SIZE = 64 * 1024

# A save is over when nothing has happened for _QUIET_SECONDS, but at the
# latest after _LONGEST_SAVE_SECONDS: some programs never stop writing.
_QUIET_SECONDS = 0.03
_LONGEST_SAVE_SECONDS = 1.0


class Watch:
    """Watches files; saves in quick succession count as one."""

    def __init__(self) -> None:
        """Raises OSError."""
        self._fd = libc.inotify_init()
        self._folders: Dict[str, int] = {}
        self._names: Set[bytes] = set()
        self._first_change = 0.0
        self.last_change = time.monotonic()  # at first, when the watch began

    def files(self, paths: Iterable[str]) -> None:
        """Watch these files and the links on their paths, and no others.

        Raises OSError where the kernel has no room for more watches
        (fs.inotify.max_user_watches).
        """
        names = {name for path in paths for name in _names_on_path(path)}
        watched = [_folder_and_name(name) for name in names]
        self._names = {os.fsencode(name) for _, name in watched}
        folders = {folder for folder, _ in watched}
        for folder in folders - set(self._folders):
            # A change since the files were read, too: look again.
            self._first_change = self.last_change = time.monotonic()
            with contextlib.suppress(FileNotFoundError):  # gone since
                self._folders[folder] = libc.inotify_add_watch(
                    self._fd, folder, _CHANGES | _FOLDER_IS_GONE
                )
        for folder in set(self._folders) - folders:
            libc.inotify_rm_watch(self._fd, self._folders.pop(folder))

    def have_changed(self) -> bool:
        """Was a file saved, and is the save over? True once for each save."""
        now = time.monotonic()
        if self._read_events():
            self._first_change = self._first_change or now
            self.last_change = now
        if not self._first_change:
            return False
        if (
            now - self.last_change < _QUIET_SECONDS
            and now - self._first_change < _LONGEST_SAVE_SECONDS
        ):
            return False
        self._first_change = 0.0
        return True

    def _read_events(self) -> bool:
        found = False
        while True:
            try:
                data = os.read(self._fd, _READ_SIZE)
            except BlockingIOError:
                return found
            while data:
                number, mask, _, size = _HEAD.unpack_from(data)
                if mask & _FOLDER_IS_GONE:
                    found = self._forget(number, mask) or found
                name = data[_HEAD.size : _HEAD.size + size].rstrip(b"\0")
                found = found or name in self._names or bool(mask & _OVERFLOW)
                data = data[_HEAD.size + size :]

    def _forget(self, number: int, mask: int) -> bool:
        """Forget a folder that is gone, so that files() watches a new one.

        Two names of one folder have one watch.
        """
        gone = [name for name, n in self._folders.items() if n == number]
        for name in gone:
            del self._folders[name]
        if gone and mask & _MOVE_SELF:
            libc.inotify_rm_watch(self._fd, number)
        return bool(gone)

    def close(self) -> None:
        os.close(self._fd)


def _names_on_path(path: str) -> Iterator[str]:
    """Each link that is followed on the path, and what it leads to."""
    at = "/"
    steps = _steps(os.path.abspath(path))
    links = 0
    while steps:
        step = steps.pop()
        if step == "..":
            at = os.path.dirname(at)
            continue
        here = os.path.join(at, step)
        try:
            target = os.readlink(here)
        except OSError:  # no link, or not there
            at = here
            continue
        yield here
        links += 1
        if links > _LINK_LIMIT:
            return
        at = "/" if target.startswith("/") else at
        steps += _steps(target)
    yield at


def _steps(path: str) -> List[str]:
    """The parts of a path, last one first."""
    return [step for step in path.split("/") if step not in ("", ".")][::-1]


def _folder_and_name(path: str) -> Tuple[str, str]:
    """The folder of `path` and the name in it.

    Where folders are missing, those of the first missing one.
    """
    folder, name = os.path.split(path)
    while not os.path.isdir(folder):
        folder, name = os.path.split(folder)
    return folder, name
