#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""In the machine: build the library, run the kernel tests, ask the doctor.

    guest_report.py 2/4 '["a test", ...]' ARGUMENTS      arguments of pytest

The tests that are named have passed in a machine that died later, and are left
out. Tests that are marked one_kernel are dealt out to all machines; 2/4 is the
second of four. With one_kernel(release="6.12."), the one with this kernel runs
it; with None, none does but for make test-all. Progress goes to stderr. To
stdout, for kernel_tests.py, go the names of tests that pass, and in the last
line the result, one JSON object.

An emulator on a busy host can stand still for a second at any moment, so a
test that failed is run once more, at the end, and reported as such.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Dict, List, TextIO

import pytest

# The limit for one test: longer than any wait in the tests, shorter than the
# silence that ends a machine. A test that reaches it fails, with all stacks.
_TEST_SECONDS = 500


def main() -> int:
    stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    report: Dict[str, Any] = {"built": _build()}
    if report["built"]:
        os.environ.setdefault("OPENSNOOP_SWAPS", "2")
        os.environ.setdefault("OPENSNOOP_OPENS", "20000")
        number, count = map(int, sys.argv[1].split("/"))
        outcomes, again = _Outcomes(stdout), _Outcomes(stdout)
        share = _Share(number, count, json.loads(sys.argv[2]))
        report["ok"] = _test(sys.argv[3:], outcomes, share)
        if outcomes.failed:
            report["ok"] = _test(["-m", "", *outcomes.failed], again)
        report["doctor"] = outcomes.doctor or again.doctor or _ask_doctor()
        report["tests"] = {
            "passed": len(outcomes.passed) + len(again.passed),
            "skipped": sum(outcomes.why_skipped.values()),
            "why_skipped": outcomes.why_skipped,
            "failed": [n for n in outcomes.failed if n not in again.passed],
            "failed_once": again.passed,
        }
    json.dump(report, stdout)
    stdout.close()
    return 0 if report.get("ok") else 1


def _test(arguments: List[str], *plugins: object) -> bool:
    """Run pytest; did all tests pass?"""
    words = ["-p", "no:cacheprovider", "-v", "--tb=short", "--durations=15"]
    words.append(f"--timeout={_TEST_SECONDS}")
    status = pytest.main([*words, *arguments], plugins=[*plugins])
    return status in (0, 5)  # 5: the machine died when all were done


def _build() -> bool:
    return subprocess.run(["make", "-s"]).returncode == 0


def _ask_doctor() -> Any:
    """The findings of --doctor; [] where it prints none."""
    asked = subprocess.run(
        ["./opensnoop.py", "--doctor", "--format", "json"],
        stdout=subprocess.PIPE,
    )
    try:
        return json.loads(asked.stdout)
    except ValueError:
        return []


class _Share:
    """A plugin of pytest: leaves the tests out that other machines run."""

    def __init__(self, number: int, count: int, done: List[str]) -> None:
        self._number = number
        self._count = count
        self._done = set(done)

    @pytest.hookimpl(trylast=True)  # type: ignore[misc]
    def pytest_collection_modifyitems(self, items: List[pytest.Item]) -> None:
        # Runs after the selection by -m and -k of pytest itself.
        dealt = 0
        kept = []
        for item in items:
            if item.get_closest_marker("every_kernel"):
                kept.append(item)
            elif mark := item.get_closest_marker("one_kernel"):
                dealt += 1
                is_here = dealt % self._count == self._number % self._count
                if "release" in mark.kwargs:
                    release = mark.kwargs["release"] or "none"
                    is_here = os.uname().release.startswith(release)
                if is_here or self._count == 1:
                    kept.append(item)
            else:
                kept.append(item)
        items[:] = [item for item in kept if item.nodeid not in self._done]


class _Outcomes:
    """A plugin of pytest: counts, and shows each failure at once.

    So it is known even if the machine hangs or dies later.
    """

    def __init__(self, stdout: TextIO) -> None:
        """The names of tests that pass go to `stdout`, a line each."""
        self._stdout = stdout
        self.doctor: Any = None  # findings that test_doctor.py has recorded
        self.passed: List[str] = []
        self.why_skipped: Dict[str, int] = {}
        self._failed: List[str] = []

    @property
    def failed(self) -> List[str]:
        """Each failed test once: set-up and tear-down can both fail."""
        return list(dict.fromkeys(self._failed))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.append(report.nodeid)
            print(f"\n{report.longreprtext}", flush=True)
        elif report.skipped:
            why = report.longreprtext.rpartition("Skipped: ")[2].rstrip("')")
            self.why_skipped[why] = self.why_skipped.get(why, 0) + 1
        elif report.when == "call":
            self.passed.append(report.nodeid)
            print(report.nodeid, file=self._stdout, flush=True)
            self.doctor = dict(report.user_properties).get(
                "doctor", self.doctor
            )

    @staticmethod
    def pytest_sessionfinish(session: pytest.Session) -> None:
        session.config.option.tbstyle = "no"  # each failure was shown already


if __name__ == "__main__":
    sys.exit(main())
