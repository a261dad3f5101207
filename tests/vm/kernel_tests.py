# SPDX-License-Identifier: Apache-2.0
"""Run the kernel tests on every kernel, and make one table of the results."""

from __future__ import annotations

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, Dict, List, NamedTuple, Sequence, cast

import images
import machine

# What depends on the kernel; an emulated machine is ten times slower, and all
# of continuous integration must end within an hour.
DEPEND_ON_KERNEL = " ".join(
    f"tests/kernel/test_{name}.py"
    for name in (
        "doctor",
        "odd_hosts",
        "own_headers",
        "cpus",
        "strace_oracle",
        "preemption",
        "counts",
    )
)

# Each machine keeps more than one CPU busy while it compiles.
_AT_ONCE = 2


class Result(NamedTuple):
    """What one kernel's machine told."""

    image: images.Image
    status: int
    report: Dict[str, Any]  # of guest_report.py; empty if it told none
    has_died_before: bool = False  # and was started again

    @property
    def findings(self) -> Dict[str, Dict[str, Any]]:
        """The doctor's, by subject."""
        doctor = self.report.get("doctor", [])
        return {finding["subject"]: finding for finding in doctor}


def run(suites: Sequence[str], pytest: str, settings: machine.Settings) -> int:
    """Returns 0 if all tests passed on all kernels, else 1."""
    built = [images.get(suite) for suite in suites]
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        results = list(
            pool.map(lambda image: _run_one(image, pytest, settings), built)
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        machine.end_all()
    print(table(results))
    return 0 if all(result.status == 0 for result in results) else 1


def _run_one(
    image: images.Image, pytest: str, settings: machine.Settings
) -> Result:
    """A machine that dies gets a second try: see docs/kernels.md."""
    result = _try_once(image, pytest, settings)
    if result.status != machine.DIED:
        return result
    again = _try_once(image, pytest, settings)
    return again._replace(has_died_before=True)


def _try_once(
    image: images.Image, pytest: str, settings: machine.Settings
) -> Result:
    told = io.BytesIO()
    status = machine.run(
        image,
        f"tests/vm/guest_report.py {pytest}",
        settings,
        told,
        cast(BinaryIO, _Prefixed(image.suite)),
    )
    try:
        report = json.loads(told.getvalue())
    except ValueError:
        report = {}
    return Result(image, status, report)


class _Prefixed:
    """Whole lines to stderr, each with the machine it comes from."""

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self._rest = b""

    def write(self, some: bytes) -> None:
        *lines, self._rest = (self._rest + some).split(b"\n")
        for line in lines:
            sys.stderr.buffer.write(b"%s | %s\n" % (self._name, line))

    def flush(self) -> None:
        sys.stderr.buffer.flush()


def table(results: Sequence[Result]) -> str:
    """One line for each kernel; below, why what isn't fine isn't."""
    plans = _plans(results)
    rows = [["kernel", "BCC", "Python", *plans, "tests"]]
    for result in results:
        rows.append(
            [
                result.image.release,
                _version(result, "bcc"),
                _version(result, "python"),
                *(_verdict(result, plan) for plan in plans),
                _tests(result),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths))
        for row in rows
    ]
    for result in results:
        lines += _reasons(result)
    return "\n".join(line.rstrip() for line in lines)


def _plans(results: Sequence[Result]) -> List[str]:
    """The subjects of all plans, in the doctor's order."""
    subjects = [name for result in results for name in result.findings]
    return [name for name in dict.fromkeys(subjects) if _is_plan(name)]


def _is_plan(subject: str) -> bool:
    return subject.startswith("plan ")


def _version(result: Result, subject: str) -> str:
    """The doctor's words begin with it."""
    finding = result.findings.get(subject)
    return str(finding["found"]).split()[0].rstrip(",") if finding else "?"


def _verdict(result: Result, plan: str) -> str:
    finding = result.findings.get(plan)
    if not finding:
        return "?"
    return "works" if finding["ok"] else "not there"


def _tests(result: Result) -> str:
    if result.status == machine.TIMED_OUT:
        return "timed out"
    if not result.report:
        return "machine died"
    if not result.report["built"]:
        return "native/ doesn't compile"
    tests = result.report["tests"]
    told = f"{tests['passed']} passed, {len(tests['failed'])} failed"
    return told + (f", {tests['skipped']} skipped" if tests["skipped"] else "")


def _reasons(result: Result) -> List[str]:
    where = result.image.suite
    lines = [
        f"{where}: {name}: {finding['found']}"
        for name, finding in result.findings.items()
        if _is_plan(name) and not finding["ok"]
    ]
    if result.has_died_before:
        lines.append(f"{where}: the first machine died: see its console above")
    if result.report.get("built") and not result.findings:
        lines.append(f"{where}: --doctor told nothing: see its error above")
    tests = result.report.get("tests", {})
    for verdict, key in (
        ("failed", "failed"),
        ("failed once, and passed at the second try", "failed_once"),
    ):
        lines += [f"{where}: {verdict}: {name}" for name in tests.get(key, [])]
    return lines
