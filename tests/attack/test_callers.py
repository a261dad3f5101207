# SPDX-License-Identifier: Apache-2.0
"""-c, beside programs whose callers take long to find."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from tests.attack.conftest import Start
from tests.kernel.openers import OpenLoad
from tests.kernel.tool import Tool

_OPENS = 20_000
_PAUSE_US = "80"  # some 10,000 opens a second
_SLOW_FILES = 12


def _many_mappings(
    attack: Start, count: str
) -> List["subprocess.Popen[bytes]"]:
    """120 callers in so many mappings, some thousand times a second."""
    arguments = [count, "120", "200", "/etc/passwd"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return [attack("many_mappings", *arguments, **pipes)]


@pytest.fixture
def slow_files(
    slow_file: Path, tmp_path: Path
) -> Iterator[Callable[[], List["subprocess.Popen[bytes]"]]]:
    """A helper that reads them never gets an answer.

    Root starts them, since not every host lets others use /dev/fuse.
    """
    started: List["subprocess.Popen[bytes]"] = []

    def start() -> List["subprocess.Popen[bytes]"]:
        for number in range(_SLOW_FILES):
            folder = tmp_path / str(number)
            folder.mkdir()
            process = subprocess.Popen(
                [slow_file, folder, "/etc/passwd", "again"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            started.append(process)
        return started

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "kind", ["many-mappings", "too-many-mappings", "slow-files", "both"]
)
def test_rows_of_others_go_on(
    attack: Start,
    slow_files: Callable[[], List["subprocess.Popen[bytes]"]],
    open_load: Path,
    kind: str,
) -> None:
    """None is lost, at 10,000 opens a second."""
    attackers = []
    if kind != "slow-files":
        too_many = kind == "too-many-mappings"
        attackers += _many_mappings(attack, "8100" if too_many else "1300")
    if kind in ("slow-files", "both"):
        attackers += slow_files()
    for attacker in attackers:
        assert attacker.stdout
        if attacker.stdout.readline() != b"ready\n":
            pytest.skip("nobody may serve a file system here")
    load = ["-n", str(_OPENS), "-w", _PAUSE_US, "/etc/hosts"]
    with OpenLoad(open_load, *load) as victim:
        pids = [victim.pid, *(attacker.pid for attacker in attackers)]
        options = ["--format", "csv", "--columns", "pid,path,callers"]
        with Tool(*options, "-p", ",".join(map(str, pids))) as tool:
            for attacker in attackers:
                assert attacker.stdin
                attacker.stdin.close()
            victim.run()
            ended = tool.stop()
    shown = sum(
        line.startswith(b"%d,/etc/hosts" % victim.pid) for line in ended.lines
    )
    assert (shown, ended.end.lost) == (_OPENS, 0)
