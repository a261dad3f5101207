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
from typing import Callable, NamedTuple

from opensnooplib.base import child
from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.base.privileged import doer_pid
from opensnooplib.compile import handover, headers_folder
from opensnooplib.compile.compiler_output import ERROR
from opensnooplib.compile.handover import Handover
from opensnooplib.compile.job import Job
from opensnooplib.compile.timeout import COMPILE_TIMEOUT_SECONDS
from opensnooplib.kernel import ran_out
from opensnooplib.options import Options
from opensnooplib.plan_list import Plan
from opensnooplib.source import c_text

# How long the end of a room is waited for; it frees 100 MB in some 20 ms.
_END_SECONDS = 1.0


class Launched(NamedTuple):
    """The result of a compile room."""

    handover: Handover
    messages: str  # the compiler's; empty if it had nothing to say
    seconds: float  # that it took
    room: Room
    job: Job


class Room:
    """A compile room at work, until wait() or give_up().

    Then it ends by itself, which takes a while: it frees memory, and may wait
    for a file that the C includes.
    """

    def __init__(self, job: Job, start: Callable[[int, int], int]) -> None:
        """Call `start` with the last arguments of start_room()."""
        self._job = job
        self._began = time.monotonic()
        self._connection, inside = socket.socketpair()
        self._compiler_output = os.memfd_create("compiler output")
        self._status = -1  # as waitpid(2) has it; -1: it has not ended
        self.pid = start(inside.fileno(), self._compiler_output)
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
        except BaseException:
            self.give_up()
            raise
        finally:
            self._close()

    def give_up(self) -> None:
        """End the room, if it hasn't ended, but don't wait for it."""
        if self._status < 0:
            child.kill(self.pid)
        self._close()

    def has_ended(self) -> bool:
        if self._status < 0:
            self._status = child.status(self.pid)
        return self._status >= 0

    def wait_for_end(self) -> None:
        """Wait for the end, but not for long: a file may hold it up."""
        end = time.monotonic() + _END_SECONDS
        while not self.has_ended() and time.monotonic() < end:
            time.sleep(0.005)

    def _close(self) -> None:
        if self._connection.fileno() >= 0:
            self._connection.close()
            os.close(self._compiler_output)

    def _await(self) -> Handover:
        self._connection.settimeout(max(self._seconds_left(), 0.001))
        try:
            received = handover.receive(self._connection)
        except EOFError:
            self.wait_for_end()
            raise self._crash(max(self._status, 0)) from None
        except socket.timeout:
            raise OpensnoopError(
                "the compiler did not finish within "
                f"{COMPILE_TIMEOUT_SECONDS} s",
                self._messages(),
            ) from None
        if isinstance(received, OpensnoopError):
            raise received
        return received

    def _crash(self, status: int) -> OpensnoopError:
        """Why the room ended without a message; `status`: see waitpid(2)."""
        said, how = self._messages(), f"exit status {status >> 8}"
        number = os.WTERMSIG(status)
        if number:
            how = signal.Signals(number).name
        if ERROR.search(said):  # and then it crashed
            from opensnooplib.explain import compiler_messages

            return SourceError(
                "the C does not compile",
                compiler_messages.of_compiler(said, self._job.source),
            )
        return OpensnoopError(
            ran_out.why_no_memory(said, number)
            or f"the compiler crashed ({how}): this is a bug in BCC or LLVM, "
            "triggered by the C",
            said,
        )

    def _messages(self) -> str:
        size = os.fstat(self._compiler_output).st_size
        text = os.pread(self._compiler_output, size, 0)
        return text.decode(errors="replace")


def new_folder() -> str:
    """A name that nobody can guess: see headers_folder.py."""
    return f"/tmp/opensnoop-{os.urandom(16).hex()}"


def job_for(options: Options, plan: Plan) -> Job:
    """The job to compile a plan, load and attach it. Raises OpensnoopError."""
    probe = options.probe
    return Job(
        options=options,
        source=c_text.read(c_text.path_of(probe)),
        plan=plan,
        functions=plan.functions(options),
        tool_pid=doer_pid(),
        folder=new_folder(),
        have_slots=() if probe.live else None,
        printk_tag=os.urandom(8).hex() if probe.live or probe.source else "",
    )


def launch(options: Options, plan: Plan) -> Launched:
    """Do the job of a plan, and wait for the result. Raises OpensnoopError."""
    job = job_for(options, plan)
    room = Room(job, lambda *fds: start_room(lambda: job, *fds))
    try:
        return room.wait()
    except BaseException:
        room.wait_for_end()
        headers_folder.remove(job)  # if the room could not
        raise


def start_room(
    make_job: Callable[[], Job], connection: int, compiler_output: int
) -> int:
    """Fork a compile room. Returns its PID.

    It makes its job itself, writes the result to the socket `connection`, and
    what the compiler says to a file.
    """

    def work() -> None:
        from opensnooplib.compile import compile_room  # not for the trace

        inside = socket.socket(fileno=connection)
        compile_room.run(make_job(), inside, compiler_output)

    return child.fork(work)
