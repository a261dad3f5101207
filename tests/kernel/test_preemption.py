# SPDX-License-Identifier: Apache-2.0
"""Two programs on one CPU, and a kernel that may preempt ours in the middle.

Linux 7 does at the tracepoints of syscalls: see plan_list.py.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import List

import pytest

from opensnooplib.plan_list import PLANS, best_first
from tests.kernel.kernel_hooks import skip_without_hooks_for, why_no_hooks_for
from tests.kernel.openers import MALLOC_S_OWN, OpenLoad, Word
from tests.kernel.tool import Tool

# Each row takes an emulator long, see tests/vm/guest_report.py.
_OPENS = 3 * int(os.environ.get("OPENSNOOP_OPENS", "100000")) // 10
_THREADS = 100
# As long as can be without a second look at them, and all different.
_NAMES = [f"/none/{100 * letter}" for letter in "abcde"]


def _run(*loads: OpenLoad) -> None:
    for load in loads:
        load.release()
    for load in loads:
        load.wait()


@pytest.mark.every_kernel
@pytest.mark.parametrize("plan", PLANS)
def test_what_a_plan_misses_is_told(open_load: Path, plan: str) -> None:
    """Of two that call the same, of two that don't, of threads that end soon.

    No program writes into the record of another, and auto misses nothing.
    """
    skip_without_hooks_for(plan)
    here = (p.name for p in best_first() if not why_no_hooks_for(p.name))
    wanted = "auto" if plan == next(here) else plan
    same: List[Word] = ["-n", str(_OPENS), "-f"]
    options: List[List[Word]] = [same, same, same, ["-o", *same]]
    options.append(["-t", str(_THREADS), "-n", str(_OPENS // _THREADS), "-f"])
    cpu = {max(os.sched_getaffinity(0))}
    with ExitStack() as stack:
        loads = [
            stack.enter_context(OpenLoad(open_load, *words, name))
            for words, name in zip(options, _NAMES)
        ]
        for load in loads[:4]:
            for tid in [load.pid, *load.thread_ids()]:
                os.sched_setaffinity(tid, cpu)
        names = {load.pid: name for load, name in zip(loads, _NAMES)}
        words = ["-v", "--attach", wanted, "--format", "json", "-b", "4096"]
        pids = ",".join(map(str, names))
        with Tool(*words, "-p", pids) as tool:
            _run(loads[0], loads[1])
            _run(loads[2], loads[3])
            _run(loads[4])
            ended = tool.stop()
    assert f"plan {plan}: compiled and attached" in ended.messages
    rows = [row for row in ended.rows if row.path != MALLOC_S_OWN]
    for row in rows:
        assert row.path == names[row.pid].encode()
    malloc_s_own = len(ended.rows) - len(rows)
    assert ended.end.happened - malloc_s_own == len(loads) * _OPENS
    # Where all plans can miss opens, auto does too.
    assert ended.end.missed == 0 or PLANS[plan].may_miss()
