# SPDX-License-Identifier: Apache-2.0
"""--children and --exec: every descendant's opens, and nobody else's."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Iterator, List

import pytest

from opensnooplib.plan_list import PLANS
from tests.kernel import calm, chosen
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.live import Edits, await_reload
from tests.kernel.openers import Attempt, Opener, OpenLoad, Word
from tests.kernel.tool import Ended, Tool, run

_WIDTH = 4  # each child is made in another way
_OPENS = 3


def _tree(
    program: Path, before: int, after: int, name: str, *more: Word
) -> List[Word]:
    sizes = [str(number) for number in (before, after, _WIDTH, _OPENS)]
    return [program, *sizes, name, *more]


def _paths(levels: int, name: str) -> Iterator[bytes]:
    """Of all that a tree with so many levels of children opens."""
    for level in range(levels + 1):
        for indexes in product(range(_WIDTH), repeat=level):
            process = ".".join([name, *map(str, indexes)])
            for number in range(_OPENS):
                yield f"{process}/{number}".encode()


def _assert_all_shown(
    ended: Ended, levels: int, name: str, plan: str = ""
) -> None:
    assert ended.status == 0
    assert ended.end.lost == 0
    may_miss = plan and PLANS[plan].may_miss()
    assert ended.end.missed == 0 or may_miss
    found = Counter(row.path for row in ended.rows)
    expected = Counter(_paths(levels, name))
    shown = Counter({path: found[path] for path in expected})
    missing = sum((expected - shown).values())
    not_followed = "could not be followed" in ended.messages
    assert missing <= ended.end.missed or (may_miss and not_followed)
    assert not shown - expected
    others = {path for path in found if path and b"TREE" in path}
    assert others <= set(expected)


@pytest.mark.parametrize("plan", chosen.plans())
def test_those_of_before_and_those_to_come(fork_tree: Path, plan: str) -> None:
    skip_without_hooks_for(plan)
    with OpenLoad(*_tree(fork_tree, 2, 2, "TREE")) as tree, OpenLoad(
        *_tree(fork_tree, 1, 1, "OTHER-TREE")
    ) as other:
        options = ["--attach", plan, "-p", str(tree.pid), "--children"]
        with Tool("--format", "json", *options) as tool:
            tree.release()
            other.run()
            tree.wait()
            ended = tool.stop()
    _assert_all_shown(ended, 4, "TREE", plan)
    assert b"OTHER" not in ended.output


def test_without_children(fork_tree: Path) -> None:
    with OpenLoad(*_tree(fork_tree, 1, 1, "TREE")) as tree:
        with Tool("--format", "json", "-p", str(tree.pid)) as tool:
            tree.run()
            ended = tool.stop()
    assert ended.rows == []


def test_several_families(fork_tree: Path) -> None:
    with OpenLoad(*_tree(fork_tree, 1, 2, "TREE-A")) as a, OpenLoad(
        *_tree(fork_tree, 1, 2, "TREE-B")
    ) as b:
        pids = f"{a.pid},{b.pid}"
        with Tool("--format", "json", "-p", pids, "--children") as tool:
            a.release()
            b.run()
            a.wait()
            ended = tool.stop()
    found = Counter(row.path for row in ended.rows)
    expected = [*_paths(3, "TREE-A"), *_paths(3, "TREE-B")]
    assert {path: found[path] for path in expected} == Counter(expected)


def test_a_family_that_grows_while_the_trace_begins(fork_tree: Path) -> None:
    """It makes children all the time; each of them stays."""
    levels = 4
    command = _tree(fork_tree, levels, 0, "TREE", "80")
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as tree:
        options = ["-p", str(tree.pid), "--children"]
        with Tool("--format", "json", *options) as tool:
            _fed(tree)
            ended = tool.stop()
    _assert_all_shown(ended, levels, "TREE")


def _fed(process: subprocess.Popen[bytes]) -> None:
    """Wait for "ready", let it go on, wait for its end."""
    assert process.stdin and process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.stdin.close()
    assert process.wait() == 0


def test_a_family_that_grows_while_the_c_is_edited(
    checkout_copy: Path, fork_tree: Path
) -> None:
    """Each new program follows whom the old one followed."""
    edits = Edits(checkout_copy)
    command = _tree(fork_tree, 3, 1, "TREE", "300")
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as tree:
        options = ["--live", "-p", str(tree.pid), "--children"]
        with Tool(
            "--format", "json", *options, checkout=checkout_copy
        ) as tool:
            for version in (1, 2):
                edits.write_record(version)
                await_reload(tool, "record.h")
            _fed(tree)
            ended = tool.stop()
    _assert_all_shown(ended, 4, "TREE")
    assert b'"version": 2' in ended.output


_LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


def _opener_with_number(pid: int) -> Opener:
    for _ in range(100):
        _LAST_PID.write_text(str(pid - 1))
        opener = Opener([Attempt(b"/etc/hostname", os.O_RDONLY)])
        if opener.pid == pid:
            return opener
        with opener:
            pass
    raise AssertionError("others on this host were always quicker")


@pytest.mark.skipif(not _LAST_PID.exists(), reason="the kernel lacks it")
def test_who_gets_the_number_of_one_that_ended_is_a_stranger() -> None:
    """That of the first process, and that of a child."""
    calm.need()  # others would take the number
    script = b"wc /etc/passwd >/dev/null & echo $!; wait\n"
    with subprocess.Popen(
        ["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        options = ["-p", str(parent.pid), "--children"]
        with Tool("--format", "json", *options) as tool:
            said, _ = parent.communicate(script)
            pids = [parent.pid, int(said)]
            for pid in pids:
                with _opener_with_number(pid) as stranger:
                    stranger.run()
            ended = tool.stop()
    assert b"/etc/passwd" in ended.output
    assert b"/etc/hostname" not in ended.output


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "rows"


def _exec(output: Path, *options: Word) -> Ended:
    ended = run("--format", "json", "-o", output, *options)
    return ended._replace(output=output.read_bytes())


@pytest.mark.parametrize("plan", PLANS)
def test_exec(fork_tree: Path, output: Path, plan: str) -> None:
    skip_without_hooks_for(plan)
    command = _tree(fork_tree, 0, 3, "TREE")
    ended = _exec(output, "--attach", plan, "--exec", *command)
    _assert_all_shown(ended, 3, "TREE", plan)


def test_exec_of_the_command_alone(fork_tree: Path, output: Path) -> None:
    command = _tree(fork_tree, 0, 2, "TREE")
    ended = _exec(output, "--no-children", "--exec", *command)
    assert ended.end.shown > 0, "the command opens its libraries"
    assert len({row.pid for row in ended.rows}) == 1
    assert b"TREE" not in ended.output


def test_exec_ends_with_the_command(tmp_path: Path, output: Path) -> None:
    """A child that stays doesn't keep the trace going."""
    marker = tmp_path / "child"
    script = f"sleep 600 >/dev/null 2>&1 & echo $! >{marker}"
    ended = _exec(output, "--exec", "sh", "-c", script)
    assert ended.status == 0
    os.kill(int(marker.read_text()), 9)


