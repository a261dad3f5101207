# SPDX-License-Identifier: Apache-2.0
"""The time of a launch, compared with that of a plain BCC script.

A launch ends when all programs are attached, and proven: "watching". What the
script attaches, it doesn't prove.

bcc_script.py compiles, loads and attaches textbook.c: a pair of tracepoints
for each of open, creat, openat and openat2, and nothing else. A process in the
background opens a file every millisecond.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from typing import IO, Dict, List, NamedTuple

import workbench
from opensnooplib.source import kernel_headers, small_headers
from samples import Samples, in_turn
from table import Row
from tools import OURS, CannotMeasure, Kind, Tool, last_line
from workbench import Workbench

_GOAL = 0.75  # of the plain script's time
_RINGS_GOAL_MS = 50
_TEXTBOOK = os.path.join(workbench.HERE, "textbook.c")


def open_every_millisecond(path: str) -> None:
    while True:
        workbench.open_once(path)
        time.sleep(0.001)


class _Launch(NamedTuple):
    """Times of a launch, in milliseconds."""

    took: float
    first_row: float
    processor: float  # of all processes that the launch needed


def _read_until(
    process: subprocess.Popen[bytes], stream: IO[bytes], last: bytes
) -> None:
    """Read until `last` has come."""
    said = b""
    while last not in said:
        part = os.read(stream.fileno(), 1 << 16)
        if not part:
            _, errors = process.communicate()
            raise CannotMeasure(last_line(errors))
        said += part


def _launch(bench: Workbench, tool: Tool) -> _Launch:
    began = time.monotonic()
    process = workbench.start(
        tool.words,
        bench.host if tool == OURS else bench.with_tracefs,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout and process.stderr
    with process:
        if tool == OURS:
            _read_until(process, process.stderr, b"watching ")
        else:
            _read_until(process, process.stdout, b"\n")
        took = time.monotonic() - began
        first = bench.marker.encode() if tool == OURS else b"a record"
        _read_until(process, process.stdout, first)
        first_row = time.monotonic() - began
        # Killed at once: the time of a clean end is not measured.
        os.killpg(process.pid, signal.SIGKILL)
        spent = _processor_seconds_of_group(process.pid)
        process.returncode = -signal.SIGKILL
    return _Launch(took * 1000, first_row * 1000, spent * 1000)


def _processor_seconds_of_group(group: int) -> float:
    """Wait for all processes of the group, and add up their times.

    Those that lost their parent are ours, too: see _adopt_orphans().
    """
    spent = 0.0
    with contextlib.suppress(ChildProcessError):
        while True:
            _, _, used = os.wait4(-group, 0)
            spent += used.ru_utime + used.ru_stime
    return spent


def _adopt_orphans() -> None:
    """Become the parent of orphans: PR_SET_CHILD_SUBREAPER of prctl(2)."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


# Rest before each launch: one that follows another at once is slower.
_REST_SECONDS = 1.5


def _headers(bench: Workbench) -> List[str]:
    """The compiler options for the headers that the tool would use here.

    BCC finds the headers through the environment, or by itself.
    """
    chosen = kernel_headers.choose()
    if chosen.are_installed:
        return []
    tree = bench.path("headers")
    os.mkdir(tree)
    with open(_TEXTBOOK, encoding="utf-8") as file:
        small_headers.make_tree(tree, file.read())
    os.environ["BCC_KERNEL_SOURCE"] = tree
    return list(kernel_headers.AS_FOR_THE_KERNEL)


def _until_rings(bench: Workbench) -> Samples:
    """Milliseconds from execve until the rings are open, under strace."""
    log = bench.path("strace.log")
    calls = "trace=execve,perf_event_open"
    strace = ["strace", "-ttt", "--seccomp-bpf", "-f", "-e", calls, "-o", log]
    taken = []
    for _ in range(5 if bench.quick else 21):
        time.sleep(_REST_SECONDS)
        subprocess.run(
            [*strace, *OURS.words, "-d", "0.01"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        with open(log, encoding="utf-8") as file:
            lines = file.read().split("\n")
        times = [
            float(line.split()[1])
            for line in lines
            if "execve" in line or "PERF_COUNT_SW_BPF_OUTPUT" in line
        ]
        taken.append((max(times) - min(times)) * 1000)
    return Samples(taken)


def measure(bench: Workbench) -> List[Row]:
    """The rows of the table."""
    _adopt_orphans()
    script = os.path.join(workbench.HERE, "bcc_script.py")
    words = ["/usr/bin/python3", script, _TEXTBOOK, *_headers(bench)]
    plain = Tool("plain BCC script", Kind.HOST, words, "python3-bpfcc")

    processor: Dict[str, List[float]] = {OURS.name: [], plain.name: []}
    first_row: Dict[str, List[float]] = {OURS.name: [], plain.name: []}

    def took(tool: Tool) -> float:
        time.sleep(_REST_SECONDS)
        launch = _launch(bench, tool)
        processor[tool.name].append(launch.processor)
        first_row[tool.name].append(launch.first_row)
        return launch.took

    with workbench.meanwhile(open_every_millisecond, bench.marker):
        taken = in_turn(
            "launch",
            (OURS, plain),
            5 if bench.quick else 21,
            took,
        )
    rings = _until_rings(bench)
    ratio = taken[OURS.name].ratio_to(taken[plain.name])
    return [
        Row(
            "launch, until all is attached and proven, ms",
            {name: samples.shown(".0f") for name, samples in taken.items()},
            note=f"headers: {kernel_headers.choose().reason}",
        ),
        Row(
            "the same, of a plain BCC script's",
            {OURS.name: ratio.shown(".3f")},
            goal=f"at most {_GOAL}",
            reached=ratio.median <= _GOAL if ratio.values else None,
        ),
        Row(
            "Python, until the rings are open, ms",
            {OURS.name: rings.shown(".0f")},
            goal=f"at most {_RINGS_GOAL_MS}",
            reached=rings.median <= _RINGS_GOAL_MS,
        ),
        *(
            Row(
                figure,
                {
                    name: Samples(some, taken[name].reason).shown(".0f")
                    for name, some in samples.items()
                },
            )
            for figure, samples in (
                ("launch to first row, ms", first_row),
                ("processor time of a launch, ms", processor),
            )
        ),
    ]
