# SPDX-License-Identifier: Apache-2.0
"""--top on a terminal of its own: drawn, resized, left as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path
from typing import Iterator, List

import pytest

from tests.kernel.openers import Attempt, Opener
from tests.kernel.tool import CHECKOUT, HANG_SECONDS, run
from tests.unit.recordings import HEADER, Open, counts, description, records

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


class Terminal:
    """The tool on a pseudo-terminal of 24 lines and 80 columns."""

    def __init__(self, *options: str, stderr: int = subprocess.PIPE) -> None:
        self._ours, theirs = pty.openpty()
        self.resize(24, 80)
        self.modes = termios.tcgetattr(theirs)
        self._theirs = theirs
        self.seen = b""
        self.process = subprocess.Popen(
            [CHECKOUT / "opensnoop.py", "--top", *options],
            stdin=theirs,
            stdout=theirs,
            stderr=stderr,
            text=True,
            # A group of its own, but not an orphan: those can't be stopped.
            preexec_fn=os.setpgrp,
        )

    def resize(self, lines: int, columns: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, size)

    def await_text(self, text: bytes) -> bytes:
        """All up to `text`, which is taken off what was seen."""
        deadline = time.monotonic() + HANG_SECONDS
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self._ours], [], [], 0.1)[0]:
                self._read()
        before, _, self.seen = self.seen.partition(text)
        return before

    def _read(self) -> None:
        """The terminal makes \\r\\r\\n of \\r\\n: stty(1), onlcr."""
        self.seen += os.read(self._ours, 65536).replace(b"\r\r\n", b"\r\n")

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def ended(self) -> str:
        """Wait for the end: the terminal is as before. What stderr had."""
        _, said = self.process.communicate(timeout=HANG_SECONDS)
        while select.select([self._ours], [], [], 0.1)[0]:
            self._read()
        assert self.seen.endswith(LEAVE)
        assert b"\x1b[?25h" in self.seen and b"\x1b[?7h" in self.seen
        assert termios.tcgetattr(self._theirs) == self.modes
        return said

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stderr:
            self.process.stderr.close()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def opener() -> Iterator[Opener]:
    attempts = [
        *[Attempt(b"/etc/passwd", os.O_RDONLY)] * 30,
        *[Attempt(b"/\x1b[2J\xe2\x80\xae\n", os.O_RDONLY)] * 20,
        *[Attempt(b"/" + b"wide" * 90, os.O_RDONLY)] * 10,
    ]
    with Opener(attempts, comm=b"\x1b]0;opener") as one:
        yield one


@pytest.fixture
def terminal(opener: Opener) -> Iterator[Terminal]:
    with Opener([]) as other:  # lives on, and the trace with it
        pids = f"{opener.pid},{other.pid}"
        one = Terminal("-p", pids, "--interval", "0.2")
        yield one
        one.close()


def test_it_draws_and_ends_with_q(terminal: Terminal, opener: Opener) -> None:
    terminal.await_text(ENTER)
    opener.run()
    before = terminal.await_text(b"60 opens in 0.2 s, 30 failed")
    assert before.endswith(b"\r\n\x1b[K")
    screen = terminal.await_text(b"\x1b[J")
    assert rb"$'/\x1b[2J\xe2\x80\xae\n'" in screen
    assert rb"$'\x1b]0;opener'" in screen
    for line in screen.replace(b"\x1b[K", b"").split(b"\r\n"):
        assert b"\x1b" not in line and len(line) <= 80
    assert screen.count(b"\r\n") <= 23
    terminal.press(b"q")
    said = terminal.ended()
    assert terminal.process.returncode == 0
    assert "60 counted, 0 lost, 0 unreadable, 0 missed" in said


def test_it_fits_another_size(terminal: Terminal, opener: Opener) -> None:
    terminal.await_text(ENTER)
    opener.run()
    terminal.await_text(b"60 opens")
    terminal.resize(10, 40)
    while True:
        terminal.await_text(b"\x1b[H")
        screen = terminal.await_text(b"\x1b[J").replace(b"\x1b[K", b"")
        if len(screen.split(b"\r\n")) <= 10:
            break
    assert max(map(len, screen.split(b"\r\n"))) <= 40
    terminal.press(b"Q")
    terminal.ended()


def test_a_terminal_that_does_not_know_its_size(
    terminal: Terminal, opener: Opener
) -> None:
    """As a serial console; 24 lines of 80 columns then."""
    terminal.await_text(ENTER)
    terminal.resize(0, 0)
    terminal.await_text(b"\x1b[J")  # perhaps of before
    opener.run()
    terminal.await_text(b"60 opens")
    screen = terminal.await_text(b"\x1b[J").replace(b"\x1b[K", b"")
    assert b"/etc/passwd" in screen
    assert max(map(len, screen.split(b"\r\n"))) <= 80
    terminal.press(b"q")
    terminal.ended()


_ENDINGS: List[signal.Signals] = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


@pytest.mark.parametrize("number", _ENDINGS)
def test_signals_end_it(terminal: Terminal, number: signal.Signals) -> None:
    terminal.await_text(ENTER)
    terminal.await_text(b"opens in")
    terminal.process.send_signal(number)
    terminal.ended()
    assert terminal.process.returncode == 0


def test_a_quit_leaves_the_screen_too(terminal: Terminal) -> None:
    terminal.await_text(ENTER)
    terminal.await_text(b"opens in")
    terminal.process.send_signal(signal.SIGQUIT)
    terminal.ended()
    assert terminal.process.returncode == -signal.SIGQUIT


def test_stopped_and_continued(terminal: Terminal) -> None:
    terminal.await_text(ENTER)
    terminal.await_text(b"opens in")
    terminal.process.send_signal(signal.SIGTSTP)
    terminal.await_text(LEAVE)
    pid, status = os.waitpid(terminal.process.pid, os.WUNTRACED)
    assert pid and os.WIFSTOPPED(status)
    terminal.process.send_signal(signal.SIGCONT)
    terminal.await_text(ENTER)
    terminal.await_text(b"opens in")
    terminal.press(b"q")
    terminal.ended()


def test_it_needs_a_terminal() -> None:
    ended = run("--top")
    assert ended.status == 2 and ended.output == b""
    assert "stdout is not one" in ended.messages


@pytest.fixture
def busy() -> Iterator[int]:
    """The PID of a process that opens files all the time."""
    load = subprocess.Popen(["sh", "-c", "while :; do : </etc/passwd; done"])
    yield load.pid
    load.kill()
    load.wait()


def test_keys_group(busy: int) -> None:
    """Each press counts by the next columns, and by the first ones at last."""
    until = ("--until", "path=/nowhere")
    terminal = Terminal("-p", str(busy), "--interval", "0.2", *until)
    try:
        terminal.await_text(b"   OPENS   FAILED COMM\r\n")
        for heading, row in (
            (b"PID    COMM", b"%-6d sh" % busy),
            (b"USER", b"root"),
            (b"DIRECTORY", b"/etc"),
            (b"COMM", b"sh"),
        ):
            terminal.press(b"g")
            terminal.await_text(b"   OPENS   FAILED " + heading + b"\r\n")
            terminal.await_text(b"        0 " + row + b"\r\n")
        terminal.press(b"q")
        said = terminal.ended()
        assert " 0 lost" in said and "--until" not in said
    finally:
        terminal.close()


def test_keys_sort_filter_and_pause(
    terminal: Terminal, opener: Opener
) -> None:
    """What is typed after / is text, q included, up to Enter."""
    terminal.await_text(ENTER)
    opener.run()
    terminal.await_text(b"60 opens")
    terminal.press(b"p")
    terminal.await_text(b"opensnoop: paused")
    terminal.await_text(b", 30 failed")
    screen = terminal.await_text(b"\x1b[J")
    assert screen.index(b"/etc/passwd") < screen.index(b"$'/")
    terminal.press(b"s")
    terminal.await_text(b", 30 failed")
    screen = terminal.await_text(b"\x1b[J")
    assert b"$'/" in screen and b"/etc/passwd" not in screen
    terminal.press(b"/passwdq\x7f\r")
    terminal.await_text(b"paused  /passwd  ")
    screen = terminal.await_text(b"\x1b[J")
    assert b"/etc/passwd" in screen and b"$'/" not in screen
    terminal.press(b"/none")
    terminal.await_text(b"paused  /none_  ")
    terminal.press(b"\x1b[A")  # the arrow up is neither Escape nor text
    terminal.await_text(b"paused  /none_  ")
    terminal.press(b"\x1b")
    terminal.await_text(b"paused  q: quit")
    terminal.press(b"q")
    terminal.ended()


def test_the_whole_recording_until_q(tmp_path: Path) -> None:
    """It stays when the recording is at its end; a signal ends it, too."""
    recorded = str(tmp_path / "recorded")
    command = ("--exec", "cat", "/dev/null")
    assert run("--record", recorded, "-n", "cat", *command).status == 0
    for by_key in (True, False):
        terminal = Terminal("--replay", recorded)
        terminal.await_text(b"Opened most:")
        terminal.await_text(b"\x1b[J")
        terminal.press(b"/dev/nu\r")
        terminal.await_text(b"/dev/nu  ")
        screen = terminal.await_text(b"\x1b[J")
        assert b"/dev/null" in screen and b"libc.so" not in screen
        assert terminal.process.poll() is None
        if by_key:
            terminal.press(b"q")
        else:
            terminal.process.send_signal(signal.SIGINT)
        assert "0 lost" in terminal.ended()
        assert terminal.process.returncode == 0
        terminal.close()


def test_paused_before_there_is_anything(tmp_path: Path) -> None:
    """What comes first is shown; a replay draws nothing later."""
    recorded = tmp_path / "recorded"
    os.mkfifo(recorded)
    terminal = Terminal("--replay", str(recorded))
    with open(recorded, "wb", buffering=0) as fifo:
        fifo.write(HEADER + description())
        terminal.await_text(ENTER)
        terminal.press(b"p")
        fifo.write(records(Open(b"/first")) + counts())
    terminal.await_text(b"/first")
    terminal.press(b"q")
    terminal.ended()
    terminal.close()


def test_messages_are_not_on_the_screen() -> None:
    """They are there when it has been left."""
    with Opener([]) as opener:
        pid = str(opener.pid)
        words = "-p", pid, "--unit", "nosuch"
        terminal = Terminal(*words, stderr=subprocess.STDOUT)
        assert b"no cgroup of version 2" in terminal.await_text(ENTER)
        terminal.await_text(b"opens in")
    terminal.await_text(LEAVE)
    terminal.await_text(b"process %s has ended" % pid.encode())
    terminal.await_text(b"0 counted")
    assert terminal.process.wait(HANG_SECONDS) == 0
    terminal.close()


def test_a_command_that_cannot_run(tmp_path: Path) -> None:
    """What is said so late is still said beside the screen."""
    command = tmp_path / "command"
    command.write_text("#!/nowhere\n")
    command.chmod(0o755)
    terminal = Terminal("--exec", str(command), stderr=subprocess.STDOUT)
    before = terminal.await_text(b"cannot run")
    assert terminal.process.wait(HANG_SECONDS) == 1
    assert ENTER not in before
    terminal.close()


def test_a_line_as_wide_as_the_screen(tmp_path: Path) -> None:
    """Nothing erases its last character, on which the cursor is then.

    Messages are not on the screen of a replay, either.
    """
    recorded = tmp_path / "recorded"
    path = b"/".ljust(80 - len("       1        0 "), b"x")
    recorded.write_bytes(HEADER + description() + records(Open(path)))
    terminal = Terminal("--replay", str(recorded), stderr=subprocess.STDOUT)
    assert b"replaying" in terminal.await_text(ENTER)
    terminal.await_text(b" 0 " + path + b"\r\n")
    terminal.press(b"q")
    terminal.await_text(LEAVE)
    terminal.await_text(b"is cut off")
    terminal.close()


def test_a_replay_needs_a_terminal_too(tmp_path: Path) -> None:
    ended = run("--top", "--replay", str(tmp_path / "none"))
    assert ended.status == 2 and "stdout is not one" in ended.messages
