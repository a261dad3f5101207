# SPDX-License-Identifier: Apache-2.0
"""The door between the two rooms: start the compile room, wait for its work.

All of this runs in the trace room; the child runs compile_room.run().
"""

from __future__ import annotations

import os
import signal
import socket
from typing import Callable, NamedTuple

from opensnooplib import compile_room, handover
from opensnooplib.arguments import Options
from opensnooplib.compile_room import PATIENCE_SECONDS
from opensnooplib.errors import OpensnoopError
from opensnooplib.handover import Handover


class Launched(NamedTuple):
    handover: Handover
    messages: str  # the compiler's; empty if it had nothing to say


def launch(
    options: Options, plan: str, install_rings: Callable[[int], None]
) -> Launched:
    """Compile, load and attach in a child, and take over what it made.

    The child calls `install_rings` with the descriptor of the perf event array
    before it attaches anything, so that no record is sent into the void.
    Raises OpensnoopError.
    """
    job = compile_room.Job(
        options=options,
        plan=plan,
        tool_pid=os.getpid(),
        folder=f"/tmp/opensnoop-{os.urandom(16).hex()}",
        install_rings=install_rings,
    )
    compiler_output = os.memfd_create("compiler output")
    inside, outside = socket.socketpair()
    child = os.fork()
    if child == 0:
        outside.close()
        compile_room.run(job, inside, compiler_output)
    inside.close()
    try:
        return _await(child, outside, compiler_output)
    finally:
        outside.close()
        os.close(compiler_output)
        compile_room.remove_headers(job)


def _await(
    child: int, connection: socket.socket, compiler_output: int
) -> Launched:
    connection.settimeout(PATIENCE_SECONDS)
    try:
        received = handover.receive(connection)
    except handover.RoomFailure as failure:
        _reap(child)
        messages = _text_of(compiler_output) if failure.compiler_spoke else ""
        raise OpensnoopError(failure.sentence, messages) from None
    except EOFError:
        raise OpensnoopError(
            f"the compiler crashed ({_reap(child)}): this is a fault in BCC "
            "or LLVM, set off by the C",
            _text_of(compiler_output),
        ) from None
    except socket.timeout:
        _kill(child)
        raise OpensnoopError(
            f"the compiler did not end within {PATIENCE_SECONDS} s",
            _text_of(compiler_output),
        ) from None
    except BaseException:
        _kill(child)
        raise
    _reap(child)
    return Launched(received, _text_of(compiler_output))


def _kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    _reap(child)


def _reap(child: int) -> str:
    """Wait for the child; in words, how it ended."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit status {os.WEXITSTATUS(status)}"


def _text_of(memory_file: int) -> str:
    size = os.fstat(memory_file).st_size
    return os.pread(memory_file, size, 0).decode(errors="replace")
