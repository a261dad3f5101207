# SPDX-License-Identifier: Apache-2.0
"""--record and --replay: what was opened, not more and not less."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, List, Tuple

import pytest

from tests.kernel.live import Edits, await_reload
from tests.kernel.openers import Attempt, Opener, OpenLoad, without_time
from tests.kernel.tool import (
    CHECKOUT,
    Ended,
    Tool,
    Word,
    children,
    run,
    wait_until,
)

ATTEMPTS = [
    Attempt(b"/etc/passwd", os.O_RDONLY),
    Attempt(b"/nowhere/at/all", os.O_RDWR),
    Attempt(b"/tmp/\x1b[2J\n\xff/x", os.O_WRONLY | os.O_CREAT, 0o640),
    Attempt(b"/" + b"long/" * 800, os.O_RDONLY),
    Attempt(b"", os.O_RDONLY),
    Attempt(b"/etc/passwd", os.O_RDONLY | os.O_CLOEXEC, by_openat2=True),
]


def _replay(*words: Any) -> Ended:
    return run("--replay", *words, "--format", "json")


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return tmp_path / "recorded"


def test_a_replay_shows_what_was_opened(recorded: Path) -> None:
    with Opener(ATTEMPTS) as opener:
        with Tool("--record", recorded, "-p", str(opener.pid)) as tool:
            made = opener.run()
            ended = tool.stop()
    assert ended.status == 0 and ended.output == b""
    assert f"opensnoop: {len(made)} recorded, 0 lost" in ended.messages
    replayed = _replay(recorded)
    assert replayed.status == 0
    assert without_time(replayed.rows) == made
    assert replayed.end.shown == len(made)
    times = [row.ts for row in replayed.rows]
    assert times == sorted(times)


def test_a_replay_equals_a_live_trace(recorded: Path) -> None:
    """Two tools see the same opens, of all processes."""
    with Opener(ATTEMPTS * 50) as opener:
        pid = str(opener.pid)
        with Tool("--record", recorded) as keeper, Tool(
            "--format", "json", "-p", pid
        ) as live:
            opener.run()
            keeper.stop()
            ended = live.stop()
    assert without_time(_replay(recorded, "-p", pid).rows) == without_time(
        ended.rows
    )
    failed = [row for row in ended.rows if row.err]
    assert without_time(
        _replay(recorded, "-p", pid, "-x").rows
    ) == without_time(failed)


def test_as_many_as_there_were(open_load: Path, recorded: Path) -> None:
    words: List[Word] = [open_load, "-n", "200000", "/etc/passwd"]
    with OpenLoad(*words) as one, OpenLoad(*words) as other:
        pids = f"{one.pid},{other.pid}"
        with Tool("--record", recorded, "-p", pids) as tool:
            one.release()
            other.release()
            one.wait()
            other.wait()
            ended = tool.stop()
    end = _end_of_recording(ended)
    assert end.happened == 400_000
    replayed = run("--replay", recorded)
    assert replayed.end == end
    assert len(replayed.lines) == end.shown + 1


def _end_of_recording(ended: Ended) -> Any:
    return ended._replace(
        messages=ended.messages.replace(" recorded,", " shown,")
    ).end


def test_count_and_duration(open_load: Path, recorded: Path) -> None:
    with OpenLoad(open_load, "-n", "100", "/etc/passwd") as load:
        words = ("--count", "7", "-p", str(load.pid), "--until", "path=/no")
        with Tool("--record", recorded, *words) as tool:
            load.run()
            ended = tool.ended()
    assert "7 recorded" in ended.messages
    assert "--until" not in ended.messages
    assert len(_replay(recorded).rows) == 7
    ended = run("--record", recorded, "-d", "0.2", "-p", str(os.getpid()))
    assert ended.status == 0
    assert _replay(recorded).rows == []


@pytest.mark.parametrize(
    "until, count",
    [
        ("path=/nowhere/*", 2),
        ("path=/etc/passwd err=0", 1),
        ("err=EFAULT", len(ATTEMPTS)),
        ("path=/etc/passwd flags=O_CLOEXEC", len(ATTEMPTS)),
    ],
)
def test_until(recorded: Path, until: str, count: int) -> None:
    """The open that it waits for is the last one, also in a replay."""
    attempts = [*ATTEMPTS, *ATTEMPTS]
    if "EFAULT" not in until:
        with Opener(attempts) as opener:
            pid = str(opener.pid)
            words = ("-p", pid, "--until", until, "--count", "99")
            with Tool("--record", recorded, *words) as tool:
                made = opener.run()
                ended = tool.ended()
        assert ended.status == 0
        assert f"{count} recorded" in ended.messages
        assert "the open that --until waits for has happened" in ended.messages
        assert without_time(_replay(recorded).rows) == made[:count]
        return
    with Opener(attempts) as opener:
        with Tool("--record", recorded, "-p", str(opener.pid)) as tool:
            made = opener.run()
            tool.stop()
    for asked, shown in (
        (("--until", until), len(attempts)),
        (("--until", "err=2"), 2),
        (("--until", "comm=opener"), 1),
    ):
        assert len(_replay(recorded, *asked).rows) == shown


def test_until_an_absolute_name(recorded: Path, open_load: Path) -> None:
    """It sees a relative open of the file, too."""
    with OpenLoad(open_load, "-n", "9", "passwd", cwd=Path("/etc")) as load:
        words = ("-p", str(load.pid), "--until", "path=/etc/passwd")
        with Tool("--record", recorded, *words) as tool:
            load.run()
            ended = tool.ended()
    assert "1 recorded" in ended.messages


def test_what_may_be_the_last_is_not(recorded: Path, tmp_path: Path) -> None:
    """Anybody can open a file too deep for its whole path to be known."""

    def prepare() -> None:
        os.chdir(tmp_path)
        for _ in range(200):
            os.makedirs("deep", exist_ok=True)
            os.chdir("deep")

    attempts = [
        Attempt(b"innocent", os.O_WRONLY | os.O_CREAT),
        Attempt(b"innocent", os.O_RDONLY),
        Attempt(b"/etc/passwd", os.O_RDONLY),
    ]
    for until, count in (
        ("path=/etc/passwd err=0", 3),
        ("path=*/deep/innocent", 1),
    ):
        with Opener(attempts, prepare=prepare) as opener:
            words = ("-F", "-p", str(opener.pid), "--until", until)
            with Tool("--record", recorded, *words) as tool:
                opener.run()
                ended = tool.ended()
        assert f"{count} recorded" in ended.messages


def test_only_the_newest_is_kept(open_load: Path, recorded: Path) -> None:
    """Each burst fills a file, or more: the last opens are there, all."""
    older = recorded.with_name(f"{recorded.name}.1")
    paths = [b"/etc/passwd", b"/etc/group", b"/etc/hostname"]
    loads = [OpenLoad(open_load, "-n", "30000", path) for path in paths]
    pids = ",".join(str(load.pid) for load in loads)
    # The test's own process lives on, and the trace with it.
    words = ("--keep", "1M", "-p", f"{pids},{os.getpid()}")
    with Tool("--record", recorded, *words) as tool:
        for child in children(tool.pid):
            os.kill(child, signal.SIGUSR1)  # which is for the trace alone
        for load in loads:
            with load:
                load.run()
        ended = tool.stop(signal.SIGUSR1)
    assert ended.status == 0
    assert " recorded, 0 lost" in ended.messages
    names = f"in {recorded} and {older}\n"
    assert f"keeping the newest 1 MiB, {names}" in ended.messages
    assert f"{older} has what --keep" in _replay(recorded).messages
    found: List[bytes] = []
    for path_of in (older, recorded):
        replayed = _replay(path_of, "-p", pids)
        assert replayed.status == 0, replayed.messages
        found += [row.path or b"" for row in replayed.rows]
    found = [path for path in found if path in paths]
    every = [path for path in paths for _ in range(30000)]
    assert found == every[-len(found) :] and len(found) < len(every)
    assert older.stat().st_size >= 1 << 20


def test_how_large_a_file_becomes(open_load: Path, recorded: Path) -> None:
    """Larger by what one look at the rings finds."""
    older = recorded.with_name(f"{recorded.name}.1")
    command: List[Word] = [open_load, "-u", "-w", "100", "/etc/passwd"]
    with Opener([]) as other, OpenLoad(*command) as load:
        words = ("--keep", "32K", "-p", f"{load.pid},{other.pid}")
        with Tool("--record", recorded, *words) as tool:
            load.let_begin()
            time.sleep(3)
            made = load.made()
            ended = tool.stop()
    assert f" {made} recorded, 0 lost" in ended.messages
    assert 32 << 10 <= older.stat().st_size < 300 << 10


def _seconds(ended: Ended) -> float:
    return float(re.findall(r", in (\d+\.\d) s\n", ended.messages)[-1])


def test_each_file_is_as_if_the_trace_had_begun_with_it(
    open_load: Path, recorded: Path
) -> None:
    """Its time is its own, and so are the opens that it lacks."""
    older = recorded.with_name(f"{recorded.name}.1")
    command: List[Word] = [open_load, "-n", "50000", "/etc/passwd"]
    a_few: List[Word] = [open_load, "-n", "9", "/etc/passwd"]
    with Opener([]) as other, OpenLoad(*command) as flood, OpenLoad(
        *a_few
    ) as few:
        pids = f"{flood.pid},{few.pid},{other.pid}"
        words = ("--keep", "16K", "-b", "8", "-p", pids)
        with Tool("--record", recorded, *words) as tool:
            wait_until(lambda: recorded.stat().st_size > 0)
            tool.hold_back()
            flood.run()
            time.sleep(1)
            tool.send(signal.SIGCONT)
            wait_until(older.exists)
            few.run()
            time.sleep(0.2)
            ended = tool.stop()
    all_of_it = _end_of_recording(ended)
    before, after = (_replay(path) for path in (older, recorded))
    assert before.status == after.status == 0
    assert all_of_it.lost == before.end.lost > 0
    assert (after.end.shown, after.end.happened) == (9, 9)
    assert all_of_it.happened == before.end.happened + 9
    assert abs(_seconds(before) + _seconds(after) - _seconds(ended)) < 0.35
    assert _seconds(before) >= 1 and _seconds(after) > 0


def test_a_file_that_can_grow_no_more(open_load: Path, recorded: Path) -> None:
    """If there is no room for its last counts, it stays where it is."""
    command: List[Word] = [open_load, "-u", "-w", "30000", "/etc/passwd"]
    with Opener([]) as other, OpenLoad(*command) as load:
        words = ("--keep", "8K", "-p", f"{load.pid},{other.pid}")
        with Tool("--record", recorded, *words, "--no-drop") as tool:
            most = (8 << 10) + 110
            resource.prlimit(tool.pid, resource.RLIMIT_FSIZE, (most, most))
            load.let_begin()
            ended = tool.ended()
            load.made()
    assert ended.status == 1
    assert f"cannot write records to {recorded}: File too" in ended.messages
    assert not recorded.with_name(f"{recorded.name}.1").exists()


def test_an_earlier_recording_is_kept_too(recorded: Path) -> None:
    """It is FILE.1, until the next file begins."""
    older = recorded.with_name(f"{recorded.name}.1")
    words = ("--keep", "1m", "-d", "0.1", "-p", str(os.getpid()))
    ended = run("--record", recorded, *words)
    both = f"{recorded} and {older}"
    assert f"keeping the newest 1 min, in {both}\n" in ended.messages
    before = recorded.read_bytes()
    broken = recorded.with_name("broken.c")
    broken.write_text("int x(")
    ended = run("--source", broken, "--record", recorded, *words)
    assert "does not compile" in ended.messages
    assert recorded.read_bytes() == before and not older.exists()
    with Tool("--record", recorded, "--keep", "1m") as tool:
        ended = run("--record", recorded, "-d", "0.1")
        assert "another trace writes to it" in ended.messages
        ended = tool.stop()
    assert ended.status == 0
    assert older.read_bytes() == before != recorded.read_bytes()
    for piece in (older, recorded):
        assert run("--replay", piece).status == 0


def test_only_a_file_is_kept(recorded: Path) -> None:
    """Whatever name its descriptor was given by: it could not be renamed."""
    with open(recorded, "wb") as file:
        for name in ("/dev/fd/1", "/proc/self/fd/1", "-"):
            words = ("--record", name, "--keep", "1s")
            with Tool(*words, stdout=file.fileno(), wait=False) as tool:
                ended = tool.ended()
            assert ended.status == 2
            assert "--keep needs a file" in ended.messages
    assert recorded.stat().st_size == 0


def test_no_new_file(recorded: Path) -> None:
    """The trace ends, and what it has recorded is there."""
    older = recorded.with_name(f"{recorded.name}.1")
    with Tool("--record", recorded, "--keep", "1s") as tool:
        older.mkdir()
        while tool.process.poll() is None:
            time.sleep(0.1)
            Path("/etc/passwd").read_bytes()  # a new file begins with a record
        ended = tool.ended()
    assert ended.status == 1
    assert "--keep: no new file could be begun: Is a dir" in ended.messages
    replayed = _replay(recorded)
    assert replayed.end.shown == _end_of_recording(ended).shown
    assert "is cut off" not in replayed.messages


def test_no_new_file_since_the_directory_has_another_name(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with Tool("--record", folder / "kept", "--keep", "1s") as tool:
        folder.rename(tmp_path / "renamed")
        while tool.process.poll() is None:
            Path("/etc/passwd").read_bytes()
            time.sleep(0.1)
        ended = tool.ended()
    assert ended.status == 1
    assert "--keep: no new file could be begun: No such f" in ended.messages


def test_no_room_for_the_name_of_the_older_file(tmp_path: Path) -> None:
    """Said before there is anything to lose."""
    path = tmp_path / ("f" * 254)
    ended = run("--record", path, "--keep", "1s")
    assert ended.status == 1
    assert (
        ended.messages == f"opensnoop: --keep: {path}.1: File name too long\n"
    )


@pytest.mark.parametrize("command", ["rm", "truncate -s 0"])
def test_a_file_that_is_lost_meanwhile(
    open_load: Path, recorded: Path, command: str
) -> None:
    """The recording goes on, and says what is missing."""
    with Tool("--record", recorded, "--keep", "1s", "-n", "open_load") as tool:
        wait_until(lambda: recorded.stat().st_size > 0)
        before = recorded.stat().st_ino
        subprocess.run([*command.split(), recorded], check=True)
        while not recorded.exists() or recorded.stat().st_ino == before:
            assert tool.process.poll() is None
            with OpenLoad(open_load, "-n", "1", b"/etc/passwd") as load:
                load.run()
        with OpenLoad(open_load, "-n", "9", b"/etc/passwd") as load:
            load.run()
        ended = tool.stop()
    assert ended.status == 0
    assert ended.messages.count("was truncated or removed: ") == 1
    assert _replay(recorded, "--path", "/etc/passwd").end.shown >= 9


def test_a_file_that_is_moved_meanwhile(
    open_load: Path, recorded: Path
) -> None:
    """The recording goes on in a new file, and overwrites none."""
    moved = recorded.with_name("moved")
    with Tool("--record", recorded, "--keep", "1s", "-n", "open_load") as tool:
        recorded.rename(moved)
        while not recorded.exists():
            assert tool.process.poll() is None
            with OpenLoad(open_load, "-n", "1", b"/etc/passwd") as load:
                load.run()
        ended = tool.stop()
    assert ended.status == 0
    assert not recorded.with_name(f"{recorded.name}.1").exists()
    assert _replay(moved).status == _replay(recorded).status == 0


def test_the_c_is_edited_meanwhile(
    checkout_copy: Path, open_load: Path, recorded: Path
) -> None:
    """Each record is described by the struct that it is of."""
    edits = Edits(checkout_copy)
    name = "/nowhere/"
    command = (open_load, "-u", "-w", "100", "-f", "-N", name)
    with OpenLoad(*command) as load:
        options = ("--live", "--record", recorded, "-p", str(load.pid))
        with Tool(*options, checkout=checkout_copy) as tool:
            load.let_begin()
            for count in (1, 2, 3):
                edits.move_fields(count)
                await_reload(tool, "event.h")
                edits.write_record(count)
                await_reload(tool, "record.h")
            made = load.made()
            end = _end_of_recording(tool.stop())
    assert end.happened == made
    replayed = _replay(recorded)
    assert replayed.status == 0
    rows = [json.loads(line) for line in replayed.lines]
    numbers = [int(row["path"][len(name) :]) for row in rows]
    assert len(numbers) == end.shown and numbers == sorted(set(numbers))
    assert {row["pid"] for row in rows} == {load.pid}
    assert {row["version"] for row in rows} == {0, 1, 2, 3}
    assert {"extra_2" in row for row in rows} == {True, False}
    headings = [
        line
        for line in run("--replay", recorded).lines
        if line.startswith(b"PID")
    ]
    assert len(headings) >= 4


def test_killed(open_load: Path, recorded: Path) -> None:
    """What had reached the file can be replayed."""
    command: List[Word] = [open_load, "-n", "1000", "-N", "/nowhere/", "-f"]
    with Opener([]) as other, OpenLoad(*command) as load:
        pids = f"{load.pid},{other.pid}"  # it lives on, and so the trace
        with Tool("--record", recorded, "-p", pids) as tool:
            load.run()
            wait_until(lambda: b"/nowhere/999\0" in recorded.read_bytes())
            tool.stop(signal.SIGKILL)
    replayed = _replay(recorded)
    assert replayed.status == 1 and "is cut off" in replayed.messages
    assert [row.path for row in replayed.rows] == [
        f"/nowhere/{i}".encode() for i in range(1000)
    ]


def test_full_paths_are_asked_for_where_they_were_recorded(
    recorded: Path,
) -> None:
    attempts = [Attempt(b"passwd", os.O_RDONLY)]
    with Opener(attempts, prepare=lambda: os.chdir("/etc")) as opener:
        with Tool("--record", recorded, "-F", "-p", str(opener.pid)) as tool:
            opener.run()
            tool.stop()
    for replayed in (_replay(recorded), _replay(recorded, "-F")):
        assert [row.path for row in replayed.rows] == [b"/etc/passwd"]
    refused = _replay(recorded, "-R")
    assert refused.status == 1 and refused.rows == []
    assert "has full paths (-F), but not those" in refused.messages


def test_an_absolute_pattern_means_absolute_names_here_and_there(
    recorded: Path,
) -> None:
    """In the replay, if the recording has the directories."""
    attempts = [Attempt(name, os.O_RDONLY) for name in (b"passwd", b"/no")]
    made: List[Tuple[List[str], int]] = [
        (["--path", "/etc/*"], 1),
        (["-F"], 2),
        ([], 2),
    ]
    for options, there in made:
        with Opener(attempts, prepare=lambda: os.chdir("/etc")) as opener:
            pid = ["-p", str(opener.pid)]
            with Tool("--record", recorded, *options, *pid) as tool:
                opener.run()
                tool.stop()
        assert len(_replay(recorded).rows) == there
        replayed = _replay(recorded, "--path", "/etc/*")
        shown = [row.path for row in replayed.rows]
        assert shown == ([b"/etc/passwd"] if options else [])
        note = "a pattern that starts with / doesn't match opens by relative"
        assert (note in replayed.messages) == (not options)


def test_a_full_disk(
    open_load: Path, tmp_path: Path, mounts: List[Path]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk], check=True
    )
    mounts.append(disk)
    with OpenLoad(open_load, "-n", "20000", "/etc/passwd") as load:
        with Tool("--record", disk / "f", "-p", str(load.pid)) as tool:
            tool.hold_back()  # or it would end before the load does
            load.run()
            tool.send(signal.SIGCONT)
            ended = tool.ended()
    assert ended.status == 1
    assert ended.messages.endswith(
        f"cannot write records to {disk}/f: No space left on device\n"
    )
    end = _end_of_recording(ended)
    assert end.happened == 20_000 and 0 < end.shown < 20_000
    replayed = _replay(disk / "f")
    assert len(replayed.rows) == end.shown
    assert replayed.status == 1 and "is cut off" in replayed.messages


def test_through_a_pipe() -> None:
    """Recorded here, replayed there, as with ssh in between."""
    with Opener(ATTEMPTS) as opener:
        read, write = os.pipe()
        words = ("--record", "-", "-p", str(opener.pid))
        with Tool(*words, stdout=write) as tool:
            os.close(write)
            replay = subprocess.Popen(
                [CHECKOUT / "opensnoop.py", "--replay", "-"],
                stdin=read,
                stdout=subprocess.PIPE,
            )
            os.close(read)
            opener.run()
            # Shown at once, while the recording goes on.
            assert replay.stdout
            assert replay.stdout.readline().startswith(b"PID")
            assert b"/etc/passwd" in replay.stdout.readline()
            assert tool.stop().status == 0
        rest, _ = replay.communicate()
        assert replay.returncode == 0
        assert rest.count(b"\n") == len(ATTEMPTS) - 1


def test_replay_needs_no_root_and_no_bcc(
    recorded: Path, readable_checkout: Path
) -> None:
    with Opener(ATTEMPTS) as opener:
        with Tool("--record", recorded, "-p", str(opener.pid)) as tool:
            opener.run()
            tool.stop()
    # It comes before the folder of packages, and fails.
    (readable_checkout / "bcc.py").write_text("raise ImportError\n")
    assert "ImportError" in run(checkout=readable_checkout).messages

    def become_nobody() -> None:
        os.setgroups([])
        os.setuid(65534)

    with open(recorded, "rb") as file:
        done = subprocess.run(
            [str(readable_checkout / "opensnoop.py")]
            + ["--replay", "-", "--format", "json"],
            stdin=file,
            stdout=subprocess.PIPE,
            preexec_fn=become_nobody,
        )
    assert done.returncode == 0
    paths = [json.loads(line)["path"] for line in done.stdout.splitlines()]
    assert len(paths) == len(ATTEMPTS)


def test_root_overwrites_recordings_only(
    tmp_path: Path, recorded: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("do not lose me\n")
    link = tmp_path / "link"
    link.symlink_to(precious)
    foreign = tmp_path / "foreign"
    foreign.touch()
    os.chown(foreign, 65534, -1)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path, why in (
        (precious, "exists and is not a recording"),
        (link, "the path contains a symbolic link"),
        (fifo, "is not a regular file"),
        (foreign, "belongs to another user"),
        (tmp_path, "Is a directory"),
        (tmp_path / "none" / "f", "No such file or directory"),
    ):
        ended = run("--record", path)
        assert ended.status == 1 and ended.output == b""
        assert ended.messages.startswith(f"opensnoop: --record {path}: ")
        assert why in ended.messages and ended.messages.count("\n") == 1
    for _ in range(2):  # a recording may be made anew
        run("--record", recorded, "-d", "0.1", "-p", str(os.getpid()))
        assert _replay(recorded).status == 0
    assert recorded.stat().st_mode & 0o777 == 0o600


def test_a_mistake_when_rights_are_gone(recorded: Path) -> None:
    """On a terminal with colours, too: nothing can be imported any more."""
    recorded.write_text("something else\n")
    ended = run("--replay", recorded, "--color", "always")
    assert ended.status == 1 and ended.output == b""
    assert ended.messages == (
        f"opensnoop: {recorded} is not a recording; --record writes one\n"
    )
