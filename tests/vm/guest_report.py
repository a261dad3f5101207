#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""In the machine: build the library, ask the doctor, run the kernel tests.

What happens goes to stderr; the result, one JSON object, to stdout. The
arguments are pytest's. kernel_tests.py reads the result.
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
    outcomes = _Outcomes()
    report: Dict[str, Any] = {"built": _build()}
    if report["built"]:
        report["doctor"] = _ask_doctor()
        os.environ.setdefault("OPENSNOOP_SWAPS", "4")
        words = ["-p", "no:cacheprovider", "-v", "--tb=short", *sys.argv[1:]]
        report["ok"] = pytest.main(words, plugins=[outcomes]) == 0
        report["tests"] = outcomes.counts()
    json.dump(report, stdout)
    stdout.close()
    return 0 if report.get("ok") else 1


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
        self._passed = 0
        self._skipped = 0
        self._failed: List[str] = []

    def counts(self) -> Dict[str, Any]:
        return {
            "passed": self._passed,
            "skipped": self._skipped,
            "failed": list(dict.fromkeys(self._failed)),
        }

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.append(report.nodeid)
            print(f"\n{report.longreprtext}", flush=True)
        elif report.skipped:
            self._skipped += 1
        elif report.when == "call":
            self._passed += 1

    @staticmethod
    def pytest_sessionfinish(session: pytest.Session) -> None:
        session.config.option.tbstyle = "no"  # not all of them once more


if __name__ == "__main__":
    sys.exit(main())
