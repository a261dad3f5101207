# SPDX-License-Identifier: Apache-2.0
"""--exec: start a command, traced from its first open on.

The child has the PID that is traced, and waits until the trace has begun.
"""

from __future__ import annotations

import os
import signal
from typing import Sequence

from opensnooplib.base.environment import original
from opensnooplib.base.errors import OpensnoopError, UsageError
from opensnooplib.kernel import limits


def _restore_signals() -> None:
    """Undo what Python and this tool have set."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def _await_release(gate: int) -> None:
    _restore_signals()
    limits.restore_limits()
    # The tool may end before it releases the command.
    if os.read(gate, 1) == b"":
        os._exit(0)


class Command:
    """A command that is held back until release()."""

    def __init__(self, words: Sequence[str]) -> None:
        """Fork the child. Raises UsageError where there is nothing to run."""
        import shutil  # costs a launch 3 ms

        program = shutil.which(words[0])
        environment = original()  # the child opens no file before the command
        if program is None:
            raise UsageError(
                f"--exec {words[0]}: no such command, or it is not executable"
            )
        self.name = words[0]
        self._ended = False
        gate, self._release = os.pipe()
        self._failure, report = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._release)
            _await_release(gate)
            try:
                os.execve(program, list(words), environment)
            except OSError as error:
                os.write(report, str(error.errno).encode())
            os._exit(127)
        os.close(gate)
        os.close(report)

    def release(self) -> None:
        """Let it run. Raises OpensnoopError where the kernel can't run it."""
        try:
            os.write(self._release, b"x")
        except BrokenPipeError:
            return  # it was killed while it waited
        os.close(self._release)
        failed = os.read(self._failure, 16)  # empty: exec closed it
        os.close(self._failure)
        if failed:
            self.has_ended()
            raise OpensnoopError(
                f"cannot run {self.name}: {os.strerror(int(failed))}; it must "
                "be a program for this machine, or a script whose first line "
                "is #! and an interpreter that exists"
            )

    def has_ended(self) -> bool:
        if not self._ended:
            pid, _ = os.waitpid(self.pid, os.WNOHANG)
            self._ended = pid != 0
        return self._ended
