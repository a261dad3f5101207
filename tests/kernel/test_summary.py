# SPDX-License-Identifier: Apache-2.0
"""--summary: the sums are those of what was opened, exactly."""

from __future__ import annotations

import base64
import errno
import json
import os
import re
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

from tests.kernel import chosen, strace
from tests.kernel.openers import Attempt, Opener, OpenLoad, Word
from tests.kernel.tool import CHECKOUT, Ended, Tool, replace_in

_COUNTED = re.compile(
    r"^opensnoop: (\d+) counted, 0 lost, (\d+) unreadable, (\d+) missed", re.M
)

# Those that are the same in the C.
FILE_ENTRIES, LONG_NAME_ENTRIES = 16384, 1024

ATTEMPTS = (
    [Attempt(b"/etc/passwd", os.O_RDONLY)] * 7
    + [Attempt(b"/nowhere/at/all", os.O_RDONLY)] * 3
    + [Attempt(b"/etc/passwd/x", os.O_RDONLY)] * 2  # ENOTDIR
    + [Attempt(b"/etc", os.O_WRONLY)]  # EISDIR
    + [Attempt(b"/" + b"long/" * 700, os.O_RDONLY)] * 2
    + [Attempt(b"/" + b"x" * 254, os.O_RDONLY)]  # a short name, just
    + [Attempt(b"/" + b"y" * 255, os.O_RDONLY)]  # a long one, just
    + [Attempt(b"/\x1b[2J\n\xff", os.O_RDONLY)] * 4
    + [Attempt(b"", os.O_RDONLY)]
)


def _reports(ended: Ended) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in ended.lines]


def _counted(ended: Ended) -> Tuple[int, int]:
    """Counted and missed, as the last line says."""
    found = _COUNTED.search(ended.messages)
    assert found, ended.messages
    return int(found.group(1)), int(found.group(3))


def _bytes(row: Dict[str, Any], key: str) -> Optional[bytes]:
    if f"{key}_bytes" in row:
        return base64.b64decode(row[f"{key}_bytes"])
    text: Optional[str] = row[key]
    return None if text is None else text.encode()


@pytest.fixture(scope="module")
def summary_of_attempts() -> Dict[str, Any]:
    with Opener(ATTEMPTS, comm=b"\x1bopener") as opener:
        words = ("--summary", "--format", "json", "-p", str(opener.pid))
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
    (process,) = summary_of_attempts["processes"]
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
            *("--summary", "--format", "json", "-p", str(opener.pid)),
            *("--path", "/etc*", "--path", "!*x"),
        ) as tool:
            made = opener.run()
            (report,) = _reports(tool.stop())
    wanted = Counter(
        row.path
        for row in made
        if row.path
        and row.path.startswith(b"/etc")
        and not row.path.endswith(b"x")
    )
    files = report["files"]
    assert {_bytes(one, "path"): one["opened"] for one in files} == wanted
    assert report["opened"] == sum(wanted.values())
    assert [one["opened"] for one in report["processes"]] == [8]


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
        words = ("--summary", "--format", "json", "-p", str(opener.pid))
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
        with Tool("--summary", "-p", str(opener.pid)) as tool:
            opener.run()
            ended = tool.stop()
    text = ended.output.decode()
    assert all(c.isprintable() or c == "\n" for c in text)
    lines = text.splitlines()
    assert f"{7:>8} {0:>8} /etc/passwd" in lines
    assert rf"{4:>8} {4:>8} $'/\x1b[2J\n\xff'" in lines
    assert "Which errors:" in lines and "Who opened most:" in lines
    assert f"{2:>8} ENOTDIR: Not a directory" in lines


@pytest.mark.parametrize("opens", chosen.first(1, [200_000, 1_000_000]))
@pytest.mark.parametrize("plan", ["syscall", "syscall-exit"])
def test_no_open_is_lost_between_intervals(
    open_load: Path, plan: str, opens: int
) -> None:
    """Counted in all intervals + missed = made, at full speed."""
    words: List[Word] = [open_load, "-n", str(opens), "/etc/passwd"]
    with OpenLoad(*words) as one, OpenLoad(*words) as other:
        pids = f"{one.pid},{other.pid}"
        with Tool(
            "--summary",
            *("--interval", "0.05", "--format", "json", "--attach", plan),
            *("-p", pids, "-b", "1"),  # no ring is needed
        ) as tool:
            one.release()
            other.release()
            one.wait()
            other.wait()
            ended = tool.stop()
    counted, missed = _counted(ended)
    assert counted + missed == 2 * opens
    reports = _reports(ended)
    assert len([report for report in reports if report["opened"]]) > 2
    assert sum(report["opened"] for report in reports) == counted
    by_pid: Counter[int] = Counter()
    by_file = 0
    for report in reports:
        by_file += sum(file["opened"] for file in report["files"])
        for process in report["processes"]:
            by_pid[process["pid"]] += process["opened"]
        if plan == "syscall":
            times = sum(one["opened"] for one in report["times"])
            assert times == report["opened"]
        else:
            assert report["times"] is None
    assert by_file == counted == sum(by_pid.values())
    if not missed:
        assert by_pid == {one.pid: opens, other.pid: opens}


