# SPDX-License-Identifier: Apache-2.0
"""All tools of this kind on one host: the same burst, the same steady load.

On the kernels of tests/vm this is `make bench-kernels`, see docs/kernels.md.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import time
from typing import Callable, Dict, List, NamedTuple

import workbench
from launch_time import open_every_millisecond
from memory import memory_of
from samples import Samples, in_turn
from table import Row
from tools import (
    BCC_TOOLS,
    BPFTRACE,
    LIBBPF_TOOLS,
    OURS,
    UNTRACED,
    CannotMeasure,
    Tool,
    Trace,
    told_lost,
    tracing,
)
from workbench import Workbench

_TOOLS = (OURS, BCC_TOOLS, LIBBPF_TOOLS, BPFTRACE)
_BURST = 20_000
_STEADY = 5_000
_SLOW_READER_SECONDS = 2
_FIRST_ROW_TIMEOUT_SECONDS = 120


def measure(bench: Workbench) -> List[Row]:
    return [
        _text_row("version", lambda tool: tool.version()),
        *_burst_rows(bench),
        *_steady_rows(bench),
        _launch_row(bench),
        _memory_row(bench),
    ]


def _text_row(figure: str, find: Callable[[Tool], str]) -> Row:
    cells: Dict[str, str] = {}
    for tool in _TOOLS:
        try:
            cells[tool.name] = find(tool)
        except CannotMeasure as problem:
            cells[tool.name] = str(problem)
    return Row(figure, cells)


class _Burst(NamedTuple):
    shown: int
    told: int  # lost, as the tool itself reports


def _burst(bench: Workbench, tool: Tool) -> _Burst:
    with tracing(bench, tool) as trace:
        trace.run(bench.load(_BURST))
        time.sleep(_SLOW_READER_SECONDS)
    return _Burst(_shown(bench, trace), _told(tool, trace))


def _shown(bench: Workbench, trace: Trace) -> int:
    with open(trace.output, "rb") as rows:
        opened = bench.opened.encode()
        return sum(opened in row for row in rows)


def _told(tool: Tool, trace: Trace) -> int:
    with open(trace.output, "r", errors="replace") as rows:
        text = trace.said() + rows.read()
    return told_lost(tool, text)


def _burst_rows(bench: Workbench) -> List[Row]:
    """Rows for one burst each, as fast as one process can open."""
    shown: Dict[str, str] = {}
    told: Dict[str, str] = {}
    lost: Dict[str, str] = {}
    for tool in _TOOLS:
        try:
            burst = _burst(bench, tool)
        except CannotMeasure as problem:
            shown[tool.name] = str(problem)
            continue
        shown[tool.name] = f"{burst.shown:,}"
        told[tool.name] = f"{burst.told:,}"
        lost[tool.name] = f"{_BURST - burst.shown:,}"
    return [
        Row(f"shown of a burst of {_BURST:,}", shown),
        Row("lost, as the tool reports", told),
        Row(
            "really lost",
            lost,
            goal="0",
            reached=lost.get(OURS.name) == "0",
        ),
    ]


def _steady_rows(bench: Workbench) -> List[Row]:
    """Rows for a load that is slow enough for all tools to keep up.

    An open that a tool drops would cost less.
    """
    shown: Dict[str, int] = {}  # of the worst run

    def microseconds(tool: Tool) -> float:
        with tracing(bench, tool) as trace:
            taken = float(trace.run(bench.steady_load(_STEADY)))
            time.sleep(_SLOW_READER_SECONDS)
        if tool != UNTRACED:
            before = shown.get(tool.name, _STEADY)
            shown[tool.name] = min(before, _shown(bench, trace))
        return taken / 1000

    runs = 3 if bench.quick else 5
    taken = in_turn("steady load", (UNTRACED, *_TOOLS), runs, microseconds)
    untraced = taken[UNTRACED.name]
    added = {tool.name: taken[tool.name].minus(untraced) for tool in _TOOLS}
    peers = [
        added[tool.name].median
        for tool in _TOOLS
        if tool != OURS and added[tool.name].values
    ]
    ours = added[OURS.name]
    return [
        Row(
            f"shown of a steady load of {_STEADY:,}",
            {name: f"{count:,}" for name, count in shown.items()},
        ),
        Row(
            "cost added to each of those opens, µs",
            {name: samples.shown(".1f") for name, samples in added.items()},
            goal="below every peer's",
            reached=ours.median < min(peers)
            if ours.values and peers
            else None,
            note=f"untraced: {untraced.shown('.1f')} µs",
        ),
    ]


def _launch(bench: Workbench, tool: Tool) -> float:
    """Seconds to the first row on a terminal."""
    tool.check()
    ours, theirs = pty.openpty()
    began = time.monotonic()
    process = workbench.start(
        tool.words,
        bench.host if tool == OURS else bench.with_tracefs,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.STDOUT,
    )
    os.close(theirs)
    try:
        _read_until(ours, os.path.basename(bench.marker).encode())
        return time.monotonic() - began
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        os.close(ours)


def _read_until(terminal: int, wanted: bytes) -> None:
    text = b""
    deadline = time.monotonic() + _FIRST_ROW_TIMEOUT_SECONDS
    while wanted not in text:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            raise CannotMeasure("shows no rows")
        try:
            text = text[-4096:] + os.read(terminal, 4096)
        except OSError:  # EIO: the tool has ended
            raise CannotMeasure("ended without a row") from None


def _launch_row(bench: Workbench) -> Row:
    with workbench.meanwhile(open_every_millisecond, bench.marker):
        taken = in_turn(
            "launch",
            _TOOLS,
            1 if bench.quick else 3,
            lambda t: _launch(bench, t),
        )
    return Row(
        "launch to first row, s",
        {name: samples.shown(".1f") for name, samples in taken.items()},
    )


def _memory_row(bench: Workbench) -> Row:
    def megabytes(tool: Tool) -> float:
        with tracing(bench, tool) as trace:
            return memory_of(trace.tool_pid).resident

    taken: Dict[str, Samples] = in_turn("memory", _TOOLS, 1, megabytes)
    return Row(
        "resident memory, MB",
        {name: samples.shown(".0f") for name, samples in taken.items()},
    )
