# SPDX-License-Identifier: Apache-2.0
"""docs/bcc-tools.md: which of BCC's own tools run with --source, by kernel.

tests/bcc_tools/run.py runs on each kernel twice: with the kernel's headers,
and without them.
"""

from __future__ import annotations

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, NamedTuple, Sequence

import images
import machine

_DOCUMENT = machine.CHECKOUT / "docs" / "bcc-tools.md"
_AT_ONCE = 2
_MACHINES = 4  # at most, one after the other: a kernel may panic

_HEAD = """\
# BCC's own tools, as they are

Written by `make bcc-tools`. Each tool of Debian's package bpfcc-tools that
compiles C hands it out, with what the tool attaches
([hand_out.py](../tests/bcc_tools/hand_out.py)), and that C runs with
`--source --maps`, while [workload.py](../tests/bcc_tools/workload.py) does a
little of everything. `yes`: its programs attach and show at least one row, map
entry or line of `bpf_trace_printk()`. *headers*: with those of the kernel;
else with what the kernel's BTF gives.

What Python attached, comments in the C say, above the function: see
[source.md](source.md).

"""


class _Column(NamedTuple):
    image: images.Image
    has_headers: bool
    tools: Dict[str, Dict[str, Any]]  # as run.py writes them, by name

    @property
    def name(self) -> str:
        version = ".".join(self.image.release.split(".")[:2])
        return version + ", headers" * self.has_headers


def run(suites: Sequence[str], settings: machine.Settings) -> int:
    """Returns 1 if a machine failed, else 0."""
    built = [images.get(suite) for suite in suites]
    jobs = [(image, has) for image in built for has in (True, False)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        columns = list(
            pool.map(lambda job: _column(job[0], job[1], settings), jobs)
        )
    _DOCUMENT.write_text(_HEAD + _table(columns) + "\n" + _reasons(columns))
    return 0 if all(column.tools for column in columns) else 1


def _column(
    image: images.Image, has_headers: bool, settings: machine.Settings
) -> _Column:
    column = _Column(image, has_headers, {})
    for _ in range(_MACHINES):
        told = io.BytesIO()
        status = machine.run(
            image,
            f"tests/bcc_tools/run.py --but {' '.join(column.tools)}",
            settings._replace(headers=has_headers),
            told,
            sys.stderr.buffer,
        )
        results = map(json.loads, told.getvalue().splitlines())
        column.tools.update((one["tool"], one) for one in results)
        if status not in (machine.DIED, machine.TIMED_OUT):
            break
    print(f"{column.name}: {_sum(column)}", file=sys.stderr, flush=True)
    return column


def _sum(column: _Column) -> str:
    ran = sum(one["runs"] for one in column.tools.values())
    return f"{ran} of {len(column.tools)}"


def _table(columns: Sequence[_Column]) -> str:
    lines = [
        ["tool", *(column.name for column in columns)],
        ["---"] * (1 + len(columns)),
        ["**all**", *(f"**{_sum(column)}**" for column in columns)],
    ]
    for tool in sorted({tool for column in columns for tool in column.tools}):
        cells = [_cell(column.tools.get(tool)) for column in columns]
        lines.append([tool, *cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(result: Any) -> str:
    if result is None:
        return ""  # this version of BCC hasn't the tool
    return "yes" if result["runs"] else "no"


def _reasons(columns: Sequence[_Column]) -> str:
    """Why those that don't run don't, the same reason once."""
    where: Dict[str, List[str]] = {}
    for column in columns:
        for tool, result in column.tools.items():
            if not result["runs"]:
                reason = f"**{tool}**: {result['why_not']}"
                where.setdefault(reason, []).append(column.name)
    return "".join(
        f"- {reason} ({'; '.join(names)})\n"
        for reason, names in sorted(where.items())
    )
