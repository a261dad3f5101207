# SPDX-License-Identifier: Apache-2.0
"""What an attacker could do with a process that a record has taken over."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import List

import pytest

from opensnooplib.base import child
from opensnooplib.kernel import this_kernel
from tests.kernel.tool import CHECKOUT, Tool, children, wait_until

pytestmark = pytest.mark.every_kernel

# Each line is tried by a process that has given up its privileges.
_TRIES = """
ctypes.CDLL(None).ioctl(0, 0x5412, b"x")  # TIOCSTI: type into the terminal
os.open("/dev/null", os.O_RDONLY)
os.open("/dev/tty", os.O_WRONLY)
os.open("/tmp/opensnoop-taken-over", os.O_WRONLY | os.O_CREAT)
os.fork()
os.execv("/bin/true", ["true"])
os.kill(os.getppid(), 0)
socket.socket()
fcntl.fcntl(0, 8, os.getppid())  # F_SETOWN: signals to others
resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)
libc.syscall("bpf", 7, bytes(120), 120)  # BPF_OBJ_GET
libc.syscall("bpf", 5, bytes(120), 120)  # BPF_PROG_LOAD
libc.syscall("perf_event_open", bytes(120), -1, 0, -1, 0)
libc.mount("none", "/tmp", "tmpfs")
""".strip().splitlines()

_SCRIPT = """
import ctypes, fcntl, os, resource, socket, sys
sys.path.insert(0, sys.argv[2])
from opensnooplib.base import libc
from opensnooplib.kernel import confinement

answers = socket.socket(fileno=int(sys.argv[3]))
getattr(confinement, sys.argv[1])()
for line in sys.argv[4:]:
    try:
        result = eval(line.partition("#")[0])
        answer = "refused" if result == -1 else "done"
    except OSError as error:
        answer = "refused" if error.errno == 1 else str(error)
    answers.send(answer.encode() + b"\\n")
"""


def _tried(function: str, lines: List[str]) -> List[str]:
    answers, inside = socket.socketpair()
    with answers, inside:
        fd = inside.fileno()
        words = [function, str(CHECKOUT), str(fd), *lines]
        command = [sys.executable, "-I", "-c", _SCRIPT, *words]
        subprocess.run(command, pass_fds=[fd], check=True)
        return answers.recv(1 << 16).decode().splitlines()


def test_a_reader_can_do_none_of_this() -> None:
    tried = _tried("confine_reader", _TRIES)
    assert dict(zip(_TRIES, tried)) == dict.fromkeys(_TRIES, "refused")


def test_a_watcher_can_only_read() -> None:
    tried = _tried("confine_watcher", _TRIES)
    expected = dict.fromkeys(_TRIES, "refused")
    expected[_TRIES[1]] = "done"
    assert dict(zip(_TRIES, tried)) == expected


def test_only_children_are_killed() -> None:
    """A PID that was a child's may be another process's by now."""
    with subprocess.Popen(["sleep", "100"]) as stranger:
        pid = os.fork()
        if pid == 0:
            try:
                child.kill(stranger.pid)
            except ChildProcessError:
                os._exit(0)
            except PermissionError:  # it has no monitor to ask
                os._exit(0)
            os._exit(1)
        assert os.waitpid(pid, 0)[1] == 0
        assert stranger.poll() is None
        stranger.kill()
    for number in (0, -1):
        with pytest.raises(OSError):
            child.status(number)


def test_a_monitor_that_does_not_answer() -> None:
    """Somebody has stopped it; the trace goes on, and ends as asked.

    Before Linux 5.19 it can't go on: the monitor reads its counters.
    """
    with Tool("--live", "-p", "1") as tool:
        (monitor, *_) = children(tool.pid)
        os.kill(monitor, signal.SIGSTOP)
        tool.send(signal.SIGINT)
        wait_until(lambda: tool.process.poll() is not None)
        os.kill(monitor, signal.SIGCONT)
        ended = tool.ended()
    needs_it = this_kernel.version() < (5, 19, 0)
    assert ended.status == int(needs_it)
    assert ("does not answer: start" in ended.messages) == needs_it
    assert "Traceback" not in ended.messages
