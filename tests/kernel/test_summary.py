# SPDX-License-Identifier: Apache-2.0
"""--summary: the sums are those of what was opened, exactly."""

from __future__ import annotations

import base64
import errno
import json
import os
import re
import select
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from tests.kernel import calm, chosen, strace
from tests.kernel.live import Edits, await_reload
from tests.kernel.openers import Attempt, Opener, OpenLoad, Word
from tests.kernel.tool import Ended, Row, Tool, parse_row, run, wait_until

_COUNTED = re.compile(
    r"^opensnoop: (\d+) counted, (\d+) lost, \d+ unreadable, (\d+) missed",
    re.M,
)

ATTEMPTS = (
    [Attempt(b"/etc/passwd", os.O_RDONLY)] * 7
    + [Attempt(b"/nowhere/at/all", os.O_RDONLY)] * 3
    + [Attempt(b"/etc/passwd/x", os.O_RDONLY)] * 2  # ENOTDIR
    + [Attempt(b"/etc", os.O_WRONLY)]  # EISDIR
    + [Attempt(b"/" + b"long/" * 700, os.O_RDONLY)] * 2
    + [Attempt(b"/\x1b[2J\n\xff", os.O_RDONLY)] * 4
    + [Attempt(b"", os.O_RDONLY)]
)


def _reports(ended: Ended) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in ended.lines]


def _counted(ended: Ended) -> Tuple[int, int]:
    """Counted, and lost or missed, as the last line says."""
    found = _COUNTED.search(ended.messages)
    assert found, ended.messages
    counted, lost, missed = map(int, found.groups())
    return counted, lost + missed


def _bytes(row: Dict[str, Any], key: str) -> bytes:
    if f"{key}_bytes" in row:
        return base64.b64decode(row[f"{key}_bytes"])
    text: str = row[key]
    return text.encode()


@pytest.fixture(scope="module")
def summary_of_attempts() -> Dict[str, Any]:
    with Opener(ATTEMPTS, comm=b"\x1bopener") as opener:
        words = (
            "--summary",
            "--by",
            "pid,comm",
            "--format",
            "json",
            "-p",
            str(opener.pid),
        )
        with Tool(*words) as tool:
            made = opener.run()
            ended = tool.stop()
    assert ended.status == 0
    assert _counted(ended) == (len(made), 0)
    (report,) = _reports(ended)
    return {**report, "made": made, "pid": opener.pid}


def test_files(summary_of_attempts: Dict[str, Any]) -> None:
    made = summary_of_attempts["made"]
    opened = Counter(row.path for row in made)
    failed = Counter(row.path for row in made if row.err)
    missing = Counter(
        row.path for row in made if row.err in (errno.ENOENT, errno.ENOTDIR)
    )
    files = summary_of_attempts["files"]
    assert {_bytes(one, "path"): one["opened"] for one in files} == opened
    for one in files:
        path = _bytes(one, "path")
        assert one["failed"] == failed[path]
        assert one["missing"] == missing[path]
    counts = [one["opened"] for one in files]
    assert counts == sorted(counts, reverse=True)


def test_processes_and_errors(summary_of_attempts: Dict[str, Any]) -> None:
    made = summary_of_attempts["made"]
    (process,) = summary_of_attempts["groups"]
    assert process["pid"] == summary_of_attempts["pid"]
    assert _bytes(process, "comm") == b"\x1bopener"
    assert process["opened"] == len(made) == summary_of_attempts["opened"]
    errors = Counter(row.err for row in made if row.err)
    assert {
        one["err"]: one["opened"] for one in summary_of_attempts["errors"]
    } == errors
    assert summary_of_attempts["failed"] == sum(errors.values())
    for one in summary_of_attempts["errors"]:
        assert getattr(errno, one["name"]) == one["err"]