# Copies the path onto itself, which takes many milliseconds.
_DAWDLE = """
	for (int i = 0; i < 12000; i++)
		bpf_probe_read_kernel((void *)event->path, PATH_MAX,
				      event->path);
"""


def test_a_program_that_is_under_way_is_waited_for(
    checkout_copy: Path, open_load: Path
) -> None:
    """It has looked up its entry, and adds to it milliseconds later."""
    found = "\tcounts = file_of(&key, event);\n"
    summary = checkout_copy / "bpf_src" / "extra" / "summary.h"
    replace_in(summary, found, found + _DAWDLE)
    with OpenLoad(open_load, "-n", "1000", "/etc/passwd") as load:
        with Tool(
            *("--summary", "--interval", "0.01", "--format", "json"),
            *("-p", str(load.pid)),
            checkout=checkout_copy,
        ) as tool:
            load.run()
            ended = tool.stop()
    assert _counted(ended) == (1000, 0)
    reports = _reports(ended)
    assert len([report for report in reports if report["opened"]]) > 5
    files = [file for report in reports for file in report["files"]]
    assert sum(file["opened"] for file in files) == 1000


@pytest.mark.parametrize(
    "prefix, entries", [("/nowhere/", FILE_ENTRIES), ("/" + "d/" * 200, None)]
)
def test_full_tables_are_told(
    open_load: Path, prefix: str, entries: Optional[int]
) -> None:
    opens = 30_000
    with OpenLoad(open_load, "-n", str(opens), "-N", "-f", prefix) as load:
        words = ("--summary", "--format", "json", "-p", str(load.pid))
        with Tool(*words) as tool:
            load.run()
            ended = tool.stop()
    counted, missed = _counted(ended)
    assert counted + missed == opens
    (report,) = _reports(ended)
    no_place = report["no_place"]
    files = report["files"]
    assert len(files) == FILE_ENTRIES
    assert no_place["files"] == counted - FILE_ENTRIES
    named = [file for file in files if file["path"] is not None]
    if entries is None:  # names of 400 bytes
        entries = LONG_NAME_ENTRIES
    assert len(named) == entries
    assert no_place["names"] == FILE_ENTRIES - entries
    assert len({file["path"] for file in named}) == entries
    assert ", 13616 not in the tables" in ended.messages or missed


def test_tables_have_room_again(open_load: Path) -> None:
    """What an interval held is gone with it: 40,000 files in three."""
    words = ("--summary", "--format", "json", "--interval", "0.5")
    loads = [
        OpenLoad(open_load, "-n", "13000", "-N", "-f", f"/nowhere/{i}-")
        for i in range(3)
    ]
    pids = ",".join(str(load.pid) for load in loads)
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


def test_how_long_it_took(tmp_path: Path) -> None:
    """An open of a FIFO waits for the other end."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    attempts = [Attempt(os.fsencode(fifo), os.O_RDONLY)]
    with Opener(attempts) as opener:
        with Tool(
            *("--summary", "--format", "json", "--attach", "syscall"),
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
    with Tool("--summary", "--format", "json") as tool:
        opens = strace.run(
            ["cc", "-pipe", "-o", "hello", "hello.c"],
            tmp_path / "strace",
            tmp_path,
        )
        (report,) = _reports(tool.stop())
    counted: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for one in report["processes"]:
        counted[one["pid"]] += one["opened"]
        failed[one["pid"]] += one["failed"]
    for pid, made in opens.items():
        assert counted[pid] == len(made)
        assert failed[pid] == sum(one.ret < 0 for one in made)
    paths = {_bytes(one, "path") for one in report["files"]}
    assert {one.path for made in opens.values() for one in made} <= paths


def test_places_are_those_of_the_c() -> None:
    text = (CHECKOUT / "bpf_src" / "extra" / "summary.h").read_text()
    for name, value in (
        ("FILE_ENTRIES", FILE_ENTRIES),
        ("LONG_NAME_ENTRIES", LONG_NAME_ENTRIES),
    ):
        assert re.search(rf"#define {name}\s+{value}\b", text)
