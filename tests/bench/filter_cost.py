# SPDX-License-Identifier: Apache-2.0
"""The cost of an open that a filter drops, relative to one that is shown."""

from __future__ import annotations

import subprocess
from typing import List

from samples import Samples, in_turn
from table import Row
from tools import OURS, UNTRACED, Tool, tracing
from workbench import Workbench, start

_GOAL = 0.35

# Filters that drop the load's opens, each at another point in the C.
_FILTERS = (
    "-p 1",
    "-u nobody",
    "-n nobody",
    "-f O_DIRECTORY",
    "-x",
    "--path /no/such/*",
)

# Those that leave the load out, and one that an open is compared with.
_EXCLUDING = ("-p !LOAD", "-u !root", "-f !O_RDONLY", "-n !open_loop")
_BESIDE = "-p 1"
_EXCLUDING_GOAL = 1.15

# A shell that waits, and then becomes the load, whose PID is known before.
_HELD_BACK = ["sh", "-c", 'read -r go; exec "$@"', "sh"]


def _filtering(options: str) -> Tool:
    # The name is also that of a file.
    tool = OURS.with_arguments(*options.split())
    return tool._replace(name=options.replace("/", "|"), has_rows=False)


def measure(bench: Workbench) -> List[Row]:
    def microseconds(tool: Tool) -> float:
        load = start(
            [*_HELD_BACK, *bench.load(300_000)],
            bench.host,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        pid = f"!{load.pid}"
        words = [pid if word == "!LOAD" else word for word in tool.words]
        with tracing(bench, tool._replace(words=words)):
            taken, _ = load.communicate(b"\n")
        return float(taken) / 1000

    filtering = [_filtering(options) for options in (*_FILTERS, *_EXCLUDING)]
    taken = in_turn(
        "cost of a dropped open",
        (UNTRACED, OURS, *filtering),
        3 if bench.quick else 7,
        microseconds,
    )
    untraced = taken[UNTRACED.name]
    shown = taken[OURS.name].minus(untraced)
    dropped = {
        options: taken[tool.name].minus(untraced)
        for options, tool in zip((*_FILTERS, *_EXCLUDING), filtering)
    }
    return [
        *(_row(options, dropped[options], shown) for options in _FILTERS),
        *(
            _beside(options, dropped[options].ratio_to(dropped[_BESIDE]))
            for options in _EXCLUDING
        ),
    ]


def _beside(options: str, ratio: Samples) -> Row:
    return Row(
        f"{options}: cost of an open that it drops, of one that {_BESIDE} "
        "drops",
        {OURS.name: ratio.shown(".2f")},
        goal=f"at most {_EXCLUDING_GOAL}",
        reached=ratio.median <= _EXCLUDING_GOAL if ratio.values else None,
    )


def _row(options: str, dropped: Samples, shown: Samples) -> Row:
    ratio = dropped.ratio_to(shown)
    return Row(
        f"{options}: cost of an open that it drops, of a shown one's",
        {OURS.name: ratio.shown(".2f")},
        goal=f"at most {_GOAL}",
        reached=ratio.median <= _GOAL if ratio.values else None,
        note=(
            f"a dropped one adds {dropped.shown('.2f')} µs, a shown one "
            f"{shown.shown('.2f')} µs"
        ),
    )