def test_of_some_paths_alone() -> None:
    with Opener(ATTEMPTS) as opener:
        with Tool(
            *(
                "--summary",
                "--by",
                "pid,comm",
                "--format",
                "json",
                "-p",
                str(opener.pid),
            ),
            *("--path", "/etc*", "--path", "!*x", "--path", "/nowhere/a*a*"),
        ) as tool:
            made = opener.run()
            (report,) = _reports(tool.stop())
    wanted = Counter(
        row.path
        for row in made
        if row.path
        and row.path.startswith((b"/etc", b"/nowhere"))
        and not row.path.endswith(b"x")
    )
    files = report["files"]
    assert {_bytes(one, "path"): one["opened"] for one in files} == wanted
    assert report["opened"] == sum(wanted.values())
    assert [one["opened"] for one in report["groups"]] == [11]


def test_in_vain(tmp_path: Path) -> None:
    """As a search along a path goes: three folders, and then the fourth."""
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).mkdir()
    (tmp_path / "d" / "lib.so").touch()
    search = [
        Attempt(os.fsencode(tmp_path / name / "lib.so"), os.O_RDONLY)
        for name in ("a", "b", "c", "d")
    ]
    never = [Attempt(b"/a/never", 0), Attempt(b"/b/never", 0)]
    with Opener(search * 5 + never) as opener:
        words = (
            "--summary",
            "--by",
            "pid,comm",
            "--format",
            "json",
            "-p",
            str(opener.pid),
        )
        with Tool(*words) as tool:
            opener.run()
            (report,) = _reports(tool.stop())
    assert report["in_vain"] == [
        {
            "name": "lib.so",
            "opened": 15,
            "folders": 3,
            "found": str(tmp_path / "d" / "lib.so"),
        },
        {"name": "never", "opened": 2, "folders": 2},
    ]


def test_the_table_drives_no_terminal() -> None:
    with Opener(ATTEMPTS, comm=b"\x1bopener") as opener:
        with Tool(
            "--summary", "--by", "pid,comm", "-p", str(opener.pid)
        ) as tool:
            opener.run()
            ended = tool.stop()
    text = ended.output.decode()
    assert all(c.isprintable() or c == "\n" for c in text)
    lines = text.splitlines()
    assert f"{7:>8} {0:>8} /etc/passwd" in lines
    assert rf"{4:>8} {4:>8} $'/\x1b[2J\n\xff'" in lines
    assert "Which errors:" in lines and "Who opened most:" in lines
    assert f"{2:>8} ENOTDIR (20): Not a directory" in lines


@pytest.mark.parametrize("opens", chosen.first(1, [200_000, 1_000_000]))
@pytest.mark.parametrize("plan", ["syscall", "syscall-exit"])
def test_no_open_is_lost_between_intervals(
    open_load: Path, plan: str, opens: int
) -> None:
    """Counted in all intervals + lost + missed = made, at full speed."""
    words: List[Word] = [open_load, "-n", str(opens), "/etc/passwd"]
    times = ["-L"] if plan == "syscall" else []
    with OpenLoad(*words) as one, OpenLoad(*words) as other:
        pids = f"{one.pid},{other.pid}"
        with Tool(
            "--summary",
            "--by",
            "pid,comm",
            *("--interval", "0.05", "--format", "json", "--attach", plan),
            *("-p", pids, *times),
        ) as tool:
            one.release()
            other.release()
            one.wait()
            other.wait()
            ended = tool.stop()
    counted, others = _counted(ended)
    assert counted + others == 2 * opens
    reports = _reports(ended)
    assert len([report for report in reports if report["opened"]]) > 2
    assert sum(report["opened"] for report in reports) == counted
    by_pid: Counter[int] = Counter()
    by_file = 0
    for report in reports:
        by_file += sum(file["opened"] for file in report["files"])
        for process in report["groups"]:
            by_pid[process["pid"]] += process["opened"]
        if times:
            timed = sum(one["opened"] for one in report["times"])
            assert timed == report["opened"]
        else:
            assert report["times"] is None
    assert by_file == counted == sum(by_pid.values())
    if not others:
        assert by_pid == {one.pid: opens, other.pid: opens}


