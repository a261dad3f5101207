#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Figures of this tool and of its peers, measured on this host.

    make bench                   or, as root:
    tests/bench/bench.py [--quick] [FIGURE...]

Each figure is a module here, with a function measure() that returns its rows
of the table. The values are medians; in brackets, the least and the most.

Where other programs run, too, `chrt -f 1 tests/bench/bench.py FIGURE`
keeps them off the processors; not for lost-opens, where it helps the readers.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from typing import List

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(os.path.dirname(HERE)))

# pylint: disable=wrong-import-position
import filter_cost  # noqa: E402
import idle_time  # noqa: E402
import recording  # noqa: E402
import launch_time  # noqa: E402
import live_editing  # noqa: E402
import lost_opens  # noqa: E402
import memory  # noqa: E402
import row_speed  # noqa: E402
import open_cost  # noqa: E402
import peers  # noqa: E402
import plan_cost  # noqa: E402
import table  # noqa: E402
import workbench  # noqa: E402

FIGURES = {
    "open-cost": open_cost.measure,
    "plan-cost": plan_cost.measure,
    "lost-opens": lost_opens.measure,
    "memory": memory.measure,
    "launch-time": launch_time.measure,
    "idle-time": idle_time.measure,
    "row-speed": row_speed.measure,
    "filter-cost": filter_cost.measure,
    "recording": recording.measure,
    "live-editing": live_editing.measure,
    "peers": peers.measure,
}


def _load_average() -> str:
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare with the peers.")
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    parser.add_argument("figure", nargs="*", help=", ".join(FIGURES))
    words = parser.parse_args()
    if unknown := set(words.figure) - set(FIGURES):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    if os.geteuid() != 0:
        sys.exit("bench: tracing needs root: try sudo")

    host = os.uname()
    print(f"Linux {host.release}, {host.machine}, {os.cpu_count()} CPUs")
    print(f"load average before: {_load_average()}", flush=True)
    rows: List[table.Row] = []
    try:
        with tempfile.TemporaryDirectory(prefix="bench-of-opensnoop-") as here:
            bench = workbench.prepare(here, words.quick)
            for name in words.figure or FIGURES:
                rows += FIGURES[name](bench)
    finally:
        print(f"load average after: {_load_average()}\n")
        print(table.text(rows))


if __name__ == "__main__":
    main()
