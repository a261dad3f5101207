# SPDX-License-Identifier: Apache-2.0
"""Rows are in order of time, whichever CPU they come from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

import pytest

from tests.kernel.openers import OpenLoad, Word
from tests.kernel.tool import Tool

EXISTING = "/etc/passwd"
OPENS = 50_000
# All records fit, so the reader never has to choose between loss and order.
LARGE_RING = ("-b", "8192")


@pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="one CPU is always in order"
)
def test_two_cpus_at_full_speed(open_load: Path) -> None:
    command: List[Word] = [open_load, "-n", str(OPENS), EXISTING]
    with OpenLoad(*command) as one, OpenLoad(*command) as other:
        for load, cpu in zip((one, other), sorted(os.sched_getaffinity(0))):
            os.sched_setaffinity(load.pid, {cpu})
            for tid in load.thread_ids():
                os.sched_setaffinity(tid, {cpu})
        pids = f"{one.pid},{other.pid}"
        with Tool("--format", "json", *LARGE_RING, "-p", pids) as tool:
            one.release()
            other.release()
            one.wait()
            other.wait()
            ended = tool.stop()
    assert ended.end.shown == 2 * OPENS
    rows = ended.rows
    assert all(a.ts <= b.ts for a, b in zip(rows, rows[1:]))
    # They did run side by side: the two take turns, over and over.
    turns = sum(a.pid != b.pid for a, b in zip(rows, rows[1:]))
    assert turns > 100
