# SPDX-License-Identifier: Apache-2.0
"""--live on a terminal: what was said of a save stays, and rows scroll above.

The screen is that of pyte, a terminal emulator.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from tests.kernel.mistakes import GOOD
from tests.kernel.tool import CHECKOUT, HANG_SECONDS

pyte = pytest.importorskip("pyte")

# Opens by this process, a row each; a number follows.
_PATH = "/nowhere/"

_C = GOOD.replace("TASK_COMM_LEN];", "TASK_COMM_LEN];\n\tchar path[32];")
_C = _C.replace(
    "\tevent.ts",
    "\tbpf_probe_read_user_str(event.path, 32, args->filename);\n\tevent.ts",
)
_OPTIONS = ["--source", "my.c", "--live"]
_STATEMENT = "\tevent.pid = "

_RELOADED = "my.c: reloaded in "
_RULE = "-" * 80


class Screen(pyte.Screen):  # type: ignore[misc, name-defined]
    """pyte of 2018 doesn't take \\e[r for the end of a scroll region."""

    def set_margins(self, top: int = 0, bottom: int = 0) -> None:
        super().set_margins(top or None, bottom or None)


class Terminal:
    """The tool on a terminal of 24 lines and 80 columns."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "my.c"
        self.file.write_text(_C)
        self._ours, self._theirs = pty.openpty()
        self.screen = Screen(80, 24)
        self.written = b""  # also what has scrolled off the screen
        self._stream = pyte.ByteStream(self.screen)
        self.resize(24, 80)
        self.modes = termios.tcgetattr(self._theirs)
        self.process = subprocess.Popen(
            [CHECKOUT / "opensnoop.py", *_OPTIONS, "-p", str(os.getpid())],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            cwd=folder,
            env={**os.environ, "TERM": "xterm"},
            # A group of its own, but not an orphan: those can't be stopped.
            preexec_fn=os.setpgrp,
        )

    def resize(self, lines: int, columns: int) -> None:
        self.screen.resize(lines, columns)
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, size)

    @property
    def lines(self) -> List[str]:
        return [line.rstrip() for line in self.screen.display]

    def save(self, old: str, new: str) -> None:
        assert old in _C
        self.file.write_text(_C.replace(old, new))

    def run_for(self, seconds: float) -> None:
        """Draw what the tool writes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._ours], [], [], left)[0]:
                data = os.read(self._ours, 65536)
                self.written += data
                self._stream.feed(data)

    def await_screen(self, is_right: Callable[[], bool]) -> None:
        end = time.monotonic() + HANG_SECONDS
        while not is_right():
            assert time.monotonic() < end, "\n".join(self.lines)
            self.run_for(0.02)

    def await_line(self, text: str) -> None:
        self.await_screen(lambda: any(text in one for one in self.lines))

    @property
    def area(self) -> List[str]:
        """The lines below the rule."""
        return self.lines[self.lines.index(self.rule) + 1 :]

    @property
    def rule(self) -> str:
        return "-" * int(self.screen.columns)

    @property
    def rows(self) -> List[str]:
        return self.lines[: self.lines.index(self.rule)]

    @property
    def region(self) -> object:
        """The scroll region; None if it is the whole screen."""
        whole = (0, self.screen.lines - 1)
        return self.screen.margins if self.screen.margins != whole else None

    def ended(self) -> None:
        """Wait for the end: the terminal is as it was."""
        self.await_screen(lambda: self.process.poll() is not None)
        self.run_for(0.2)
        assert self.region is None and self.rule not in self.lines
        assert pyte.modes.DECAWM in self.screen.mode
        assert termios.tcgetattr(self._theirs) == self.modes

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def opens() -> Iterator[None]:
    """Nearly 1,000 opens a second by this process."""
    stop = threading.Event()

    def make() -> None:
        number = 0
        while not stop.wait(0.001):
            number += 1
            with contextlib.suppress(FileNotFoundError):
                os.open(f"{_PATH}{number}", os.O_RDONLY)

    thread = threading.Thread(target=make)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def terminal(tmp_path: Path, opens: None) -> Iterator[Terminal]:
    one = Terminal(tmp_path)
    one.await_line(_PATH)
    yield one
    one.close()


def _assert_rows_scroll(terminal: Terminal) -> None:
    """Rows fill all lines above the area, and are others soon after."""
    terminal.run_for(0.2)
    before = terminal.rows
    assert sum(_PATH in row for row in before) >= len(before) - 1
    terminal.run_for(0.2)
    assert terminal.rows != before and len(terminal.rows) == len(before)


