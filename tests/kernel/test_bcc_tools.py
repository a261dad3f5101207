# SPDX-License-Identifier: Apache-2.0
"""BCC's own tools, as they are: ten that need no kprobes.

`make bcc-tools` runs all of them on all kernels: see docs/bcc-tools.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from tests.bcc_tools import run, tools

# They attach to tracepoints, raw tracepoints, perf events, functions of
# libraries and USDT probes.
_TEN = (
    "cpuunclaimed",
    "dbslower",
    "exitsnoop",
    "gethostlatency",
    "hardirqs",
    "profile",
    "runqslower",
    "syscount",
    "tcpstates",
    "threadsnoop",
)

pytestmark = [
    pytest.mark.one_kernel,
    pytest.mark.skipif(
        not set(_TEN) <= set(tools.names()),
        reason="bpfcc-tools is not installed",
    ),
]


@pytest.fixture(scope="module")
def workload() -> Iterator[Path]:
    with run.workload_under_way() as folder:
        yield folder


@pytest.mark.parametrize("name", _TEN)
def test_it_runs_as_it_is(name: str, workload: Path) -> None:
    result = run.run(name, workload)
    assert result.runs, result.why_not
