# SPDX-License-Identifier: Apache-2.0
"""What all figures share: a folder, the load, and namespaces.

The peers don't mount tracefs and debugfs themselves. Where the host doesn't
have them, the peers get them in a mount namespace of their own; our tool runs
on the host as it is.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from typing import Any, Callable, Iterator, List, NamedTuple

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import tracefs

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class MountNamespace:
    """The mount namespace of a process, to start others in."""

    def __init__(self, pid: int) -> None:
        self._fd = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        self._libc = ctypes.CDLL(None, use_errno=True)

    def enter(self) -> None:
        if self._libc.setns(self._fd, 0) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


@contextlib.contextmanager
def meanwhile(work: Callable[..., None], *arguments: Any) -> Iterator[int]:
    """Run `work` in a child process; gives its PID."""
    child = os.fork()
    if child == 0:
        try:
            work(*arguments)
        finally:
            # The child must not continue with what the parent does.
            os._exit(1)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _mount_tracefs(tell: int) -> None:
    with contextlib.suppress(OpensnoopError):
        tracefs.mount_for_this_process()
    os.write(tell, b"x")
    signal.pause()


def _namespace_with_tracefs() -> MountNamespace:
    """A mount namespace with tracefs, which lasts as long as its holder."""
    mounted, tell = os.pipe()
    with meanwhile(_mount_tracefs, tell) as child:
        os.close(tell)
        os.read(mounted, 1)
        os.close(mounted)
        return MountNamespace(child)


class Workbench(NamedTuple):
    folder: str
    quick: bool  # fewer runs, shorter ones
    host: MountNamespace
    with_tracefs: MountNamespace

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    @property
    def opened(self) -> str:
        """The file that the load opens."""
        return self.path("opened")

    @property
    def marker(self) -> str:
        """The file that is opened to see whether a tool shows rows."""
        return self.path("marker")

    def load(self, opens: int) -> List[str]:
        """The command that opens and closes a file `opens` times."""
        return [self.path("open_loop"), "-n", str(opens), self.opened]

    def steady_load(self, opens: int) -> List[str]:
        """The same command with a rest of 50 ms after every 50 opens."""
        program, *rest = self.load(opens)
        return [program, "-w", "50000", *rest]

    def load_on_each_cpu(self, opens: int) -> List[str]:
        """The same with a process on each CPU; `opens` is for all together."""
        cpus = sorted(os.sched_getaffinity(0))
        command = [self.path("open_loop"), "-n", str(opens // len(cpus))]
        for cpu in cpus:
            command += ["-c", str(cpu)]
        return command + [self.opened]


def prepare(folder: str, quick: bool) -> Workbench:
    """Build the load and make its files in `folder`."""
    bench = Workbench(
        folder=folder,
        quick=quick,
        host=MountNamespace(os.getpid()),
        with_tracefs=_namespace_with_tracefs(),
    )
    compiler = os.environ.get("CC", "cc")
    command = [compiler, "-std=c11", "-O2", "-o", bench.path("open_loop")]
    subprocess.run(command + [os.path.join(HERE, "open_loop.c")], check=True)
    for path in (bench.opened, bench.marker):
        with open(path, "wb"):
            pass
    return bench


def start(
    words: List[str], namespace: MountNamespace, **files: Any
) -> subprocess.Popen[bytes]:
    """Start a process, at the same cost for every competitor."""

    def become_command() -> None:
        # A process group for the command and all that it starts.
        os.setpgid(0, 0)
        namespace.enter()
        # SIGINT is ignored in background jobs of a shell, and inherited so.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen(words, preexec_fn=become_command, **files)


def open_once(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))
