# SPDX-License-Identifier: Apache-2.0
"""--trusted: names that no thread can change after the kernel read them.

A program opens a file by a name that a second thread rewrites all the time,
and tells by the inode which file each open really opened.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import List

import pytest

from tests.kernel import chosen
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import Attempt, Opener
from tests.kernel.tool import Ended, Tool

OPENS = 100_000
PLANS = ("fentry", "kprobe")


def _attack(program: Path, folder: Path, *options: str) -> List[int]:
    """How many rows are wrong, of those shown; all that were made are."""
    paths = [folder / "name-0", folder / "name-1"]
    for path in paths:
        path.touch()
    attacker = subprocess.Popen(
        [program, str(OPENS), *paths],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert attacker.stdout and attacker.stdout.readline() == b"ready\n"
    with Tool(
        *("-p", str(attacker.pid), "--format", "json", "-b", "2048"), *options
    ) as tool:
        told, _ = attacker.communicate(b"\n")
        ended: Ended = tool.stop()
    opened = told.decode().strip()
    assert len(opened) == ended.end.happened == OPENS
    if ended.end.missed:  # see preempts_programs() in this_kernel.py
        pytest.skip(f"the kernel skipped programs: {ended.end.missed} missed")
    names = [bytes(paths[0]), bytes(paths[1])]
    wrong = sum(
        row.path != names[int(which)] for row, which in zip(ended.rows, opened)
    )
    return [wrong, len(set(opened))]


@pytest.mark.parametrize("plan", chosen.plans(PLANS))
def test_not_one_row_is_wrong(
    tmp_path: Path, swap_names: Path, plan: str
) -> None:
    skip_without_hooks_for(plan)
    wrong, files = _attack(swap_names, tmp_path, "--trusted", "--attach", plan)
    assert files == 2, "the names were never swapped"
    assert wrong == 0


@pytest.mark.matrix
@pytest.mark.parametrize(
    "plan", chosen.plans((*PLANS, "syscall", "syscall-exit"))
)
def test_without_it_rows_are_counted(
    tmp_path: Path, swap_names: Path, plan: str
) -> None:
    """For docs/trust.md: how many are wrong (pytest -rP shows it)."""
    skip_without_hooks_for(plan)
    wrong, files = _attack(swap_names, tmp_path, "--attach", plan)
    print(f"plan {plan}: {wrong} of {OPENS} rows wrong")
    assert files == 2, "the names were never swapped"


@pytest.mark.parametrize("plan", chosen.plans(PLANS))
def test_names_that_the_kernel_never_used(tmp_path: Path, plan: str) -> None:
    """It refuses them before: they are told as unreadable, and counted."""
    skip_without_hooks_for(plan)
    long_name = bytes(tmp_path) + b"/x" * 1900
    attempts = [
        Attempt(b"", 0),
        Attempt(b"x" * 5000, 0),
        Attempt(b"/etc/passwd", 0),
        Attempt(long_name, 0),
    ]
    with Opener(attempts) as opener:
        with Tool(
            *("-p", str(opener.pid), "--trusted", "--attach", plan),
            *("--format", "json"),
        ) as tool:
            rows = opener.run()
            ended = tool.stop()
    assert [row.path for row in ended.rows] == [
        *(None, None, b"/etc/passwd", long_name)
    ]
    assert [row.ret for row in ended.rows] == [row.ret for row in rows]
    assert ended.end.unreadable == 2
