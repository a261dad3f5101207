# SPDX-License-Identifier: Apache-2.0
"""The time that each plan, and some options, add to an open."""

from __future__ import annotations

import os
from typing import Dict, List

import workbench
from samples import Samples, in_turn
from table import Row
from tools import LIBBPF_TOOLS, OURS, UNTRACED, Tool, tracing
from workbench import Workbench

_OPENS = 300_000

# Goals, as ratios.
_OF_LIBBPF_TOOLS = 1 / 25
_OF_SYSCALL = 0.55
_FULL_PATH = 2.5

_EXIT = OURS.with_arguments("--attach", "syscall-exit")
_EXIT = _EXIT._replace(name="syscall-exit")
_PAIR = OURS.with_arguments("--attach", "syscall")._replace(name="syscall")
# The least that any plan can cost: a goal may be out of reach.
_LEAST = OURS.with_arguments(
    "--source", os.path.join(workbench.HERE, "least.c")
)._replace(name="least")
_PLANS = (_EXIT, _PAIR, _LEAST, LIBBPF_TOOLS)

_PLAIN = OURS._replace(name="plain")
_FULL = OURS.with_arguments("-F")._replace(name="-F")
_REAL = OURS.with_arguments("-R")._replace(name="-R")
_TIMED = OURS.with_arguments("-L")._replace(name="-L")
_ASKED = (_PLAIN, _FULL, _REAL, _TIMED)

# With the folder of the bench and the name of the file: 8 components.
_FOLDERS = "b/c/d/e/f"


def measure(bench: Workbench) -> List[Row]:
    return [*_plans(bench), *_asked(bench)]


def _added(
    bench: Workbench, tools: tuple[Tool, ...], load: List[str]
) -> Dict[str, Samples]:
    """µs for each open, by the tool's name."""

    def microseconds(tool: Tool) -> float:
        with tracing(bench, tool) as trace:
            return float(trace.run(load)) / 1000

    runs = 3 if bench.quick else 7
    taken = in_turn("plans", (UNTRACED, *tools), runs, microseconds)
    untraced = taken[UNTRACED.name]
    return {tool.name: taken[tool.name].minus(untraced) for tool in tools}


def _plans(bench: Workbench) -> List[Row]:
    added = _added(bench, _PLANS, bench.load(_OPENS))
    own = added[_EXIT.name]
    return [
        Row(
            "cost of the plans, µs",
            {name: samples.shown(".2f") for name, samples in added.items()},
            note=(
                "as cost added to each open; least: a time and a name, from "
                "one tracepoint (least.c)"
            ),
        ),
        _share(
            own, added[LIBBPF_TOOLS.name], "libbpf-tools", _OF_LIBBPF_TOOLS
        ),
        _share(own, added[_PAIR.name], "the plan syscall", _OF_SYSCALL),
        _share(
            added[_LEAST.name],
            added[_PAIR.name],
            "the plan syscall",
            _OF_SYSCALL,
            "least",
        ),
    ]


def _asked(bench: Workbench) -> List[Row]:
    folder = bench.path(_FOLDERS)
    os.makedirs(folder)
    name = os.path.basename(bench.opened)
    with open(os.path.join(folder, name), "wb"):
        pass
    program, *words = bench.load(_OPENS)
    words[-1] = name
    load = ["env", "-C", folder, program, *words]
    added = _added(bench, _ASKED, load)
    depth = len(os.path.join(folder, name).strip("/").split("/"))
    return [
        Row(
            "cost of what is asked for, µs",
            {name: samples.shown(".2f") for name, samples in added.items()},
            note=f"a relative name; {depth} components with -F",
        ),
        _share(added["-F"], added["plain"], "no -F", _FULL_PATH, "-F"),
    ]


def _share(
    ours: Samples,
    other: Samples,
    name: str,
    goal: float,
    what: str = "syscall-exit",
) -> Row:
    ratio = ours.ratio_to(other)
    return Row(
        f"{what}, of {name}",
        {what: ratio.shown(".3f")},
        goal=f"at most {goal:.2f}",
        reached=ratio.median <= goal if ratio.values else None,
    )
