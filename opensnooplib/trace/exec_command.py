# SPDX-License-Identifier: Apache-2.0
"""--exec: start a command, traced from its first open on.

The child has the PID that is traced, and waits until the trace has begun.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import signal
import socket
from contextlib import suppress
from typing import Callable, NoReturn, Sequence

from opensnooplib.base import child, libc
from opensnooplib.base.environment import original
from opensnooplib.base.errors import OpensnoopError, UsageError, as_sentence
from opensnooplib.kernel import limits

# The errors of execve(2) that the first bytes of a file cause.
_UNFIT = errno.ENOEXEC, errno.ENOENT


def _await_release(gate: socket.socket) -> None:
    """Undo what Python and this tool have set, and wait."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    for number in child.ENDING_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    limits.restore_limits()
    if not gate.recv(1):  # the tool has ended before
        os._exit(0)


def _as_in_a_shell(status: int) -> int:
    """The exit status, or 128 and the signal, of a status of wait(2)."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _number(connection: socket.socket) -> int:
    """What the other side has sent as text, or 0 if it has ended."""
    return int(connection.recv(16) or 0)


def _fork_adopter(
    run: Callable[[], NoReturn], follow: bool
) -> tuple[int, socket.socket]:
    """Fork a child that runs the command, and waits for its end.

    follow: descendants whose parents have ended become children of it, and it
    waits for all of them. It ends with this process. Returns the command's
    PID, and where first its status comes, and then the end. Raises OSError.
    """
    told, tell = socket.socketpair(type=socket.SOCK_SEQPACKET)

    def adopt() -> None:
        if follow:
            libc.adopt_orphans()
        command = child.fork(run, outlives=True)
        child.ignore_ending_signals()
        tell.send(b"%d" % command)
        libc.close_all_but(tell.fileno())
        # SIGIO kills this process when the trace closes its side: by then, the
        # trace is of another user, whose end sends no signal of end_with().
        fcntl.fcntl(tell, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(tell, fcntl.F_SETFL, os.O_ASYNC)
        with suppress(ChildProcessError):  # none is left
            while True:
                pid, status = os.wait()
                if pid == command:
                    tell.send(b"%d" % _as_in_a_shell(status))

    child.fork(adopt)
    tell.close()
    command = _number(told)
    if not command:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    told.setblocking(False)
    return command, told


class Command:
    """A command that is held back until release()."""

    def __init__(
        self,
        words: Sequence[str],
        user: pwd.struct_passwd | None = None,
        follow: bool = False,
    ) -> None:
        """Fork the child, which becomes this user.

        follow: has_ended() waits for all its descendants. Raises UsageError
        where there is nothing to run.
        """
        import shutil  # costs a launch 3 ms

        program = shutil.which(words[0]) or ""
        environment = original()  # the child opens no file before the command
        if not program:
            hint = "; quote each of its words alone" if " " in words[0] else ""
            raise UsageError(
                f"--exec {words[0]}: no such command, or it is not executable"
                + hint
            )
        self.name = words[0]
        # As in a shell, once it has ended itself.
        self.status: int | None = None
        groups = []
        if user:
            groups = os.getgrouplist(user.pw_name, user.pw_gid)
            name, home = os.fsencode(user.pw_name), os.fsencode(user.pw_dir)
            environment |= {b"USER": name, b"LOGNAME": name, b"HOME": home}
        self._gate, inside = socket.socketpair()

        def run() -> NoReturn:
            self._gate.close()
            _await_release(inside)
            try:
                if user:
                    os.setgroups(groups)
                    os.setgid(user.pw_gid)
                    os.setuid(user.pw_uid)
                path = shutil.which(words[0]) or program  # what it may run
                os.execve(path, list(words), environment)
            except OSError as error:
                inside.send(b"%d" % (error.errno or 0))
            os._exit(127)

        with as_sentence(f"--exec {words[0]}: no process could be started"):
            self.pid, self._told = _fork_adopter(run, follow)
        inside.close()

    def release(self) -> None:
        """Let it run. Raises OpensnoopError where the kernel can't run it."""
        failed = 0
        with suppress(ConnectionError):  # it was killed while it waited
            self._gate.send(b"x")
            failed = _number(self._gate)  # 0: exec has closed the other side
        self._gate.close()
        if failed:
            hint = (
                "; it must be a program for this machine, or a script whose "
                "first line is #! and an interpreter that exists"
            )
            raise OpensnoopError(
                f"cannot run {self.name}: {os.strerror(failed)}"
                + (hint if failed in _UNFIT else "")
            )

    def has_ended(self) -> bool:
        """Has it, and all descendants that are followed?"""
        with suppress(BlockingIOError):
            while status := self._told.recv(16):
                self.status = int(status)
            return True
        return False
