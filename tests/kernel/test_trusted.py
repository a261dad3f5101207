# SPDX-License-Identifier: Apache-2.0
"""--trusted: names that no thread can change after the kernel read them.

A program opens a file by a name that a second thread rewrites all the time,
and tells by the inode which file each open really opened.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import List, Tuple

import pytest

from opensnooplib.kernel import this_kernel
from tests.kernel import chosen
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import Attempt, Opener
from tests.kernel.tool import Ended, Tool, wait_until

OPENS = 100_000
PLANS = ("fentry", "kprobe")
_UNDER_WAY = 0x7FFFFFFD  # bpf_src/extra/record_values.h


def _attack(
    program: Path, folder: Path, *options: str, opens: int = OPENS
) -> Tuple[List[bytes], Ended]:
    """The files that were opened, in this order, and the end of the trace."""
    paths = [folder / "name-0", folder / "name-1"]
    for path in paths:
        path.touch()
    attacker = subprocess.Popen(
        [program, str(opens), *paths],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert attacker.stdout and attacker.stdout.readline() == b"ready\n"
    with Tool(
        *("-p", str(attacker.pid), "--format", "json", "-b", "2048"), *options
    ) as tool:
        told, _ = attacker.communicate(b"\n")
        ended: Ended = tool.stop()
    opened = [bytes(paths[int(which)]) for which in told.decode().strip()]
    assert len(opened) == opens
    assert len(set(opened)) == 2, "the names were never swapped"
    if "--path" not in options:
        assert ended.end.happened == opens
    # See preempts_programs() in this_kernel.py. Older kernels skip none.
    if ended.end.missed and this_kernel.version() >= (7, 0, 0):
        pytest.skip(f"the kernel skipped programs: {ended.end.missed} missed")
    return opened, ended


@pytest.mark.parametrize("plan", chosen.plans(PLANS))
def test_not_one_row_is_wrong(
    tmp_path: Path, swap_names: Path, plan: str
) -> None:
    skip_without_hooks_for(plan)
    options = ("--trusted", "--attach", plan)
    opened, ended = _attack(swap_names, tmp_path, *options)
    assert len(ended.rows) == OPENS
    assert all(row.path == one for row, one in zip(ended.rows, opened))


@pytest.mark.parametrize("plan", chosen.plans(PLANS))
def test_the_name_is_selected_that_the_kernel_used(
    tmp_path: Path, swap_names: Path, plan: str
) -> None:
    """Not the one that was there when the open began."""
    skip_without_hooks_for(plan)
    name = bytes(tmp_path / "name-1")
    options = ("--trusted", "--attach", plan, "--path", "*name-1")
    opened, ended = _attack(swap_names, tmp_path, *options, opens=10_000)
    assert len(ended.rows) == opened.count(name)
    assert {row.path for row in ended.rows} == {name}


@pytest.mark.parametrize("plan", chosen.plans(PLANS))
def test_no_name_is_shown_while_an_open_hangs(
    tmp_path: Path, plan: str
) -> None:
    """Until it ends, nobody knows which one the kernel uses."""
    skip_without_hooks_for(plan)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    options = ("--trusted", "--hanging", "0.2", "--attach", plan)
    with Tool("-n", "cat", "--format", "json", *options) as tool:
        program = subprocess.Popen(["cat", fifo])
        wait_until(lambda: str(_UNDER_WAY).encode() in tool.output_so_far())
        ended = tool.stop()
    fifo.write_bytes(b"")
    program.wait()
    rows = map(json.loads, ended.lines)
    (path,) = [row["path"] for row in rows if row["ret"] == _UNDER_WAY]
    assert path is None
    assert "still under way: <unreadable> (thread " in ended.messages


@pytest.mark.matrix
@pytest.mark.parametrize(
    "plan", chosen.plans((*PLANS, "syscall", "syscall-exit"))
)
def test_without_it_rows_are_counted(
    tmp_path: Path, swap_names: Path, plan: str
) -> None:
    """For docs/trust.md: how many are wrong (pytest -rP shows it)."""
    skip_without_hooks_for(plan)
    opened, ended = _attack(swap_names, tmp_path, "--attach", plan)
    assert len(ended.rows) == OPENS
    wrong = sum(row.path != name for row, name in zip(ended.rows, opened))
    print(f"plan {plan}: {wrong} of {OPENS} rows wrong")


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
