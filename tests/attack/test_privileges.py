# SPDX-License-Identifier: Apache-2.0
"""What the processes of a trace may do, by /proc/PID/status."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Dict, List

import pytest

from tests.kernel.live import Edits
from tests.kernel.openers import OpenLoad
from tests.kernel.tool import (
    CHECKOUT,
    Tool,
    children,
    descendants,
    run,
    wait_until,
)

_READ_ANY_FILE = 1 << 2  # CAP_DAC_READ_SEARCH
_FILTER = "2"  # SECCOMP_MODE_FILTER
_ROOT = "0\t0\t0\t0"


def _status(pid: int) -> Dict[str, str]:
    text = Path(f"/proc/{pid}/status").read_text()
    pairs = (line.split(":", 1) for line in text.splitlines())
    return {name: value.strip() for name, value in pairs}


def _is_confined(pid: int) -> bool:
    """Has it a user of its own, no capabilities, and few system calls?"""
    status = _status(pid)
    users = {*status["Uid"].split(), *status["Gid"].split()}
    return (
        len(users) == 1
        and not users & {"0", "65534"}
        and status["Groups"] == ""
        and int(status["CapInh"], 16) == 0
        and int(status["CapPrm"], 16) == int(status["CapEff"], 16) == 0
        and status["NoNewPrivs"] == "1"
        and status["Seccomp"] == _FILTER
    )


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="", marks=pytest.mark.every_kernel),
        [
            "--format",
            "json",
            "-F",
            "--columns",
            "pid,user,group,cgroup,latency",
        ],
        ["--summary", "--interval", "1", "--format", "json"],
        ["--record", "-"],
        ["-R", "--path-view", "host"],
        ["--maps", "--attach", "syscall"],
        ["--time", "wall", "--children"],
    ],
    ids=" ".join,
)
def test_a_trace_has_no_privileges(
    open_load: Path, options: List[str]
) -> None:
    """Only its monitor has any, and still it counts each open."""
    path = "/no/such/file"
    with OpenLoad(open_load, "-f", "-n", "2000", path) as load:
        with Tool(*options, "-p", str(load.pid)) as tool:
            assert _is_confined(tool.pid)
            assert _status(children(tool.pid)[0])["Uid"] == _ROOT
            load.run()
            ended = tool.stop()
    assert ended.status == 0
    assert ended.messages.splitlines()[-1].startswith("opensnoop: 2000 ")


@pytest.mark.one_kernel
def test_a_live_trace_has_no_privileges(checkout_copy: Path) -> None:
    """Its watcher can read any file, and do nothing else; rooms compile."""
    with Tool("--live", "-p", "1", checkout=checkout_copy) as tool:
        assert _is_confined(tool.pid)
        monitor, *_ = children(tool.pid)
        (watcher,) = children(monitor)
        wait_until(lambda: _status(watcher)["Seccomp"] == _FILTER)
        assert int(_status(watcher)["CapEff"], 16) == _READ_ANY_FILE
        Edits(checkout_copy).write_record(1)
        tool.await_message("event.h, record.h: reloaded in ")
        assert tool.stop().status == 0


def test_no_other_process_has_its_user() -> None:
    with Tool() as one, Tool() as other:
        assert _status(one.pid)["Uid"] != _status(other.pid)["Uid"]


def test_privileges_can_be_kept() -> None:
    with Tool("--no-drop") as tool:
        assert _status(tool.pid)["Uid"] == _ROOT
        assert tool.stop().status == 0


@pytest.mark.parametrize("options", [[], ["--live"]], ids=" ".join)
def test_nothing_outlives_the_trace(options: List[str]) -> None:
    """Not even where it is killed: other users' processes get no signal."""
    with Tool(*options) as tool:
        pids = descendants(tool.pid)
        assert pids
        tool.send(signal.SIGKILL)
        tool.ended()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_a_monitor_that_is_killed(checkout_copy: Path) -> None:
    """The trace goes on with what needs no privileges."""
    with Tool("--live", "-p", "1", checkout=checkout_copy) as tool:
        os.kill(children(tool.pid)[0], signal.SIGKILL)
        tool.await_message("the process that watches the C was killed")
        ended = tool.stop()
    assert ended.status == 0
    assert "Traceback" not in ended.messages


def test_a_replay_has_no_privileges(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    run("--record", recording, "-d", "0.1")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with Tool("--replay", fifo, wait=False) as tool:
        with open(fifo, "wb") as file:
            wait_until(lambda: _is_confined(tool.pid))
            file.write(recording.read_bytes())
        assert tool.ended().status == 0


def test_a_time_zone_is_read_before() -> None:
    """libc reads its file when it is first needed."""
    recording = str(CHECKOUT / "tests" / "data" / "recording-version-1")
    zone = ("env", "TZ=Asia/Kathmandu")
    words = ("--replay", recording, "--time", "wall")
    kept = run(*words, "--no-drop", under=zone)
    assert kept.lines == run(*words, under=zone).lines
    assert kept.lines != run(*words, "--no-drop").lines
