# SPDX-License-Identifier: Apache-2.0
"""However a trace ends: its last rows are there, and nothing is left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Iterator, List, Optional, Set

import pytest

from tests.kernel.mistakes import GOOD, HANGING
from tests.kernel.openers import OpenLoad
from tests.kernel.tool import (
    CHECKOUT,
    HANG_SECONDS,
    BpfObjects,
    Ended,
    Tool,
    Word,
    assert_nothing_left,
    children,
    loaded_objects,
    objects_held_by,
    run,
    wait_until,
)

EXISTING = "/etc/passwd"
OPENS = 1000


@pytest.fixture
def before() -> BpfObjects:
    """What is loaded before the test."""
    return loaded_objects()


@pytest.fixture
def load(open_load: Path) -> Iterator[OpenLoad]:
    with OpenLoad(open_load, "-n", str(OPENS), EXISTING) as process:
        yield process


def _objects_of(tool: Tool) -> BpfObjects:
    """The programs and maps of a trace; bpftool lists them while it runs."""
    held = objects_held_by(tool.pid)
    assert {kind for kind, _ in held} >= {"prog", "map"}
    assert held <= loaded_objects()
    return held


def _assert_gone(objects: BpfObjects) -> None:
    wait_until(lambda: not objects & loaded_objects())


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
)
def test_signal(before: BpfObjects, load: OpenLoad, number: int) -> None:
    with Tool("--format", "json", "-p", str(load.pid)) as tool:
        objects = _objects_of(tool)
        load.run()
        ended = tool.stop(number)
    assert ended.status == 0
    assert ended.end.shown == len(ended.rows) == OPENS
    _assert_gone(objects)
    assert_nothing_left(ended, before)


def test_two_signals_in_a_row(load: OpenLoad) -> None:
    """Somebody leans on Ctrl-C."""
    with Tool("--format", "json", "-p", str(load.pid)) as tool:
        load.run()
        for _ in range(20):
            tool.send(signal.SIGINT)
        ended = tool.ended()
    assert ended.status == 0
    assert ended.end.shown == len(ended.rows) == OPENS
    assert "Traceback" not in ended.messages


@pytest.mark.parametrize("options", ["-d 0.1", "--replay"])
def test_a_signal_after_the_last_line(tmp_path: Path, options: str) -> None:
    """It has ended as asked, and what Python still does takes a while."""
    words: List[Word] = [*options.split()]
    if options == "--replay":
        words.append(tmp_path / "recording")
        run("--record", words[-1], "-d", "0.1")
    with Tool(*words, wait=False) as tool:
        tool.await_line(r"opensnoop: \d+ shown")
        while tool.process.poll() is None:
            tool.send(signal.SIGINT)
        assert tool.ended().status == 0


def test_sigkill(before: BpfObjects, load: OpenLoad) -> None:
    with Tool("-p", str(load.pid)) as tool:
        objects = _objects_of(tool)
        ended = tool.stop(signal.SIGKILL)
    assert ended.status == -signal.SIGKILL
    _assert_gone(objects)
    assert_nothing_left(ended, before)


def _temporary_folders() -> Set[str]:
    """Where the compile room keeps headers."""
    name = re.compile("opensnoop-[0-9a-f]{32}")
    return {one for one in os.listdir("/tmp") if name.fullmatch(one)}


def _compile_room(tool: Tool) -> Optional[int]:
    """The tool's second child, after the monitor, while it has one."""
    pids = children(tool.pid)
    return pids[1] if len(pids) > 1 else None


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]
)
def test_signal_while_it_launches(before: BpfObjects, number: int) -> None:
    """The compiler ends as well."""
    folders_before = _temporary_folders()
    with Tool(wait=False) as tool:
        wait_until(lambda: _compile_room(tool) is not None)
        room = _compile_room(tool)
        ended = tool.stop(number)
    assert ended.output == b""
    wait_until(lambda: not os.path.exists(f"/proc/{room}"))
    assert_nothing_left(ended, before)
    if number == signal.SIGKILL:
        assert ended.status == -number
    else:
        assert ended.status == 0
        assert (
            ended.messages == "opensnoop: interrupted before the trace began\n"
        )
    wait_until(lambda: _temporary_folders() <= folders_before)


