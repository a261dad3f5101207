# SPDX-License-Identifier: Apache-2.0
"""The watcher: the child process that looks at the files of a --live trace.

Whoever can write where the files are decides how long a look at them takes: a
file system may never answer. So after the launch, the trace looks at none of
them. The child sees that they are saved (file_watch.py), puts the C together
(c_text.py), and hands it over in memory that both share.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import pickle
import socket
import struct
import time
from typing import NamedTuple, NoReturn

from opensnooplib.base import child, libc
from opensnooplib.base.errors import OpensnoopError, as_sentence
from opensnooplib.base.privileged import ask
from opensnooplib.compile.job import Job
from opensnooplib.kernel import confinement, ran_out
from opensnooplib.live.file_watch import Watch
from opensnooplib.source import c_text
from opensnooplib.source.c_text import Source

# A look that takes longer, in seconds, is reported.
_LONG_LOOK = 5.0

# In the memory: when the present look at a file began, or 0, and the length of
# the path, which follows; behind it, the latest save. That is at most 1 MiB of
# text, as much in files, and the names of these; JSON may have six bytes for
# one.
_LOOK = struct.Struct("dI")
_SAVE_AT = 1 << 16
_MEMORY_SIZE = 16 << 20

_SIZE = struct.Struct("I")  # of a save: the message that there is one
_TAKEN = b"\n"  # the answer, after which the memory is the child's again


NOT_RELOADED = "cannot reload the C"


class Save(NamedTuple):
    """The C as it was saved, or why it can't be read."""

    at: float  # by time.monotonic()
    text: str
    files: dict[str, str]
    why_not: str = ""  # a sentence, as of an OpensnoopError
    detail: str = ""

    @property
    def source(self) -> Source:
        return Source(self.text, self.files)


def read_save(memory: int, size: int) -> bytes:
    """The latest save, as parse_save() takes it; before the first, the job."""
    return os.pread(memory, min(size, _MEMORY_SIZE), _SAVE_AT)


def parse_save(saved: bytes) -> Save:
    return Save(*json.loads(saved))


class Watcher:
    """The trace's side. Nothing here waits for the child."""

    def __init__(self, job: Job) -> None:
        """Let the monitor start the child. Raises OSError."""
        writable = os.memfd_create("C")
        os.ftruncate(writable, _MEMORY_SIZE)
        size = os.pwrite(writable, pickle.dumps(job), _SAVE_AT)
        self._memory = os.open(f"/proc/self/fd/{writable}", os.O_RDONLY)
        self._connection, inside = socket.socketpair()
        self.pid: int = ask("watch", [inside.fileno(), writable], size)
        inside.close()
        os.close(writable)

    def saved(self) -> tuple[Save, int] | None:
        """The next save that is over, and its size in memory: go_on() follows.

        Raises EOFError if the child ended.
        """
        try:
            message = self._connection.recv(_SIZE.size, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except ConnectionError:
            raise EOFError from None
        try:
            (size,) = _SIZE.unpack(message)
            return parse_save(read_save(self._memory, size)), size
        except (struct.error, ValueError, TypeError, RecursionError):
            raise EOFError from None  # nothing, or what no watcher sends

    def go_on(self) -> None:
        """Let the child write the next save."""
        with contextlib.suppress(ConnectionError):  # saved() reports it
            self._connection.send(_TAKEN)

    def waits_for(self) -> str:
        """The file whose file system doesn't answer, or ""."""
        look = os.pread(self._memory, _SAVE_AT, 0)
        began, size = _LOOK.unpack_from(look)
        if not began or time.monotonic() < began + _LONG_LOOK:
            return ""
        return os.fsdecode(look[_LOOK.size : _LOOK.size + size])

    def end(self) -> None:
        """End the child; it may stay until a file system answers."""
        child.kill(self.pid)
        self._connection.close()


def start(job: Job, connection: int, memory: int) -> int:
    """Fork the child, for the C that the job was made for. Returns its PID."""

    def work() -> None:
        os.setsid()  # no terminal
        libc.close_all_but(connection, memory)
        inside = socket.socket(fileno=connection)
        shared = mmap.mmap(memory, _MEMORY_SIZE)
        path = c_text.path_of(job.options.probe)
        confinement.confine_watcher()
        _watch(path, job.source.files, inside, shared)

    return child.fork(work)


# From here on: in the child.


def _watch(
    path: str,
    files: dict[str, str],
    connection: socket.socket,
    memory: mmap.mmap,
) -> NoReturn:
    """Hand over each save; `files` are those of the C as it is."""

    def note_look(path: str) -> None:
        name = os.fsencode(path)[: _SAVE_AT - _LOOK.size]
        memory[_LOOK.size : _LOOK.size + len(name)] = name
        _LOOK.pack_into(memory, 0, time.monotonic(), len(name))

    watch = Watch(files, note_look)
    while True:
        saved = b""
        if watch.have_changed():
            reached: dict[str, str] = {}
            save = _read(path, reached, watch)
            watch.read({**files, **reached} if save.why_not else reached)
            files = files if save.why_not else reached
            saved = json.dumps(save).encode()
            if len(saved) > _MEMORY_SIZE - _SAVE_AT:  # far more than C can be
                why = f"{NOT_RELOADED}: its names are too long"
                saved = json.dumps(Save(save.at, "", {}, why)).encode()
        _LOOK.pack_into(memory, 0, 0, 0)
        if saved:
            memory[_SAVE_AT : _SAVE_AT + len(saved)] = saved
            connection.sendall(_SIZE.pack(len(saved)))
            connection.recv(1)


def _read(path: str, reached: dict[str, str], watch: Watch) -> Save:
    at = watch.last_change
    try:
        with as_sentence(NOT_RELOADED):
            found = c_text.read(path, reached, watch.look_at)
            return Save(at, *found)
    except OpensnoopError as error:
        error = ran_out.explained(error) or error
        return Save(at, "", {}, error.sentence, error.detail)
