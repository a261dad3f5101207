# SPDX-License-Identifier: Apache-2.0
"""Rows on a terminal, through pipes, and one by one."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from tests.kernel.openers import Attempt, Opener, OpenLoad
from tests.kernel.tool import CHECKOUT, Tool, run, wait_until

_RED, _END = b"\x1b[31m", b"\x1b[0m"
_ATTEMPTS = [
    Attempt(b"/etc/passwd", os.O_RDONLY),
    Attempt(b"/" + b"n" * 250, os.O_RDONLY),
]


def _read_now(fd: int) -> bytes:
    """What is there, without waiting."""
    data = b""
    while select.select([fd], [], [], 0)[0]:
        data += os.read(fd, 65536)
    return data


def test_paths_alone(tmp_path: Path) -> None:
    """With -0, whatever is in a name, xargs -0 reads it, if it is whole."""
    names = [b"a b", b"new\nline", b"\xff", b"-r", b"x" * 5000]
    attempts = [Attempt(name, os.O_RDONLY) for name in names]
    cut = b"$'" + b"x" * 4096 + b"'...\n"
    for options, expected in (
        ((), b"a b\n$'new\\nline'\n$'\\xff'\n-r\n" + cut),
        (("-0",), b"a b\0new\nline\0\xff\0-r\0"),
    ):
        with Opener(attempts) as opener:
            words = ("-p", str(opener.pid), "--format", "paths", *options)
            with Tool(*words) as tool:
                opener.run()
                assert tool.stop().output == expected


def test_folded_stacks() -> None:
    """A line for each open: the directories, or who called whom."""
    paths = b"/etc/passwd", b"a;b/c d"
    attempts = [Attempt(path, os.O_RDONLY) for path in paths]
    with Opener(attempts) as opener:
        words = ("-p", str(opener.pid), "--format", "folded")
        with Tool(*words) as by_path, Tool(*words, "-c") as by_caller:
            opener.run()
            lines = by_path.stop().lines
            stacks = by_caller.stop().lines
    comm, _, _ = lines[0].partition(b";")
    assert lines == [
        comm + b";/;etc;passwd 1",
        comm + rb";$'a\x3bb';c d 1",
    ]
    assert len(stacks) == 2
    for line in stacks:
        frames = line.removesuffix(b" 1").split(b";")
        assert frames[0] == comm and len(frames) > 1
        assert b"open" in frames[-1] and b"+0x" not in line


@pytest.fixture
def terminal() -> Iterator[List[int]]:
    """Both ends: ours, and the one that the tool writes to."""
    ends = list(os.openpty())
    yield ends
    for fd in ends:
        os.close(fd)


@pytest.mark.parametrize(
    "options, environment, is_red",
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--format", "json"], {}, False),
    ],
)
def test_color_on_a_terminal(
    terminal: List[int],
    monkeypatch: pytest.MonkeyPatch,
    options: List[str],
    environment: Dict[str, str],
    is_red: bool,
) -> None:
    ours, theirs = terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Opener(_ATTEMPTS) as opener:
        pid = str(opener.pid)
        with Tool("-p", pid, *options, stdout=theirs) as tool:
            opener.run()
            assert tool.stop().end.shown == 2
    *_, passed, failed = _read_now(ours).splitlines()
    assert b"\x1b" not in passed
    if is_red:
        assert failed.startswith(_RED) and failed.endswith(_END)
    else:
        assert b"\x1b" not in failed
    # Not cut, though no line of a terminal is so long.
    assert b"n" * 250 in failed


def test_no_color_where_it_is_no_terminal() -> None:
    for options, is_red in (("", False), ("--color always", True)):
        with Opener(_ATTEMPTS) as opener:
            with Tool("-p", str(opener.pid), *options.split()) as tool:
                opener.run()
                output = tool.stop().output
        assert (_RED in output) == is_red


@pytest.mark.parametrize("unbuffered", [True, False])
def test_each_row_by_itself(open_load: Path, unbuffered: bool) -> None:
    """A packet on this socket is one write."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    options = ["--unbuffered"] if unbuffered else []
    with OpenLoad(open_load, "-n", "20", "/etc/passwd") as load:
        with Tool(
            *("-p", str(load.pid), *options), stdout=theirs.fileno()
        ) as tool:
            heading = ours.recv(65536)  # waits for it
            # The tool sleeps while all opens are made.
            tool.hold_back()
            load.run()
            tool.send(signal.SIGCONT)
            assert tool.stop().end.shown == 20
    packets: List[bytes] = []
    while select.select([ours], [], [], 0)[0]:
        packets.append(ours.recv(65536))
    ours.close()
    theirs.close()
    assert heading.count(b"\n") == 1
    assert b"".join(packets).count(b"\n") == 20
    assert (len(packets) == 20) == unbuffered


@pytest.mark.parametrize("form, first", [("table", b"PID"), ("csv", b"ts,")])
def test_each_row_by_itself_into_a_file(
    tmp_path: Path, form: str, first: bytes
) -> None:
    """The heading is written at once, and the file was emptied before."""
    file = tmp_path / "rows"
    file.write_text("what was there before\n" * 100)
    words = ("-q", "--unbuffered", "--format", form, "-o", file)
    run(*words, "--path", "/etc/hostname", "--exec", "cat", "/etc/hostname")
    heading, row = file.read_bytes().splitlines()
    assert heading.startswith(first)
    assert row.endswith(b"/etc/hostname")


def test_a_file_stays_as_it_was_where_nothing_can_run(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    file = tmp_path / "rows"
    file.write_text("what was there before\n")
    ended = run("--unbuffered", "-o", file, "--exec", program)
    assert ended.status == 1
    assert file.read_text() == "what was there before\n"


def test_rows_come_while_the_trace_goes_on() -> None:
    """No row waits for others to fill a block."""
    with Opener(_ATTEMPTS) as opener:
        with Tool("-p", str(opener.pid)) as tool:
            opener.run()
            wait_until(lambda: tool.output_so_far().count(b"\n") == 3)
            tool.stop()


def _pipeline(command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )


# It opens two files, and writes nothing.
_EXEC = "--exec sh -c ': </etc/hostname </etc/passwd'"


def test_head_ends_it() -> None:
    done = _pipeline(f"./opensnoop.py {_EXEC} | head -n 1")
    assert done.stdout.split() == b"PID COMM FD ERR PATH".split()
    assert b"Traceback" not in done.stderr
    # Without an end of its own, too: while others open files.
    done = _pipeline(
        "(while :; do cat /etc/hostname; sleep .1; done) >/dev/null & "
        "./opensnoop.py -q -n cat | head -n 3; kill $!"
    )
    assert done.stdout.count(b"\n") == 3
    # At most that rows were made which nobody took.
    assert b"cannot" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_grep_and_jq_see_every_row() -> None:
    done = _pipeline(f"./opensnoop.py -q {_EXEC} 2>&1 | grep -c /etc/passwd")
    assert done.stdout == b"1\n"
    done = _pipeline(
        f"./opensnoop.py -q --format json {_EXEC} | jq -r .path"
        " | grep -c /etc/hostname"
    )
    assert done.stdout == b"1\n"
