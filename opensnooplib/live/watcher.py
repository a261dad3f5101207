# SPDX-License-Identifier: Apache-2.0
"""The watcher: the child process that looks at the files of a --live trace.

Whoever can write where the files are decides how long a look at them takes: a
file system may never answer. So after the launch, the trace looks at none of
them. The child sees that they are saved (file_watch.py), puts the C together
(c_text.py), and hands it over in memory that both share.
"""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import socket
import struct
import time
from typing import Dict, NamedTuple, NoReturn, Optional, Union

from opensnooplib.base import child, libc
from opensnooplib.base.errors import OpensnoopError, as_sentence
from opensnooplib.kernel import limits
from opensnooplib.live.file_watch import Watch
from opensnooplib.source import c_text
from opensnooplib.source.c_text import Source

# A look that takes longer, in seconds, is reported.
_LONG_LOOK = 5.0

# In the shared memory: when the present look at a file began, or 0, and the
# length of the path, which follows; behind it, the latest save. That is at
# most 1 MiB of text, as much in files, and the names of these; pickle may
# write three bytes for one.
_LOOK = struct.Struct("dI")
_SAVE_AT = 1 << 16
_SHARED_SIZE = 16 << 20

_SIZE = struct.Struct("I")  # of a save: the message that there is one
_TAKEN = b"\n"  # the answer, after which the memory is the child's again


class Save(NamedTuple):
    """The C as it was saved, or why it can't be read."""

    found: Union[Source, OpensnoopError]
    at: float  # by time.monotonic()


NOT_RELOADED = "cannot reload the C"


class Watcher:
    """The trace's side. Nothing here waits for the child."""

    def __init__(self, path: str, files: Dict[str, str]) -> None:
        """Start the child for the C at `path`, which `files` were read for.

        Raises OSError.
        """
        self._shared = mmap.mmap(-1, _SHARED_SIZE)
        self._connection, inside = socket.socketpair()

        def work() -> None:
            _become_watcher(inside.fileno())
            _Child(path, inside, self._shared).watch(files)

        self.pid = child.fork(work)
        inside.close()

    def saved(self) -> Optional[Save]:
        """The next save that is over. Raises EOFError if the child ended."""
        try:
            message = self._connection.recv(_SIZE.size, socket.MSG_DONTWAIT)
            if not message:
                raise EOFError
            begin, end = _SAVE_AT, _SAVE_AT + _SIZE.unpack(message)[0]
            save: Save = pickle.loads(self._shared[begin:end])
            self._connection.send(_TAKEN)
        except BlockingIOError:
            return None
        except ConnectionError:
            raise EOFError from None
        return save

    def waits_for(self) -> str:
        """The file whose file system doesn't answer, or ""."""
        began, size = _LOOK.unpack_from(self._shared)
        if not began or time.monotonic() < began + _LONG_LOOK:
            return ""
        return os.fsdecode(self._shared[_LOOK.size : _LOOK.size + size])

    def end(self) -> None:
        """End the child; it may stay until a file system answers."""
        os.kill(self.pid, signal.SIGKILL)
        self._connection.close()


def _become_watcher(connection: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they are for the trace
    libc.close_all_but(connection)


class _Child:
    """The child's side."""

    def __init__(
        self, path: str, connection: socket.socket, shared: mmap.mmap
    ) -> None:
        self._path = path
        self._connection = connection
        self._shared = shared

    def watch(self, files: Dict[str, str]) -> NoReturn:
        """Hand over each save; `files` are those of the C as it is."""
        watch = Watch(files, self._look_at)
        while True:
            found: Union[Source, OpensnoopError, None] = None
            if watch.have_changed():
                reached: Dict[str, str] = {}
                found = self._read(reached)
                is_whole = isinstance(found, Source)
                watch.read(reached if is_whole else {**files, **reached})
                files = reached if is_whole else files
            self._end_look()
            if found:
                self._hand_over(Save(found, watch.last_change))

    def _read(self, reached: Dict[str, str]) -> Union[Source, OpensnoopError]:
        try:
            with as_sentence(NOT_RELOADED):
                return c_text.read(self._path, reached, self._look_at)
        except OpensnoopError as error:
            return limits.explained(error) or error

    def _look_at(self, path: str) -> None:
        name = os.fsencode(path)[: _SAVE_AT - _LOOK.size]
        self._shared[_LOOK.size : _LOOK.size + len(name)] = name
        _LOOK.pack_into(self._shared, 0, time.monotonic(), len(name))

    def _end_look(self) -> None:
        _LOOK.pack_into(self._shared, 0, 0, 0)

    def _hand_over(self, save: Save) -> None:
        saved = pickle.dumps(save)
        if len(saved) > _SHARED_SIZE - _SAVE_AT:  # far more than C can be
            why = OpensnoopError(f"{NOT_RELOADED}: its names are too long")
            saved = pickle.dumps(Save(why, save.at))
        self._shared[_SAVE_AT : _SAVE_AT + len(saved)] = saved
        self._connection.sendall(_SIZE.pack(len(saved)))
        self._connection.recv(1)
