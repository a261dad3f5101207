#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""In the machine: build the library, ask the doctor, run the kernel tests.

What happens goes to stderr; the result, one JSON object, to stdout. The
arguments are pytest's. kernel_tests.py reads the result.

An emulator on a busy host can stand still for a second at any place, so a test
that failed is run once more, at the end; that it had to be is told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Dict, List

import pytest


def main() -> int:
    stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    report: Dict[str, Any] = {"built": _build()}
    if report["built"]:
        report["doctor"] = _ask_doctor()
        os.environ.setdefault("OPENSNOOP_SWAPS", "4")
        os.environ.setdefault("OPENSNOOP_OPENS", "20000")
        outcomes, again = _Outcomes(), _Outcomes()
        report["ok"] = _test(sys.argv[1:], outcomes)
        if outcomes.failed:
            report["ok"] = _test(outcomes.failed, again)
        report["tests"] = {
            "passed": len(outcomes.passed) + len(again.passed),
            "skipped": outcomes.skipped,
            "failed": [n for n in outcomes.failed if n not in again.passed],
            "failed_once": again.passed,
        }
    json.dump(report, stdout)
    stdout.close()
    return 0 if report.get("ok") else 1


def _test(arguments: List[str], outcomes: _Outcomes) -> bool:
    """Did all pass?"""
    words = ["-p", "no:cacheprovider", "-v", "--tb=short", *arguments]
    return pytest.main(words, plugins=[outcomes]) == 0


def _build() -> bool:
    return subprocess.run(["make", "-s"]).returncode == 0


def _ask_doctor() -> Any:
    """Its findings; nothing where it says none."""
    asked = subprocess.run(
        ["./opensnoop.py", "--doctor", "--format", "json"],
        stdout=subprocess.PIPE,
    )
    try:
        return json.loads(asked.stdout)
    except ValueError:
        return []


class _Outcomes:
    """A plugin of pytest: counts, and shows each failure as it comes.

    A machine that hangs or dies later has told it by then.
    """

    def __init__(self) -> None:
        self.passed: List[str] = []
        self.skipped = 0
        self._failed: List[str] = []

    @property
    def failed(self) -> List[str]:
        """Each once: it can fail in its set-up and in its end."""
        return list(dict.fromkeys(self._failed))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.append(report.nodeid)
            print(f"\n{report.longreprtext}", flush=True)
        elif report.skipped:
            self.skipped += 1
        elif report.when == "call":
            self.passed.append(report.nodeid)

    @staticmethod
    def pytest_sessionfinish(session: pytest.Session) -> None:
        session.config.option.tbstyle = "no"  # not all of them once more


if __name__ == "__main__":
    sys.exit(main())