def test_sigkill_while_the_compile_room_is_stopped(
    before: BpfObjects, tmp_path: Path
) -> None:
    folders_before = _temporary_folders()
    path = tmp_path / "my.c"
    path.write_text(HANGING + GOOD)
    with Tool("--source", path, wait=False) as tool:
        wait_until(lambda: _compile_room(tool) is not None)
        room = _compile_room(tool)
        assert room
        maps = Path(f"/proc/{room}/maps")
        wait_until(lambda: "LLVM" in maps.read_text())
        time.sleep(1)  # so that it compiles
        os.kill(room, signal.SIGSTOP)
        ended = tool.stop(signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{room}"))
    assert_nothing_left(ended, before)
    wait_until(lambda: _temporary_folders() <= folders_before)


def test_closed_stdout(
    before: BpfObjects, load: OpenLoad, open_load: Path
) -> None:
    """| head -n 2"""
    head = subprocess.Popen(
        ["head", "-n", "2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert head.stdin and head.stdout
    with OpenLoad(open_load, "-n", str(OPENS), EXISTING) as later, head:
        pids = f"{load.pid},{later.pid}"
        with Tool("-p", pids, stdout=head.stdin.fileno()) as tool:
            objects = _objects_of(tool)
            head.stdin.close()
            load.run()
            assert head.stdout.read().count(b"\n") == 2
            head.wait()
            later.run()
            ended = tool.ended()
    assert ended.status == 0
    assert ended.end.shown >= 1
    _assert_gone(objects)
    assert_nothing_left(ended, before)


@pytest.mark.parametrize("options", ["", "--record -", "--summary"])
def test_closed_stdout_where_nothing_is_opened(options: str) -> None:
    """-n nosuch | head -n 1"""
    reading, writing = os.pipe()
    with Tool("-n", "no such", *options.split(), stdout=writing) as tool:
        os.close(writing)
        os.close(reading)
        ended = tool.ended()
    assert ended.status == 0
    assert "cannot" not in ended.messages


def test_a_terminal_or_a_file_is_never_closed() -> None:
    """Nor is what can't be waited for, such as /dev/null."""
    leader, terminal = os.openpty()
    with open(os.devnull, "wb") as null:
        for stdout in (terminal, null.fileno(), None):
            with Tool("-n", "no such", stdout=stdout) as tool:
                time.sleep(0.5)
                assert tool.process.poll() is None
                tool.stop()
    os.close(leader)
    os.close(terminal)


def test_closed_stdout_of_a_replay_that_waits(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    run("-n", "no such", "-d", "0.1", "--record", path)
    theirs, ours = os.pipe()
    reading, writing = os.pipe()
    with subprocess.Popen(
        [CHECKOUT / "opensnoop.py", "-q", "--replay", "-"],
        stdin=theirs,
        stdout=writing,
    ) as replay:
        os.close(theirs)
        os.close(writing)
        # Its end is missing: more could follow.
        os.write(ours, path.read_bytes()[:-1])
        assert os.read(reading, 3) == b"PID"
        os.close(reading)
        assert replay.wait(HANG_SECONDS) == 0
    os.close(ours)


def test_no_stdout_from_the_begin() -> None:
    """>&-"""
    command = f"./opensnoop.py --exec cat {EXISTING} >&-"
    done = subprocess.run(
        command, cwd=CHECKOUT, shell=True, stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 1
    assert "0 shown" in done.stderr
    assert "cannot write rows to stdout: Bad file descriptor" in done.stderr


@pytest.fixture
def full_disk(tmp_path: Path, mounts: List[Path]) -> Path:
    folder = tmp_path / "small"
    folder.mkdir()
    options = ["-o", "size=32k"]
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", folder])
    mounts.append(folder)
    return folder


def _assert_told_what_was_written(ended: Ended, rows_written: int) -> None:
    assert ended.status == 1
    assert "No space left on device" in ended.messages
    assert ended.end.shown == rows_written
    assert ended.end.unwritten > 0
    assert "Traceback" not in ended.messages


def test_full_disk(
    before: BpfObjects, load: OpenLoad, full_disk: Path
) -> None:
    """It ends by itself; rows that are there are whole but for the last."""
    file = full_disk / "rows"
    with Tool("-o", str(file), "-p", str(load.pid)) as tool:
        objects = _objects_of(tool)
        load.run()
        ended = tool.ended()
    _assert_told_what_was_written(ended, file.read_bytes().count(b"\n") - 1)
    _assert_gone(objects)
    assert_nothing_left(ended, before)


def test_dev_full(before: BpfObjects, load: OpenLoad) -> None:
    with open("/dev/full", "wb") as full:
        with Tool("-p", str(load.pid), stdout=full.fileno()) as tool:
            load.run()
            ended = tool.ended()
    _assert_told_what_was_written(ended, 0)
    assert_nothing_left(ended, before)


def test_a_pipe_that_nobody_reads(open_load: Path) -> None:
    """A signal ends it all the same, and the sum is exact."""
    opens = 20_000
    read_end, write_end = os.pipe()
    with OpenLoad(open_load, "-n", str(opens), EXISTING) as load:
        with Tool("-p", str(load.pid), stdout=write_end) as tool:
            os.close(write_end)
            load.run()
            ended = tool.stop()
    with open(read_end, "rb") as pipe:
        lines = pipe.read().count(b"\n")
    assert ended.end.shown == lines - 1
    assert ended.end.unwritten > 0
    assert ended.end.happened == opens


def test_duration(before: BpfObjects, load: OpenLoad) -> None:
    options = ["--format", "json", "-p", str(load.pid), "-d", "1.5"]
    with Tool(*options) as tool:
        objects = _objects_of(tool)
        load.run()
        ended = tool.ended()
    assert ended.status == 0
    assert ended.end.shown == len(ended.rows) == OPENS
    _assert_gone(objects)
    assert_nothing_left(ended, before)


@pytest.mark.parametrize("count", [1, 7, OPENS])
def test_count(before: BpfObjects, load: OpenLoad, count: int) -> None:
    options = ["--format", "json", "-p", str(load.pid)]
    with Tool(*options, "--count", str(count)) as tool:
        objects = _objects_of(tool)
        load.run()
        ended = tool.ended()
    assert ended.status == 0
    assert ended.end.shown == len(ended.rows) == count
    _assert_gone(objects)
    assert_nothing_left(ended, before)


def test_exec(before: BpfObjects, tmp_path: Path) -> None:
    """The command's end is the trace's; so is its status: test_exec.py."""
    output = tmp_path / "rows"
    ended = run("-o", output, "--exec", "sh", "-c", "exit 3")
    assert ended.status == 3
    assert ended.end.shown == output.read_bytes().count(b"\n") - 1 > 0
    assert_nothing_left(ended, before)


def test_it_works_from_any_folder(tmp_path: Path) -> None:
    program = CHECKOUT / "opensnoop.py"
    done = subprocess.run(
        [program, "--exec", "true"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert b"/etc/ld.so.cache\n" in done.stdout
