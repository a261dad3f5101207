# SPDX-License-Identifier: Apache-2.0
"""Real programs, seen by strace and by us: the same opens, every one.

One trace of the whole host for each plan, all at once, sees all programs,
which run under strace one after the other.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple, Union

import pytest

from opensnooplib.kernel import this_kernel
from opensnooplib.plan_list import PLANS
from tests.kernel import strace
from tests.kernel.kernel_hooks import skip_without_hooks_for, why_no_hooks_for
from tests.kernel.tool import Row, Tool

pytestmark = pytest.mark.every_kernel

_C_PROGRAM = """
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
int main(void) { return puts("hello") == EOF; }
"""

_GIT_SESSION = """
set -e
git init -q .
git config user.name Somebody
git config user.email somebody@example.org
for n in 1 2 3; do
    mkdir -p "folder $n"
    echo "$n" >"folder $n/file"
    git add .
    git commit -q -m "commit $n"
done
git log --stat
git status --short
git diff HEAD~1
"""

_PIPES = """
set -e
for n in 1 2 3; do echo "$n"; done | sort -r | tee copy | grep 2 >found
cat /etc/passwd missing 2>/dev/null | cut -d: -f1 | head -n 3 | wc -l || true
(cat <copy; date) | sed s/1/one/ >>found
test "$(wc -l <found)" -gt 1
"""

_THREADS = "8"
_ROUNDS = "10"


class Seen(NamedTuple):
    """One program's run, twice seen."""

    by_strace: strace.Opens
    by_us: List[Row]
    missed: int  # as we told, of the whole trace


def _commands(
    folder: Path, every_open: Path
) -> Dict[str, List[Union[str, Path]]]:
    (folder / "hello.c").write_text(_C_PROGRAM)
    return {
        "compile": ["cc", "-O2", "-pipe", "-o", "hello", "hello.c"],
        "git": ["sh", "-c", _GIT_SESSION],
        "python": ["/usr/bin/python3", "-c", "import ssl, json"],
        "find": ["find", "/usr/include", "/etc/ssl", "-name", "*.h"],
        "pipes": ["sh", "-c", _PIPES],
        "threads": [every_open, _THREADS, _ROUNDS],
    }


_NAMES = ("compile", "git", "python", "find", "pipes", "threads")


class Traced(NamedTuple):
    """What one plan told of all programs."""

    rows: List[Row]
    missed: int


class Run(NamedTuple):
    """One program's run, as strace saw it."""

    opens: strace.Opens
    began: int  # ns, as rows have it
    ended: int


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, every_open: Path
) -> Tuple[Dict[str, Run], Dict[str, Traced]]:
    """Each program runs once, and all plans that have hooks here see it."""
    folder = tmp_path_factory.mktemp("programs")
    by_strace: Dict[str, Run] = {}
    with ExitStack() as stack:
        words = ("--format", "json", "-b", "4096", "--attach")
        tools = {
            plan: stack.enter_context(Tool(*words, plan))
            for plan in PLANS
            if not why_no_hooks_for(plan)
        }
        for name, command in _commands(folder, every_open).items():
            own = folder / name
            own.mkdir()
            if name == "compile":
                (folder / "hello.c").rename(own / "hello.c")
            began = time.monotonic_ns()
            opens = strace.run(command, folder / f"{name}.strace", own)
            by_strace[name] = Run(opens, began, time.monotonic_ns())
        traced = {plan: _all_of(tool, plan) for plan, tool in tools.items()}
    return by_strace, traced


def _all_of(tool: Tool, plan: str) -> Traced:
    ended = tool.stop()
    assert ended.status == 0
    assert ended.end.lost == 0, ended.messages
    # On Linux 7.2, kprobe missed 5 of 3,700 opens, too, in one of many runs.
    may_miss = PLANS[plan].may_miss() or this_kernel.version() >= (7, 0, 0)
    assert ended.end.missed == 0 or may_miss, ended.messages
    assert tool.pid not in {row.pid for row in ended.rows}
    return Traced(ended.rows, ended.end.missed)


@pytest.fixture(scope="module", params=PLANS)
def seen(
    request: pytest.FixtureRequest,
    runs: Tuple[Dict[str, Run], Dict[str, Traced]],
) -> Dict[str, Seen]:
    skip_without_hooks_for(request.param)
    by_strace, traced = runs
    rows, missed = traced[request.param]
    return {
        name: Seen(run.opens, _between(rows, run.began, run.ended), missed)
        for name, run in by_strace.items()
    }


def _between(rows: List[Row], start: int, end: int) -> List[Row]:
    return [row for row in rows if start <= row.ts < end]


def _as_open(row: Row) -> strace.Open:
    assert not row.path_cut
    assert (row.fd, row.err) == (max(row.ret, -1), max(-row.ret, 0))
    return strace.Open(row.path, row.ret, row.flags, row.mode)


def _without_what_is_not_in(
    some: List[strace.Open], whole: List[strace.Open]
) -> List[strace.Open]:
    """What of `whole` comes in `some`, in this order."""
    left = list(some)
    return [one for one in whole if left and one == left[0] and left.pop(0)]


@pytest.mark.parametrize("name", _NAMES)
def test_every_open_of_every_thread(seen: Dict[str, Seen], name: str) -> None:
    by_strace, rows, missed = seen[name]
    by_us: strace.Opens = {tid: [] for tid in by_strace}
    for row in rows:
        if row.tid in by_us:
            by_us[row.tid].append(_as_open(row))
    for tid, opens in by_strace.items():
        if missed:
            missed -= len(opens) - len(by_us[tid])
            opens = _without_what_is_not_in(by_us[tid], opens)
        assert by_us[tid] == opens, f"thread {tid}"
    assert missed >= 0


@pytest.mark.parametrize("name", _NAMES)
def test_the_programs_do_what_they_are_for(
    seen: Dict[str, Seen], name: str
) -> None:
    """Else the comparison could be one of nothing with nothing."""
    by_strace = seen[name].by_strace
    opens = [one for thread in by_strace.values() for one in thread]
    least = {"compile": 30, "git": 100, "find": 50}.get(name, 20)
    assert len(opens) >= least
    if name != "find":
        assert any(one.ret < 0 for one in opens)
    if name in ("compile", "git", "pipes"):
        assert len(by_strace) > 3
    if name == "threads":
        assert len(by_strace) == int(_THREADS) + 1
        assert any(one.path is None for one in opens)
