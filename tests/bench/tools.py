# SPDX-License-Identifier: Apache-2.0
"""The competitors: how each is started, made ready, and ended."""

from __future__ import annotations

import contextlib
import enum
import os
import re
import shutil
import signal
import subprocess
import time
from typing import Iterator, List, NamedTuple, Optional

import workbench
from workbench import Workbench

# Far longer than a launch takes, also in an emulator on a busy host.
_LAUNCH_TIMEOUT_SECONDS = 300


class CannotMeasure(Exception):
    """A figure of a competitor can't be measured here; the text says why."""


class Kind(enum.Enum):
    UNTRACED = 0  # no tool at all
    HOST = 1  # is started, and then traces all processes
    COMMAND = 2  # starts the command that it traces


class Tool(NamedTuple):
    name: str
    kind: Kind
    words: List[str]
    package: str  # its name in Debian
    has_rows: bool = True  # False: its message says when it is watching

    def check(self) -> None:
        """Raises CannotMeasure where it isn't installed."""
        if self.words and shutil.which(self.words[0]) is None:
            raise CannotMeasure(f"not installed: apt install {self.package}")

    def version(self) -> str:
        """The version of the Debian package. Raises CannotMeasure."""
        self.check()
        asked = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", self.package],
            capture_output=True,
            text=True,
        )
        if asked.returncode:
            raise CannotMeasure("not a Debian package")
        return asked.stdout

    def with_arguments(self, *words: str) -> Tool:
        return self._replace(words=[*self.words, *words])


UNTRACED = Tool("untraced", Kind.UNTRACED, [], "")
OURS = Tool(
    "ours",
    Kind.HOST,
    [os.path.join(workbench.ROOT, "opensnoop.py")],
    "python3-bpfcc",
)
# An absolute path: our own opensnoop, if installed, may be first in PATH.
LIBBPF_TOOLS = Tool(
    "libbpf-tools", Kind.HOST, ["/usr/sbin/opensnoop"], "libbpf-tools"
)
BCC_TOOLS = Tool(
    "BCC", Kind.HOST, ["/usr/sbin/opensnoop-bpfcc"], "bpfcc-tools"
)
BPFTRACE = Tool("bpftrace", Kind.HOST, ["/usr/sbin/opensnoop.bt"], "bpftrace")
STRACE = Tool(
    "strace -f",
    Kind.COMMAND,
    ["strace", "-f", "-e", "trace=open,openat,openat2,creat"],
    "strace",
)
PERF_TRACE = Tool(
    "perf trace",
    Kind.COMMAND,
    ["perf", "trace", "-e", "openat*"],
    "linux-perf",
)


class Trace:
    """A tool at work on this host; this class is for UNTRACED."""

    def __init__(self, bench: Workbench, tool: Tool) -> None:
        name = tool.name.replace(" ", "_")
        self.output = bench.path(f"{name}.rows")
        self._bench = bench
        self._tool = tool
        self._namespace = (
            bench.host if tool.words[:1] == OURS.words else bench.with_tracefs
        )
        self._process: Optional[subprocess.Popen[bytes]] = None

    @property
    def tool_pid(self) -> int:
        """The PID of the tracing process."""
        assert self._process is not None
        return self._process.pid

    def begin(self) -> None:
        """Get the tool ready for start(). Raises CannotMeasure."""

    def start(self, command: List[str]) -> subprocess.Popen[bytes]:
        """Start a command that is traced, with pipes to it and from it."""
        return workbench.start(
            command,
            self._namespace,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, command: List[str]) -> str:
        """Run a command that is traced; returns what it printed.

        Raises CannotMeasure where it, or the tool that starts it, fails.
        """
        process = self.start(command)
        printed, said = process.communicate()
        if process.returncode:
            raise CannotMeasure(last_line(said))
        return printed.decode()

    def end(self) -> None:
        """End the tool; `output` then holds all of its rows."""

    def said(self) -> str:
        """What the tool wrote to stderr."""
        return ""


class _CommandTrace(Trace):
    def start(self, command: List[str]) -> subprocess.Popen[bytes]:
        words = self._tool.words + ["-o", self.output]
        self._process = super().start(words + command)
        return self._process


class _HostTrace(Trace):
    def begin(self) -> None:
        with open(self.output, "wb") as rows, open(
            self._said_path, "wb"
        ) as said:
            self._process = workbench.start(
                self._tool.words,
                self._namespace,
                stdin=subprocess.DEVNULL,
                stdout=rows,
                stderr=said,
            )
        if self._tool.has_rows:
            self._await_rows(self._process)
        else:
            self._await_word(self._process)

    @property
    def _said_path(self) -> str:
        return self.output + ".stderr"

    def _await_rows(self, process: subprocess.Popen[bytes]) -> None:
        """Open a file until its row comes: some tools buffer rows."""
        deadline = time.monotonic() + _LAUNCH_TIMEOUT_SECONDS
        marker = self._bench.marker.encode()
        while marker not in _contents(self.output):
            if process.poll() is not None:
                raise CannotMeasure(last_line(_contents(self._said_path)))
            if time.monotonic() > deadline:
                raise CannotMeasure("shows no rows")
            for _ in range(20):
                workbench.open_once(self._bench.marker)
            time.sleep(0.02)

    def _await_word(self, process: subprocess.Popen[bytes]) -> None:
        while b"watching" not in _contents(self._said_path):
            if process.poll() is not None:
                raise CannotMeasure(last_line(_contents(self._said_path)))
            time.sleep(0.02)

    def end(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_LAUNCH_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def said(self) -> str:
        return _contents(self._said_path).decode(errors="replace")


_TRACES = {
    Kind.UNTRACED: Trace,
    Kind.HOST: _HostTrace,
    Kind.COMMAND: _CommandTrace,
}


def _contents(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


# How each tool reports lost records.
_LOST = {
    OURS.name: re.compile(r"(\d+) lost"),
    BCC_TOOLS.name: re.compile(r"lost (\d+) samples"),
    LIBBPF_TOOLS.name: re.compile(r"[Ll]ost (\d+) events"),
    BPFTRACE.name: re.compile(r"Lost (\d+) events"),
}


def told_lost(tool: Tool, said: str) -> int:
    """The number of lost records that a tool reports; 0 without a report."""
    return sum(map(int, _LOST[tool.name].findall(said)))


def last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "fails without a message"


@contextlib.contextmanager
def tracing(bench: Workbench, tool: Tool) -> Iterator[Trace]:
    """Run `tool`, with its rows in a file. Raises CannotMeasure."""
    tool.check()
    trace = _TRACES[tool.kind](bench, tool)
    try:
        trace.begin()
        yield trace
    finally:
        trace.end()
