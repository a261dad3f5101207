# SPDX-License-Identifier: Apache-2.0
"""The compile room is started, and its result is waited for.

All of this runs in the trace room; the child runs compile_room.run().
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from typing import Callable, Container, NamedTuple

from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.compile import compile_room, handover, headers_folder
from opensnooplib.compile.compiler_output import ERROR
from opensnooplib.compile.handover import Handover, RoomFailure
from opensnooplib.compile.job import Job
from opensnooplib.compile.make_source import compiled
from opensnooplib.compile.timeout import COMPILE_TIMEOUT_SECONDS
from opensnooplib.options import Options
from opensnooplib.plan_list import Plan
from opensnooplib.source import c_text
from opensnooplib.source.c_text import Source


class Launched(NamedTuple):
    """The result of a compile room."""

    handover: Handover
    messages: str  # the compiler's; empty if it had nothing to say
    seconds: float  # that it took
    room: Room
    job: Job

    def warnings(self) -> str:
        """The warnings of the compiler, explained, and those of doubts.py."""
        said = ""
        if self.messages:
            from opensnooplib.explain import compiler_messages  # seldom needed

            said = compiler_messages.warnings(self.messages, self.job.source)
        return "\n".join([said, *self.handover.doubts]).strip("\n")


class Room:
    """A compile room at work, until wait() or give_up().

    Then it ends by itself, but freeing its memory takes a while.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._began = time.monotonic()
        self._connection, inside = socket.socketpair()
        self._compiler_output = os.memfd_create("compiler output")
        self._is_there = True
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._connection.close()
                compile_room.run(job, inside, self._compiler_output)
            finally:  # an exception would make this a second trace
                os._exit(1)
        inside.close()

    def is_done(self) -> bool:
        """Would wait() return at once?"""
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(0)) or self._seconds_left() <= 0

    def _seconds_left(self) -> float:
        return self._began + COMPILE_TIMEOUT_SECONDS - time.monotonic()

    def wait(self) -> Launched:
        """Wait for the result of the room. Raises OpensnoopError."""
        try:
            received = self._await()
            seconds = time.monotonic() - self._began
            return Launched(
                received, self._messages(), seconds, self, self._job
            )
        finally:
            self._close()

    def give_up(self) -> None:
        """End the room, but don't wait for it."""
        os.kill(self.pid, signal.SIGKILL)
        self._close()

    def has_ended(self) -> bool:
        if self._is_there and os.waitpid(self.pid, os.WNOHANG)[0]:
            self._has_left()
        return not self._is_there

    def reap(self) -> str:
        """Wait for the end. Returns in words how the room ended."""
        _, status = os.waitpid(self.pid, 0)
        self._has_left()
        if os.WIFSIGNALED(status):
            return signal.Signals(os.WTERMSIG(status)).name
        return f"exit status {os.WEXITSTATUS(status)}"

    def _has_left(self) -> None:
        self._is_there = False
        headers_folder.remove(self._job)  # if the room could not

    def _end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.reap()

    def _close(self) -> None:
        self._connection.close()
        os.close(self._compiler_output)

    def _await(self) -> Handover:
        self._connection.settimeout(max(self._seconds_left(), 0.001))
        try:
            received = handover.receive(self._connection)
        except EOFError:
            how, said = self.reap(), self._messages()
            if ERROR.search(said):  # and then it crashed
                from opensnooplib.explain import compiler_messages

                raise SourceError(
                    "the C does not compile",
                    compiler_messages.of_compiler(said, compiled(self._job)),
                ) from None
            raise OpensnoopError(
                f"the compiler crashed ({how}): this is a bug in BCC or "
                "LLVM, triggered by the C",
                said,
            ) from None
        except socket.timeout:
            self._end()
            raise OpensnoopError(
                "the compiler did not finish within "
                f"{COMPILE_TIMEOUT_SECONDS} s",
                self._messages(),
            ) from None
        except BaseException:
            self._end()
            raise
        if isinstance(received, RoomFailure):
            self.reap()
            kind = SourceError if received.source_is_wrong else OpensnoopError
            raise kind(received.sentence, received.detail)
        return received

    def _messages(self) -> str:
        size = os.fstat(self._compiler_output).st_size
        text = os.pread(self._compiler_output, size, 0)
        return text.decode(errors="replace")


def _new_folder() -> str:
    return f"/tmp/opensnoop-{os.urandom(16).hex()}"


def job_for(
    options: Options,
    plan: Plan,
    install_rings: Callable[[int], None] = lambda map_fd: None,
) -> Job:
    """The job to compile a plan, load and attach it. Raises OpensnoopError.

    The child calls `install_rings` with the descriptor of the perf event array
    before it attaches anything, so that no record is lost.
    """
    return Job(
        options=options,
        source=c_text.read(c_text.path_of(options.probe)),
        plan=plan,
        functions=plan.functions(options),
        tool_pid=os.getpid(),
        folder=_new_folder(),
        install_rings=install_rings,
        have_slots=() if options.probe.live else None,
    )


def launch(
    options: Options, plan: Plan, install_rings: Callable[[int], None]
) -> Launched:
    """Do the job of a plan, and wait for the result. Raises OpensnoopError."""
    return Room(job_for(options, plan, install_rings)).wait()


def begin_changed(
    job: Job, changed: Source, have_slots: Container[str]
) -> Room:
    """Do a job with other C, for the trace that runs with these slots."""
    return Room(
        job._replace(
            folder=_new_folder(), source=changed, have_slots=have_slots
        )
    )
