# SPDX-License-Identifier: Apache-2.0
"""The table, byte for byte as BCC's opensnoop.py prints it.

BCC's own format strings render the rows that are expected here, from opens of
which all is known.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

from tests.kernel.openers import Attempt, Opener, OpenLoad, without_time
from tests.kernel.tool import Ended, Row, Tool, wait_until

NOBODY = 65534


def _bcc_heading(options: str, tid: bool = False) -> bytes:
    """As tools/opensnoop.py of BCC 0.37 prints it."""
    heading = ""
    if "U" in options:
        heading += "%-6s" % "UID"
    heading += "%-6s %-16s %4s %3s " % (
        "TID" if tid else "PID",
        "COMM",
        "FD",
        "ERR",
    )
    if "e" in options:
        heading += "%-8s %-4s " % ("FLAGS", "MODE")
    return (heading + "PATH").encode()


def _bcc_row(row: Row, options: str) -> bytes:
    """Likewise; the time is left to those who know it."""
    line = b""
    if "U" in options:
        line += b"%-6d" % row.uid
    line += b"%-6d %-16s %4d %3d " % (row.pid, row.comm, row.fd, row.err)
    if "e" in options:
        if row.mode is None:
            line += b"%08o n/a  " % row.flags
        else:
            line += b"%08o %04o " % (row.flags, row.mode)
    assert row.path is not None
    return line + row.path


def _attempts(folder: Path) -> List[Attempt]:
    new = bytes(folder / "a new file")
    return [
        Attempt(b"/etc/passwd", os.O_RDONLY),
        Attempt(b"/etc/passwd", os.O_RDONLY | os.O_CLOEXEC | os.O_NOATIME),
        Attempt(b"relative/and/missing", os.O_RDONLY),
        Attempt(b"", os.O_RDONLY),
        Attempt(b"/dev/null", os.O_WRONLY | os.O_APPEND),
        Attempt(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o4755),
        Attempt(new, os.O_WRONLY | os.O_CREAT, 0),
        Attempt(new, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o600),
        Attempt(bytes(folder), os.O_TMPFILE | os.O_RDWR, 0o644),
        Attempt("/tmp/Grüße, 世界".encode(), os.O_RDONLY),
        Attempt(b"/tmp/it's \"quoted\" $HOME \\ `x` $'", os.O_RDONLY),
        Attempt(b"/" + b"n" * 254, os.O_RDONLY),
        Attempt(new, os.O_RDONLY, by_openat2=True),
        Attempt(new, os.O_RDWR | os.O_CREAT, 0o640, by_openat2=True),
    ]


@pytest.fixture
def opener(tmp_path: Path) -> Iterator[Opener]:
    tmp_path.chmod(0o777)
    with Opener(_attempts(tmp_path), comm=b"fifteen bytes!!", uid=NOBODY) as o:
        yield o


def _trace(opener: Opener, *options: str) -> Tuple[Ended, List[Row]]:
    with Tool("-p", str(opener.pid), *options) as tool:
        made = opener.run()
        return tool.stop(), made


@pytest.mark.parametrize("options", ["", "-U", "-e", "-Ue"])
def test_byte_for_byte(opener: Opener, options: str) -> None:
    ended, made = _trace(opener, *options.split())
    heading, *lines = ended.lines
    assert heading == _bcc_heading(options)
    assert lines == [_bcc_row(row, options) for row in made]


@pytest.mark.parametrize("options", ["", "U", "Ue"])
def test_time(opener: Opener, options: str) -> None:
    ended, made = _trace(opener, "-T" + options)
    heading, *lines = ended.lines
    assert heading == b"%-14s" % b"TIME(s)" + _bcc_heading(options)
    assert [line[14:] for line in lines] == [
        _bcc_row(row, options) for row in made
    ]
    times = [float(line[:14]) for line in lines]
    assert [b"%-14.9f" % time for time in times] == [
        line[:14] for line in lines
    ]
    assert times[0] == 0.0
    assert times == sorted(times)
    assert times[-1] > 0


def test_thread_ids(open_load: Path) -> None:
    with OpenLoad(open_load, "-t", "2", "-n", "3", "/etc/passwd") as load:
        tid = load.thread_ids()[0]
        with Tool("-t", str(tid)) as tool:
            load.run()
            ended = tool.stop()
    row = b"%-6d %-16s %4d %3d %s" % (tid, b"open_load", 3, 0, b"/etc/passwd")
    heading, *lines = ended.lines
    assert heading == _bcc_heading("", tid=True)
    # The other thread may have the smaller descriptor open.
    assert [line.replace(b" 4   0 ", b" 3   0 ") for line in lines] == 3 * [
        row
    ]


def test_a_short_command_name() -> None:
    opener = Opener([Attempt(b"/etc/passwd", os.O_RDONLY)], comm=b"x")
    with opener:
        ended, made = _trace(opener)
    assert ended.lines[1:] == [_bcc_row(row, "") for row in made]


_HOSTILE_PATHS = [
    b"/tmp/two\nlines",
    b"/tmp/x\n1      forged           3   0 /etc/shadow",
    b"/tmp/\x1b[2J\x1b]0;title\x07",
    b"/tmp/\r\b\x7f",
    b"/tmp/c1 \xc2\x9b31m",
    b"/tmp/bidi \xe2\x80\xae gpj.exe",
    b"/tmp/line\xe2\x80\xa8separator",
    b"/tmp/nothing\xe2\x80\x8b\xf3\xa0\x81\x81",
    b"/tmp/not utf-8 \xff\xfe",
    b"/tmp/\xed\xa0\x80 surrogate",
    b"/tmp/quote ' and \\ and \n",
    b"$'looks quoted'",
    b"<unreadable>",
    bytes(range(1, 256)),
]
_HOSTILE_COMMS = [
    b"a\n\x1b[31m' b\xff",
    b"ls     3   0 /e",
    "ls\u200b\u0301\u3000\u05d0".encode(),  # no width, wide, backwards
]


@pytest.fixture(params=_HOSTILE_COMMS)
def hostile(request: pytest.FixtureRequest) -> Iterator[Opener]:
    attempts = [Attempt(path, os.O_RDONLY) for path in _HOSTILE_PATHS]
    with Opener(attempts, comm=request.param) as opener:
        yield opener


def _unquoted_by_shell(word: bytes) -> bytes:
    script = b"printf %s " + word
    return subprocess.run(
        ["bash", "-c", script], check=True, capture_output=True
    ).stdout


def _is_harmless(line: bytes) -> bool:
    """No control character, none taken for one, and none without width."""
    text = line.decode()
    unsafe = (
        "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        "\u200b\U000e0041"
    )
    return not any(
        ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c in unsafe for c in text
    )


def test_hostile_names_in_the_table(hostile: Opener) -> None:
    """One open is one line, and the names paste back into a shell."""
    ended, made = _trace(hostile)
    lines = ended.lines[1:]
    assert len(lines) == len(_HOSTILE_PATHS)
    for line, row in zip(lines, made):
        assert _is_harmless(line)
        pid, _, rest = line.partition(b" ")
        assert int(pid) == row.pid
        comm, _, rest = rest.partition(b"  -1 %3d " % row.err)
        assert _unquoted_by_shell(comm) == row.comm
        assert _unquoted_by_shell(rest) == row.path


def test_hostile_names_in_json(hostile: Opener) -> None:
    ended, made = _trace(hostile, "--format", "json")
    assert len(ended.lines) == len(_HOSTILE_PATHS)
    assert all(_is_harmless(line) for line in ended.lines)
    assert without_time(ended.rows) == made


def test_output_file(opener: Opener, tmp_path: Path) -> None:
    """-o takes all rows and the heading, stdout none."""
    file = tmp_path / "rows"
    file.write_bytes(b"old" * 100_000)
    ended, made = _trace(opener, "-o", str(file))
    assert ended.output == b""
    assert file.read_bytes().splitlines() == [
        _bcc_heading(""),
        *(_bcc_row(row, "") for row in made),
    ]


def test_quiet(opener: Opener) -> None:
    """-q: rows as ever, and nothing on stderr."""
    options = ["-q", "-p", str(opener.pid)]
    with Tool(*options, wait=False) as tool:
        # The heading is written when the trace has begun.
        wait_until(lambda: tool.output_so_far() != b"")
        made = opener.run()
        ended = tool.stop(signal.SIGINT)
    assert ended.status == 0
    assert ended.messages == ""
    assert ended.lines[1:] == [_bcc_row(row, "") for row in made]


def test_a_user_by_name_has_the_number_in_the_table(opener: Opener) -> None:
    name = pwd.getpwuid(NOBODY).pw_name
    ended, made = _trace(opener, "-U", "-u", name)
    assert ended.lines[1:] == [_bcc_row(row, "U") for row in made]
