# SPDX-License-Identifier: Apache-2.0
"""docs/test-all.md: all tests, on this machine and on all other kernels."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import List, Sequence

import images
import kernel_tests
import machine

_DOCUMENT = machine.CHECKOUT / "docs" / "test-all.md"

# On this machine: more swaps and longer fuzzing than in make test, and no
# fewer opens.
_LONGER = {
    "OPENSNOOP_OPENS": "100000",
    "OPENSNOOP_SWAPS": "100",
    "OPENSNOOP_FUZZ_SECONDS": "60",
}

_HEAD = """\
# All tests

Written by `make test-all` on {date}, of the commit {commit}: also what
`make test` and `make test-kernels` leave out as too many of a kind, see
[kernels.md](kernels.md#which-tests-run-where). The first three lines are the
machine itself, which runs everything, two processes at once; the others are
emulated, and run all that depends on the kernel.

"""


def run(suites: Sequence[str], settings: machine.Settings) -> int:
    """Returns 0 if all tests passed, else 1."""
    boots = kernel_tests.boots(suites, kernel_tests.ALL, "")
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(_here, ("kernel", "unit", "fuzz")))
    results += kernel_tests.run(boots, settings)
    head = _HEAD.format(date=datetime.date.today(), commit=_commit())
    _DOCUMENT.write_text(head + _tables(results))
    print(kernel_tests.table(results))
    return 0 if all(result.has_passed for result in results) else 1


def _here(folder: str) -> kernel_tests.Result:
    """Run the tests in a folder of tests/, those of the kernel two at once."""
    image = images.Image("here", Path(), os.uname().release)
    boot = kernel_tests.Boot(image, f"tests/{folder}", "")
    two_at_once = ["-n", "2", "--dist", "loadfile"]
    began = time.monotonic()
    done = subprocess.run(
        ["/usr/bin/python3", "-B", "tests/vm/guest_report.py", boot.share]
        + ["[]", "-m", "", boot.kernel_options]
        + two_at_once * (folder == "kernel"),
        cwd=machine.CHECKOUT,
        env={**os.environ, **_LONGER},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    seconds = time.monotonic() - began
    report = json.loads(done.stdout.split(b"\n")[-1] or b"{}")
    return kernel_tests.Result(boot, done.returncode, report, seconds)


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    return subprocess.run(
        command,
        cwd=machine.CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()


def _tables(results: Sequence[kernel_tests.Result]) -> str:
    heading, *rows = kernel_tests.rows(results)
    lines = [heading, ["---"] * len(heading), *rows]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    notes: List[str] = []
    for result in results:
        notes += kernel_tests.reasons(result)
        skipped = result.report.get("tests", {}).get("why_skipped", {})
        notes += [
            f"{result.boot.name}: {count} skipped: {why}"
            for why, count in sorted(skipped.items())
        ]
    return text + "\n" + "".join(f"- {note}\n" for note in notes)
