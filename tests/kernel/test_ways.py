# SPDX-License-Identifier: Apache-2.0
"""A way to open a file that the tool says it sees is seen, exactly once."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensnooplib.options import PLANS
from tests.kernel import ways
from tests.kernel.kernel_hooks import skip_without_hooks_for


@pytest.mark.parametrize("options", [[], ["--all"]], ids=["", "all"])
@pytest.mark.parametrize("plan", PLANS)
def test_every_way(plan: str, options: list[str], tmp_path: Path) -> None:
    skip_without_hooks_for(plan)
    ways.build(tmp_path)
    verdicts = ways.check(plan, options, tmp_path)
    for name, verdict in verdicts.items():
        expected = verdict.made if verdict.is_told else []
        assert verdict.shown == expected, name
