# SPDX-License-Identifier: Apache-2.0
"""Run the kernel tests on every kernel, and make one table of the results."""

from __future__ import annotations

import io
import json
import shlex
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, Dict, List, NamedTuple, Sequence, Tuple
from typing import cast

import images
import machine

_FOLDERS = "tests/kernel tests/attack"
# Arguments of pytest: tests that depend on the kernel. An emulated machine is
# ten times slower, and continuous integration must not take too long.
CHOSEN = f"-m '(every_kernel or one_kernel) and not matrix' {_FOLDERS}"
# The same with those of the matrix.
ALL = f"-m 'every_kernel or one_kernel' {_FOLDERS}"

_LOCKED_DOWN = "lockdown=confidentiality"
_OF_LOCKED_DOWN = "-k locked_down tests/kernel/test_odd_hosts.py"
_LOCKED_DOWN_SUITE = "trixie"

# Each machine keeps more than one CPU busy while it compiles.
_AT_ONCE = 2


class Boot(NamedTuple):
    """One machine's run."""

    image: images.Image
    kernel_options: str
    pytest: str
    share: str = "1/1"  # of the tests marked one_kernel: see guest_report.py

    @property
    def name(self) -> str:
        return " ".join([self.image.suite, *self.kernel_options.split()])


class Result(NamedTuple):
    """The result of one machine."""

    boot: Boot
    status: int
    report: Dict[str, Any]  # of guest_report.py; empty without one
    seconds: float
    deaths: int = 0  # how often it died, and was started again

    @property
    def findings(self) -> Dict[str, Dict[str, Any]]:
        """The findings of --doctor, by subject."""
        doctor = self.report.get("doctor", [])
        return {finding["subject"]: finding for finding in doctor}

    @property
    def has_passed(self) -> bool:
        """Did the tests pass? If all were skipped, they did not."""
        passed = self.report.get("tests", {}).get("passed", 0)
        return self.status == 0 and passed > 0


def boots(suites: Sequence[str], pytest: str, options: str) -> List[Boot]:
    """A machine for each suite, and one whose kernel is locked down.

    Those that take longest come first.
    """
    built = [images.get(suite) for suite in reversed(suites)]
    made = [
        Boot(image, options, pytest, f"{number}/{len(built)}")
        for number, image in enumerate(built, 1)
    ]
    if pytest == ALL:
        made = [boot._replace(share="1/1") for boot in made]
    for image in built:
        if image.suite == _LOCKED_DOWN_SUITE and pytest in (CHOSEN, ALL):
            locked = f"{options} {_LOCKED_DOWN}".strip()
            made.append(Boot(image, locked, _OF_LOCKED_DOWN))
    return made


def run(some: Sequence[Boot], settings: machine.Settings) -> List[Result]:
    """Run machines, two at a time."""
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        return list(pool.map(lambda boot: _run_one(boot, settings), some))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        machine.end_all()


# See docs/kernels.md for why machines die.
_MOST_DEATHS = 4


def _run_one(boot: Boot, settings: machine.Settings) -> Result:
    """Run a machine; if it dies, the next one goes on with the tests left."""
    began = time.monotonic()
    done: List[str] = []
    for deaths in range(_MOST_DEATHS + 1):
        status, report = _try_once(boot, settings, done)
        if status != machine.DIED or machine.is_ending():
            break
    if report.get("built"):
        report["tests"]["passed"] += len(done)
    seconds = time.monotonic() - began
    return Result(boot, status, report, seconds, deaths)


def _try_once(
    boot: Boot, settings: machine.Settings, done: List[str]
) -> Tuple[int, Dict[str, Any]]:
    """The exit status and the report; {} without one.

    `done` are the tests that passed before a machine died; it gets those that
    pass now, if this one dies as well.
    """
    told = io.BytesIO()
    words = [boot.share, json.dumps(done)]
    status = machine.run(
        boot.image,
        f"tests/vm/guest_report.py {shlex.join(words)} {boot.pytest}",
        settings._replace(kernel_options=boot.kernel_options),
        told,
        cast(BinaryIO, _Prefixed(boot.name)),
    )
    *passed, report = [b"", *told.getvalue().split(b"\n")]
    if status == machine.DIED:
        done += [name.decode() for name in passed if name]
    try:
        return status, dict(json.loads(report))
    except ValueError:
        return status, {}


class _Prefixed:
    """Writes whole lines to stderr, each after the name of its machine."""

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
    """One line for each machine; below, the reasons for what failed."""
    cells = rows(results)
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths))
        for row in cells
    ]
    for result in results:
        lines += reasons(result)
    return "\n".join(line.rstrip() for line in lines)


def rows(results: Sequence[Result]) -> List[List[str]]:
    """The heading, and one row for each machine."""
    plans = _plans(results)
    cells = [["kernel", "BCC", "Python", *plans, "minutes", "tests"]]
    for result in results:
        release, options = (
            result.boot.image.release,
            result.boot.kernel_options,
        )
        cells.append(
            [
                f"{release} {options}".strip(),
                _version(result, "bcc"),
                _version(result, "python"),
                *(_verdict(result, plan) for plan in plans),
                f"{result.seconds / 60:.1f}",
                _tests(result),
            ]
        )
    return cells


def _plans(results: Sequence[Result]) -> List[str]:
    """The subjects of all plans, in the doctor's order."""
    subjects = [name for result in results for name in result.findings]
    return [name for name in dict.fromkeys(subjects) if _is_plan(name)]


def _is_plan(subject: str) -> bool:
    return subject.startswith("plan ")


def _version(result: Result, subject: str) -> str:
    """The version that a finding of --doctor begins with."""
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


def reasons(result: Result) -> List[str]:
    """Why plans don't work, and which tests failed."""
    where = result.boot.name
    lines = [
        f"{where}: {name}: {finding['found']}"
        for name, finding in result.findings.items()
        if _is_plan(name) and not finding["ok"]
    ]
    if result.status == machine.DIED:
        last = machine.last_words.get(result.boot.image.suite, "")
        lines += [f"{where}: its console:", last.rstrip()]
    if result.deaths:
        lines.append(
            f"{where}: it died {result.deaths} times, and another machine "
            "continued: see its console above"
        )
    if result.report.get("built") and not result.findings:
        lines.append(f"{where}: --doctor printed nothing: see its error above")
    tests = result.report.get("tests", {})
    for verdict, key in (
        ("failed", "failed"),
        ("failed once, and passed at the second try", "failed_once"),
    ):
        lines += [f"{where}: {verdict}: {name}" for name in tests.get(key, [])]
    return lines