def test_a_summary_of_c_that_is_edited(
    checkout_copy: Path, open_load: Path
) -> None:
    """Counted by the old programs or by the new ones, each once."""
    edits = Edits(checkout_copy)
    with OpenLoad(open_load, "-u", "-w", "200", "/etc/passwd") as load:
        with Tool(
            *(
                "--summary",
                "--by",
                "pid,comm",
                "--live",
                "--interval",
                "0.1",
                "--format",
                "json",
            ),
            *("-p", str(load.pid)),
            checkout=checkout_copy,
        ) as tool:
            load.let_begin()
            for version in range(1, 4):
                edits.move_fields(version)
                await_reload(tool, "event.h")
            made = load.made()
            ended = tool.stop()
    counted, others = _counted(ended)
    assert counted + others == made
    reports = _reports(ended)
    assert sum(report["opened"] for report in reports) == counted
    assert {file["path"] for r in reports for file in r["files"]} == {
        "/etc/passwd"
    }


_OWN_C = """
struct event {
	u64 ts;
	u32 pid;
	int ret;
	char comm[16];
	char path[64];
};
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	struct event event = {};

	event.ts = bpf_ktime_get_ns();
	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.ret = args->ret;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
"""


@pytest.mark.parametrize("options", [["-x"], ["--errno", "ENOTDIR"]])
def test_a_summary_of_somebodys_own_c(
    tmp_path: Path, options: List[str]
) -> None:
    """The reader selects by the struct's fields: the C has no macros."""
    (tmp_path / "my.c").write_text(_OWN_C)
    with Opener(ATTEMPTS) as opener:
        with Tool(
            *(
                "--summary",
                "--by",
                "pid,comm",
                "--format",
                "json",
                "-p",
                str(opener.pid),
            ),
            *("--source", str(tmp_path / "my.c"), *options),
        ) as tool:
            made = opener.run()
            (report,) = _reports(tool.stop())
    failed = [row.err for row in made if row.err]
    wanted = failed if options == ["-x"] else [errno.ENOTDIR] * 2
    assert report["opened"] == report["failed"] == len(wanted) > 0
    assert [one["pid"] for one in report["groups"]] == [opener.pid]


def test_tables_have_room_again(open_load: Path) -> None:
    """What an interval held is gone with it: 40,000 files in three."""
    words = ("--summary", "--format", "json", "--interval", "0.5")
    with Opener([]) as other:  # lives on, and the trace with it
        loads = [
            OpenLoad(open_load, "-n", "13000", "-N", "-f", f"/nowhere/{i}-")
            for i in range(3)
        ]
        pids = ",".join(map(str, [*(one.pid for one in loads), other.pid]))
        with Tool(*words, "-p", pids) as tool:
            for load in loads:
                load.run()
                before = len(tool.output_so_far().splitlines())
                while len(tool.output_so_far().splitlines()) < before + 2:
                    time.sleep(0.01)
            ended = tool.stop()
    reports = _reports(ended)
    assert sum(len(report["files"]) for report in reports) == 39_000
    assert all(report["no_place"]["files"] == 0 for report in reports)
    for load in loads:
        load.__exit__(None)


def test_counts_do_not_wait_for_the_output(open_load: Path) -> None:
    """While nobody reads a long summary, opens are counted, not lost."""
    inside, outside = os.pipe()
    words = ["--summary", "--by", "path,directory", "--interval", "0.5"]
    words += ["--format", "json", "-b", "64"]
    with OpenLoad(open_load, "-n", "9000", "-N", "-f", "/no/") as first:
        with OpenLoad(open_load, "-n", "20000", "-w", "20", "/etc") as other:
            pids = f"{first.pid},{other.pid}"
            with Tool(*words, "-p", pids, stdout=outside) as tool:
                os.close(outside)
                first.run()
                wait_until(lambda: select.select([inside], [], [], 0)[0] != [])
                other.run()
                with open(inside, "rb") as rest:
                    rest.read()
                ended = tool.ended()
    counted, others = _counted(ended)
    assert counted + others == 29_000
    calm.need()  # else those that find no room in the rings are as many
    assert others < 2000


