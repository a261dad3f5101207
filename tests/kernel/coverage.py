#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The ways to open a file that each plan shows here, as JSON on stdout.

    {"kernel": "6.1.0-50-amd64", "plans": {"fentry": {"openat": "yes", ...}}}

Each way has a verdict: yes, --all (shown only with that option), no, or wrong
(the tool says that it sees it, but doesn't show it as it was).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Dict

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from opensnooplib.kernel import offered_hooks  # noqa: E402
from opensnooplib.plan_list import PLANS  # noqa: E402
from tests.kernel import ways  # noqa: E402
from tests.kernel.kernel_hooks import kind_of  # noqa: E402


def main() -> None:
    plans = [
        plan for plan in PLANS if not offered_hooks.why_not(kind_of(plan))
    ]
    with tempfile.TemporaryDirectory(prefix="opensnoop-") as folder:
        ways.build(Path(folder))
        found = {plan: _verdicts(plan, Path(folder)) for plan in plans}
    print(json.dumps({"kernel": os.uname().release, "plans": found}))


def _verdicts(plan: str, folder: Path) -> Dict[str, str]:
    usual = ways.check(plan, [], folder)
    with_all = ways.check(plan, ["--all"], folder)
    return {
        name: _word(usual.get(name), with_all.get(name)) for name in ways.WAYS
    }


def _word(usual: ways.MaybeVerdict, with_all: ways.MaybeVerdict) -> str:
    for verdict, word in ((usual, "yes"), (with_all, "--all")):
        if verdict and verdict.is_told:
            return word if verdict.shown == verdict.made else "wrong"
    return "no"


if __name__ == "__main__":
    main()
