# SPDX-License-Identifier: Apache-2.0
"""The door between the two rooms: start the compile room, wait for its work.

All of this runs in the trace room; the child runs compile_room.run().
"""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import Callable, Mapping, NamedTuple

from opensnooplib import compile_room, handover
from opensnooplib.options import Options
from opensnooplib.compile_room import PATIENCE_SECONDS
from opensnooplib.errors import OpensnoopError, SourceError
from opensnooplib.handover import Handover


class Room:
    """The child. It ends by itself; giving its memory back takes a while."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._is_there = True

    def reap_if_ended(self) -> None:
        if self._is_there:
            ended, _ = os.waitpid(self.pid, os.WNOHANG)
            self._is_there = ended == 0

    def reap(self) -> str:
        """Wait for the end; in words, how it ended."""
        _, status = os.waitpid(self.pid, 0)
        self._is_there = False
        if os.WIFSIGNALED(status):
            return signal.Signals(os.WTERMSIG(status)).name
        return f"exit status {os.WEXITSTATUS(status)}"

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.reap()


class Launched(NamedTuple):
    handover: Handover
    messages: str  # the compiler's; empty if it had nothing to say
    seconds: float  # that it took
    room: Room


def launch(
    options: Options,
    plan: str,
    functions: Mapping[str, str],
    install_rings: Callable[[int], None],
) -> Launched:
    """Compile, load and attach in a child, and take over what it made.

    `functions` are the kernel's that the plan hooks, if it hooks any: see
    hooks.open_functions().

    The child calls `install_rings` with the descriptor of the perf event array
    before it attaches anything, so that no record is sent into the void.
    Raises OpensnoopError.
    """
    job = compile_room.Job(
        options=options,
        plan=plan,
        functions=functions,
        tool_pid=os.getpid(),
        folder=f"/tmp/opensnoop-{os.urandom(16).hex()}",
        install_rings=install_rings,
    )
    began = time.monotonic()
    compiler_output = os.memfd_create("compiler output")
    inside, outside = socket.socketpair()
    child = os.fork()
    if child == 0:
        outside.close()
        compile_room.run(job, inside, compiler_output)
    inside.close()
    try:
        room = Room(child)
        received = _await(room, outside, compiler_output)
        messages = _text_of(compiler_output)
        return Launched(received, messages, time.monotonic() - began, room)
    finally:
        outside.close()
        os.close(compiler_output)
        compile_room.remove_headers(job)


def _await(
    room: Room, connection: socket.socket, compiler_output: int
) -> Handover:
    connection.settimeout(PATIENCE_SECONDS)
    try:
        received = handover.receive(connection)
    except EOFError:
        raise OpensnoopError(
            f"the compiler crashed ({room.reap()}): this is a fault in BCC "
            "or LLVM, set off by the C",
            _text_of(compiler_output),
        ) from None
    except socket.timeout:
        room.kill()
        raise OpensnoopError(
            f"the compiler did not end within {PATIENCE_SECONDS} s",
            _text_of(compiler_output),
        ) from None
    except BaseException:
        room.kill()
        raise
    if isinstance(received, handover.RoomFailure):
        room.reap()
        kind = SourceError if received.source_is_wrong else OpensnoopError
        spoke = received.compiler_spoke
        raise kind(
            received.sentence, _text_of(compiler_output) if spoke else ""
        )
    return received


def _text_of(memory_file: int) -> str:
    size = os.fstat(memory_file).st_size
    return os.pread(memory_file, size, 0).decode(errors="replace")