def test_what_was_said_of_a_save_stays(terminal: Terminal) -> None:
    assert "my.c will be reloaded when saved" in terminal.area[0]
    terminal.save(_STATEMENT, "\tevent.pit = ")
    terminal.await_line("(2 more lines, printed at the end)")
    said = terminal.area
    terminal.run_for(2)
    assert terminal.area == said and len(said) == 8
    assert said[0].startswith("my.c:19:8: error: no member named 'pit'")
    assert said[1].strip() == "event.pit = bpf_get_current_pid_tgid() >> 32;"
    assert said[7] == "(2 more lines, printed at the end)"
    _assert_rows_scroll(terminal)
    terminal.save("u32 pid;", "u32 pid, pad;")
    terminal.await_line(_RELOADED)
    assert not any("error" in line for line in terminal.lines)
    terminal.run_for(0.2)
    assert len(terminal.area) == 1 and _RELOADED in terminal.area[0]
    _assert_rows_scroll(terminal)
    before = len(terminal.written)
    terminal.process.send_signal(signal.SIGINT)
    terminal.ended()
    assert any(" shown, 0 lost" in line for line in terminal.lines)
    assert _RELOADED.encode() in terminal.written[before:]


def test_a_long_report(terminal: Terminal) -> None:
    """It is cut on the screen, and printed at the end."""
    wrong = "".join(f"\tevent.no_{i} = 1;\n" for i in range(9))
    terminal.save(_STATEMENT, wrong + _STATEMENT)
    terminal.await_line("more lines, printed at the end)")
    assert len(terminal.area) == 8 and "no_0" in terminal.area[0]
    _assert_rows_scroll(terminal)
    assert b"no_8" not in terminal.written
    terminal.process.send_signal(signal.SIGTERM)
    terminal.ended()
    assert b"no_8" in terminal.written


def test_other_sizes(terminal: Terminal) -> None:
    terminal.save(_STATEMENT, "\tevent.pit = ")
    terminal.await_line("error: no member named 'pit'")
    for lines, columns in ((15, 40), (40, 100)):
        terminal.resize(lines, columns)
        terminal.await_line("-" * columns)
        terminal.run_for(0.5)
        assert len(terminal.lines) == lines
        assert terminal.area[0].startswith("my.c:19:8: error: no member")
        assert len(terminal.area) <= lines // 3
        _assert_rows_scroll(terminal)
    terminal.resize(11, 80)
    terminal.await_screen(lambda: terminal.region is None)
    terminal.run_for(0.2)
    assert sum(_PATH in line for line in terminal.lines) >= 10
    terminal.resize(24, 80)
    terminal.await_line("my.c:19:8: error: no member")
    terminal.process.send_signal(signal.SIGHUP)
    terminal.ended()


def test_stopped_and_continued(terminal: Terminal) -> None:
    os.killpg(terminal.process.pid, signal.SIGTSTP)  # as Ctrl-Z does
    pid, status = os.waitpid(terminal.process.pid, os.WUNTRACED)
    assert pid and os.WIFSTOPPED(status)
    terminal.run_for(0.2)
    assert terminal.region is None and terminal.rule not in terminal.lines
    os.killpg(terminal.process.pid, signal.SIGCONT)
    terminal.await_line(_RULE)
    assert "my.c will be reloaded when saved" in terminal.area[0]
    _assert_rows_scroll(terminal)
    os.killpg(terminal.process.pid, signal.SIGINT)
    terminal.ended()


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGKILL])
def test_other_ends(terminal: Terminal, number: signal.Signals) -> None:
    """After SIGKILL, as after a crash, the monitor cleans up."""
    terminal.process.send_signal(number)
    terminal.await_screen(lambda: terminal.region is None)
    terminal.await_screen(lambda: terminal.process.poll() == -number)
    terminal.run_for(0.2)
    assert terminal.region is None


@pytest.mark.parametrize(
    "term, options, redirect",
    [
        ("dumb", "", ""),
        ("", "", ""),
        ("xterm", "-o rows", ""),
        ("xterm", "", "| cat"),
        ("xterm", "", "2> messages"),
    ],
)
def test_without_an_area(
    tmp_path: Path, opens: None, term: str, options: str, redirect: str
) -> None:
    """Messages are then written as ever, without escape sequences."""
    (tmp_path / "my.c").write_text(_C)
    words = f"{' '.join(_OPTIONS)} -p {os.getpid()} -d 1 {options} {redirect}"
    command = f"export TERM={term}; {CHECKOUT / 'opensnoop.py'} {words}"
    written = run_on_terminal(tmp_path, command)
    for name in ("rows", "messages"):
        if (tmp_path / name).exists():
            written += (tmp_path / name).read_bytes()
    assert b"my.c will be reloaded when saved\r\n" in written.replace(
        b"saved\n", b"saved\r\n"
    )
    assert _PATH.encode() in written and b" shown, " in written
    assert b"\x1b" not in written


def run_on_terminal(folder: Path, command: str) -> bytes:
    """Run a command on a terminal. Returns all that was written to it."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["sh", "-c", command],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        written = b""
        with contextlib.suppress(OSError):  # EIO: nobody has it open
            while data := os.read(ours, 65536):
                written += data
    os.close(ours)
    assert process.returncode == 0
    return written
