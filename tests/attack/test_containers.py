# SPDX-License-Identifier: Apache-2.0
"""A user to whom a cgroup was delegated names one below it as a container.

That is how the host's own container is hidden, and a container blamed.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List

import pytest

from tests.attack.conftest import ATTACKER, Start
from tests.kernel.cgroup_folders import a_group, mount_hierarchy, move_into
from tests.kernel.openers import Attempt, Opener, without_time
from tests.kernel.tool import Tool, run

ID = "4f0a1b2c3d" + "e5" * 27
# Longer than the path of the attacker's.
_CONTAINER = f"kubepods.slice/kubepods-pod7.slice/cri-containerd-{ID}.scope"

_VICTIMS = [Attempt(b"/etc/passwd", os.O_RDONLY)] * 7
_ATTACKERS_FILE = "/etc/group"


@pytest.fixture
def group(attacker_folder: Path, mounts: List[Path]) -> Iterator[Path]:
    """Where the attacker can see it: of version 2, with `user` delegated."""
    hierarchy = attacker_folder / "hierarchy"
    mount_hierarchy(2, hierarchy, mounts)
    with a_group(hierarchy) as group:
        user = group / "user"
        user.mkdir()
        for path in (user, user / "cgroup.procs"):
            os.chown(path, ATTACKER, ATTACKER)
        yield group


class _Attacker:
    """tests/programs/delegated.c, in cgroups that it made."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.pid = process.pid
        self._process = process

    def step(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline()


@contextmanager
def _attacker(
    attack: Start, user: Path, name: str, depth: int = 1
) -> Iterator[_Attacker]:
    arguments = (str(user), name, str(depth), _ATTACKERS_FILE)
    pipe = subprocess.PIPE
    with attack("delegated", *arguments, stdin=pipe, stdout=pipe) as process:
        move_into(user, process.pid)
        attacker = _Attacker(process)
        attacker.step()
        yield attacker
        assert process.stdin
        process.stdin.close()
        assert process.wait() == 0


def _victim(group: Path, victim: Opener) -> None:
    folder = group / _CONTAINER
    folder.mkdir(parents=True)
    move_into(folder, victim.pid)


@pytest.mark.parametrize("word", [ID, ID[:8]])
def test_whose_opens_are_shown(attack: Start, group: Path, word: str) -> None:
    other = ID[:10] + "0" * 54 if word != ID else ID  # begins like the word
    with Opener(_VICTIMS) as victim:
        _victim(group, victim)
        with _attacker(attack, group / "user", other) as attacker:
            with Tool("--format", "json", "--container", word) as tool:
                attacker.step()
                made = victim.run()
                attacker.step()
                ended = tool.stop()
    assert without_time(ended.rows) == made
    assert (ended.end.shown, ended.end.lost) == (len(_VICTIMS), 0)


def test_only_a_user_has_such_a_cgroup(attack: Start, group: Path) -> None:
    with _attacker(attack, group / "user", ID):
        ended = run("--container", ID, "-d", "1")
    assert ended.status == 2 and ended.output == b""
    assert ended.messages.count("\n") == 1
    assert "no such container of root's" in ended.messages


def test_the_column(attack: Start, group: Path) -> None:
    """The attacker has no container; what it has is told by the cgroup."""
    names = "--columns", "pid,container,cgroup"
    with Opener(_VICTIMS) as victim:
        _victim(group, victim)
        with _attacker(attack, group / "user", ID) as attacker:
            pids = f"{victim.pid},{attacker.pid}"
            with Tool("-p", pids, "--format", "json", *names) as tool:
                attacker.step()
                victim.run()
                lines = tool.stop().lines
    rows = [json.loads(line) for line in lines]
    path = f"/{group.name}"
    of_attacker = {
        "pid": attacker.pid,
        "container": None,
        "cgroup": f"{path}/user/{ID}",
    }
    of_victim = {
        "pid": victim.pid,
        "container": ID[:12],
        "cgroup": f"{path}/{_CONTAINER}",
    }
    assert rows == [of_attacker] * 10 + [of_victim] * len(_VICTIMS)


def test_cgroups_nested_deeply(attack: Start, group: Path) -> None:
    """Deeper than Python recurses."""
    with _attacker(attack, group / "user", "d", depth=1100):
        ended = run("--container", "nope", "-d", "1")
    assert ended.status == 2
    assert ended.messages.count("\n") == 1
    assert "no such container" in ended.messages