def test_how_long_it_took(tmp_path: Path) -> None:
    """An open of a FIFO waits for the other end."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    attempts = [Attempt(os.fsencode(fifo), os.O_RDONLY)]
    with Opener(attempts) as opener:
        with Tool(
            *("--summary", "--by", "pid,comm", "--format", "json", "-L"),
            *("-p", str(opener.pid)),
        ) as tool:
            thread = threading.Thread(target=opener.run)
            thread.start()
            time.sleep(0.5)
            began = time.monotonic_ns()
            os.close(os.open(fifo, os.O_WRONLY))
            thread.join()
            (report,) = _reports(tool.stop())
    (slot,) = report["times"]
    assert began and slot["opened"] == 1
    # It waited for half a second at least, and not for two minutes.
    assert 2**28 <= slot["least_ns"] <= 2**37


def test_strace_agrees(tmp_path: Path) -> None:
    (tmp_path / "hello.c").write_text("int main(void) { return 0; }\n")
    with Tool("--summary", "--by", "pid,comm", "--format", "json") as tool:
        opens = strace.run(
            ["cc", "-pipe", "-o", "hello", "hello.c"],
            tmp_path / "strace",
            tmp_path,
        )
        (report,) = _reports(tool.stop())
    counted: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for one in report["groups"]:
        counted[one["pid"]] += one["opened"]
        failed[one["pid"]] += one["failed"]
    for pid, made in opens.items():
        assert counted[pid] == len(made)
        assert failed[pid] == sum(one.ret < 0 for one in made)
    paths = {_bytes(one, "path") for one in report["files"]}
    assert {one.path for made in opens.values() for one in made} <= paths


def test_once() -> None:
    """Each path and result of a program once, and at the end how often."""
    long = [Attempt(b"/" + b"long/" * 900, os.O_RDONLY)] * 3  # ENAMETOOLONG
    with Opener(ATTEMPTS * 2 + long, comm=b"one\x1b") as one, Opener(
        ATTEMPTS, comm=b"other"
    ) as other:
        pids = f"{one.pid},{other.pid}"
        with Tool("--once", "--format", "json", "-p", pids) as tool:
            made = [row for opener in (one, other) for row in opener.run()]
            ended = tool.stop()

    def kind(row: Row) -> Tuple[bytes, bytes, int]:
        return row.comm, (row.path or b"")[:4096], row.err

    *rows, last = ended.lines
    often = {
        (_bytes(one, "comm"), _bytes(one, "path"), one["err"]): one["opened"]
        for one in json.loads(last)["how_often"]
    }
    assert often == Counter(map(kind, made))
    assert b'"failed"' not in last
    firsts = [*dict.fromkeys(map(kind, made))]
    assert [kind(parse_row(row)) for row in rows] == firsts
    assert ended.end.shown == len(rows)
    assert ended.end.happened == len(made)


def test_once_beside_maps() -> None:
    """An interval is one of the maps; how often is said at the end alone."""
    maps = ("--maps", "--interval", "0.1", "--format", "json")
    attempts = [Attempt(b"/etc/passwd", os.O_RDONLY)] * 2
    with Opener(attempts) as opener, Opener([]) as other:  # it lives on
        pids = f"{opener.pid},{other.pid}"
        with Tool("--once", "-p", pids, *maps) as tool:
            opener.run()
            time.sleep(0.5)
            ended = tool.stop()
    assert ended.output.count(b'"how_often"') == 1
    assert (ended.end.shown, ended.end.repeated) == (1, 1)


def test_once_where_nothing_is_opened() -> None:
    ended = run("--once", "-n", "no such", "-d", "0.2")
    assert len(ended.lines) == 1  # the heading


def test_rows_of_once_end_before_its_table(open_load: Path) -> None:
    """Also where opens go on, and rings are full, while it is written."""
    with OpenLoad(open_load, "-u", "-f", "-N", "/no/such/") as load:
        with Tool("--once", "-b", "1", "-p", str(load.pid)) as tool:
            load.let_begin()
            wait_until(lambda: tool.output_so_far().count(b"\n") > 999)
            ended = tool.stop()
        load.made()
    rows, _, table = ended.output.partition(b"\n\nHow often:\n")
    shown = [line.split()[-1] for line in rows.split(b"\n")[1:]]
    counted = [line.split() for line in table.split(b"\n")[1:-1]]
    assert counted == [
        [b"1", b"2", b"open_load", path] for path in sorted(shown)
    ]
    assert len(shown) == ended.end.shown > 999
