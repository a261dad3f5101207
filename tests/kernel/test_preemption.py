# SPDX-License-Identifier: Apache-2.0
"""Two programs on one CPU, and a kernel that may preempt ours in the middle.

Linux 7 does at the tracepoints of syscalls: see plans.py.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

import pytest

from opensnooplib.options import PLANS
from opensnooplib.trace import plans
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import OpenLoad, Word
from tests.kernel.tool import Ended, Tool

_OPENS = 30_000
# As long as can be without a second look at them, and all different.
_NAMES = ("/none/" + 100 * "a", "/none/" + 100 * "b")


def _trace(open_load: Path, plan: str, *other: Word) -> Ended:
    """Two processes, the second one with these options."""
    command: List[Word] = [open_load, "-f", "-n", str(_OPENS)]
    cpu = {max(os.sched_getaffinity(0))}
    with OpenLoad(*command, _NAMES[0]) as one, OpenLoad(
        *command, *other, _NAMES[1]
    ) as two:
        for load in (one, two):
            for tid in [load.pid, *load.thread_ids()]:
                os.sched_setaffinity(tid, cpu)
        pids = f"{one.pid},{two.pid}"
        options = ["--attach", plan, "--format", "json", "-b", "4096"]
        with Tool(*options, "-p", pids) as tool:
            one.release()
            two.release()
            one.wait()
            two.wait()
            ended = tool.stop()
    names = {one.pid: _NAMES[0], two.pid: _NAMES[1]}
    for row in ended.rows:
        assert row.path == names[row.pid].encode()
    assert ended.end.happened == 2 * _OPENS
    return ended


def test_auto_misses_nothing(open_load: Path) -> None:
    ended = _trace(open_load, "auto")
    # Else all plans can; then shown + missed still is what was made.
    assert ended.end.missed == 0 or plans.may_miss(plans.best_first()[0])


@pytest.mark.parametrize("plan", PLANS)
def test_no_program_writes_into_the_record_of_another(
    open_load: Path, plan: str
) -> None:
    skip_without_hooks_for(plan)
    _trace(open_load, plan, "-o")