_INSIDE = ("unshare", "--pid", "--fork", "--mount-proc")


def test_exec_inside_a_pid_namespace(fork_tree: Path, output: Path) -> None:
    command = _tree(fork_tree, 0, 2, "TREE")
    options: List[Word] = ["--format", "json", "-o", output, "--exec"]
    ended = run(*options, *command, under=_INSIDE)
    ended = ended._replace(output=output.read_bytes())
    _assert_all_shown(ended, 2, "TREE")


def test_children_inside_a_pid_namespace(
    fork_tree: Path, tmp_path: Path
) -> None:
    """The tool is PID 1 there, and the tree its child."""
    gate, ready = tmp_path / "gate", tmp_path / "ready"
    for pipe in (gate, ready):
        os.mkfifo(pipe)
    expected = Counter(_paths(3, "TREE"))
    command = " ".join(map(str, _tree(fork_tree, 2, 1, "TREE")))
    script = f"""
        {command} <{gate} >{ready} &
        read -r word <{ready}
        exec "$0" "$@" -p $! --children
    """
    limits = ["-x", "--count", str(sum(expected.values())), "-d", "60"]
    held = os.open(gate, os.O_RDWR)
    under = (*_INSIDE, "sh", "-c", script)
    with Tool("--format", "json", *limits, under=under) as tool:
        os.close(held)
        ended = tool.ended()
    assert Counter(row.path for row in ended.rows) == expected
