# SPDX-License-Identifier: Apache-2.0
"""What the monitor does for --live: it starts the watcher and compile rooms.

The C comes from the watcher in memory that only the watcher can write to. So
the trace, which an attacker may have taken over, can't have other C compiled.
"""

from __future__ import annotations

import errno
import os
import pickle

from opensnooplib.base import child
from opensnooplib.base.privileged import FUNCTIONS
from opensnooplib.compile import compile_room  # noqa: F401, for its forks
from opensnooplib.compile import headers_folder, launch
from opensnooplib.compile.job import Job
from opensnooplib.live import status_area, watcher

# A room that was given up ends at once, unless a file system holds it up.
_ROOMS_MAX = 4


class LiveWork:
    """The work for one trace."""

    def __init__(self) -> None:
        """Let the monitor do it, which is started after this."""
        self._job: Job | None = None
        self._rooms: list[int] = []  # PIDs
        FUNCTIONS["watch"] = self._watch
        FUNCTIONS["compile"] = self._compile

    def _watch(self, connection: int, memory: int, size: int) -> int:
        """Start the watcher, once. Returns its PID.

        In memory, which the watcher then has for itself, is the pickled Job of
        the launch, of `size` bytes, as a save is: the trace can be trusted
        until then.
        """
        if self._job:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        self._memory = os.dup(memory)
        self._job = pickle.loads(watcher.read_save(memory, size))
        return watcher.start(self._job, connection, memory)

    def _compile(
        self, connection: int, compiler_output: int, size: int, *slots: str
    ) -> int:
        """Start a room for the last save, of `size` bytes. Returns its PID.

        `slots`: the programs for which the trace has slots.
        """
        assert self._job
        self._rooms = [one for one in self._rooms if child.is_running(one)]
        if len(self._rooms) >= _ROOMS_MAX:
            raise BlockingIOError(errno.EAGAIN, "earlier compiles go on")
        saved = watcher.read_save(self._memory, size)
        headers_folder.remove(self._job)  # of an earlier room that was killed
        job = self._job = self._job._replace(
            folder=launch.new_folder(), have_slots=slots
        )

        def with_source() -> Job:  # in the room: the monitor reads no C
            return job._replace(source=watcher.parse_save(saved).source)

        room = launch.start_room(with_source, connection, compiler_output)
        self._rooms.append(room)
        return room

    def end(self) -> None:
        """After the trace: remove what it or a room left when killed."""
        status_area.clean_up()
        if self._job:
            headers_folder.remove(self._job)
