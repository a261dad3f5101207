# SPDX-License-Identifier: Apache-2.0
"""docs/coverage.md: the ways to open a file that are seen, by kernel.

tests/kernel/coverage.py runs on this machine's kernel and on all others.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Sequence, Tuple, cast

import images
import machine

_DOCUMENT = machine.CHECKOUT / "docs" / "coverage.md"
_PROBE = "tests/kernel/coverage.py"
_AT_ONCE = 2

_HEAD = """\
# Which ways to open a file are seen

This page is written by `make coverage`. On each kernel, with each plan that
the kernel has hooks for, a program opens files in one way and does nothing
else; [ways.py](../tests/kernel/ways.py) compares the rows with what it did:
call, path, descriptor and error.
[test_ways.py](../tests/kernel/test_ways.py) asserts the same.

`yes`: shown exactly once. `--all`: shown only with that option. `no`: not
shown, and `-v` and `--doctor` say why.

The kernel also opens firmware, for devices that ask for it, and core dumps of
set-user-ID programs, both below a directory of its choice. These are never
shown.

"""

Found = Dict[str, Any]  # of tests/kernel/coverage.py


def run(suites: Sequence[str], settings: machine.Settings) -> int:
    """Returns 1 if an open was shown wrongly or not as promised, else 0."""
    built = [images.get(suite) for suite in suites]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        guests = pool.map(lambda image: _in_guest(image, settings), built)
        results = [_here(), *guests]
    results.sort(key=lambda found: _version(found["kernel"]))
    _DOCUMENT.write_text(_HEAD + table(results))
    words = [
        word
        for found in results
        for verdicts in found["plans"].values()
        for word in verdicts.values()
    ]
    return 1 if "wrong" in words else 0


def _here() -> Found:
    done = subprocess.run(
        ["/usr/bin/python3", "-B", machine.CHECKOUT / _PROBE],
        stdout=subprocess.PIPE,
        check=True,
    )
    return cast(Found, json.loads(done.stdout))


def _in_guest(image: images.Image, settings: machine.Settings) -> Found:
    told = io.BytesIO()
    machine.run(
        image,
        _PROBE,
        settings,
        told,
        sys.stderr.buffer,
    )
    return cast(Found, json.loads(told.getvalue()))


def _version(release: str) -> Tuple[int, ...]:
    return tuple(int(word) for word in release.split(".")[:2])


def table(results: Sequence[Found]) -> str:
    """A row for each way, a column for plans that see the same."""
    columns: List[Tuple[str, Dict[str, str]]] = []
    for found in results:
        version = ".".join(map(str, _version(found["kernel"])))
        for plans, verdicts in _alike(found["plans"]):
            columns.append((f"{version}: {', '.join(plans)}", verdicts))
    lines = [
        ["way", *(heading for heading, _ in columns)],
        ["---"] * (1 + len(columns)),
    ]
    for way in columns[0][1]:
        lines.append([way, *(verdicts[way] for _, verdicts in columns)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _alike(
    plans: Dict[str, Dict[str, str]]
) -> List[Tuple[List[str], Dict[str, str]]]:
    groups: List[Tuple[List[str], Dict[str, str]]] = []
    for plan, verdicts in plans.items():
        for names, same in groups:
            if same == verdicts:
                names.append(plan)
                break
        else:
            groups.append(([plan], verdicts))
    return groups
