# SPDX-License-Identifier: Apache-2.0
"""The number of rows that one core makes in a second from records."""

from __future__ import annotations

import glob
import os
import subprocess
from typing import List

from samples import Samples, progress
from table import Row
from tools import OURS
from workbench import HERE, ROOT, Workbench

# Rows in a second that are promised; for CSV nothing is.
_GOALS = {"table": 3_000_000, "json": 1_500_000, "csv": None}


def _build(bench: Workbench) -> str:
    program = bench.path("row_speed")
    native = os.path.join(ROOT, "opensnooplib", "native")
    compiler = os.environ.get("CC", "cc")
    subprocess.run(
        [compiler, "-std=c11", "-O2", f"-I{native}", "-o", program]
        + [os.path.join(HERE, "row_speed.c")]
        + glob.glob(f"{native}/*/*.c"),
        check=True,
    )
    return program


def measure(bench: Workbench) -> List[Row]:
    program = _build(bench)
    rows = []
    for form, goal in _GOALS.items():
        progress(f"row speed: {form}")
        samples = Samples([])
        for _ in range(3 if bench.quick else 9):
            done = subprocess.run(
                [program, form, "3000000"], check=True, capture_output=True
            )
            samples.values.append(float(done.stdout) / 1e6)
        rows.append(
            Row(
                f"rows as {form}, million a second of processor time",
                {OURS.name: samples.shown(".2f")},
                goal=f"at least {goal / 1e6:.1f}" if goal else "",
                reached=samples.median * 1e6 >= goal if goal else None,
                note="records in memory, the columns that are usual",
            )
        )
    return rows
