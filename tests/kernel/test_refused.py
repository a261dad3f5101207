# SPDX-License-Identifier: Apache-2.0
"""Opens that seccomp(2) refuses with a signal: the kernel never made them."""

from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path
from typing import List

import pytest

from opensnooplib.kernel import this_kernel
from tests.kernel import chosen, ways
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.tool import CHECKOUT, Tool, Word

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="its filters are for x86-64"
)

_SECCOMP = CHECKOUT / "tests" / "programs" / "under_seccomp.py"


@pytest.mark.parametrize(
    "plan, how", chosen.plans_with(["creat", "creat-with-trap"])
)
def test_a_signal_is_no_success(plan: str, how: str, tmp_path: Path) -> None:
    """Its number may be the descriptor that the call returned: -x shows it."""
    skip_without_hooks_for(plan)
    ways.build(tmp_path)
    path = tmp_path / "refused"
    opener: List[Word] = [tmp_path / "one_open", "creat", path]
    command: List[Word] = [_SECCOMP, how, *opener]
    with Tool("--attach", plan, "--format", "json", "-x") as tool:
        assert subprocess.run(command, cwd=tmp_path).returncode < 0
        ended = tool.stop()
    rows = list(map(json.loads, ended.lines))
    shown = [
        (row["fd"], row["err"]) for row in rows if row["path"] == str(path)
    ]
    # Before, the kernel ends the process at once: no call comes back.
    comes_back = how != "creat" or this_kernel.version() >= (5, 16, 0)
    sees_it = plan == "syscall-exit" and comes_back
    assert shown == [(None, None)] * sees_it
    assert (ended.end.unsure, ended.end.missed) == (sees_it, 0)
