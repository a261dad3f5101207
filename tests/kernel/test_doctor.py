# SPDX-License-Identifier: Apache-2.0
"""--doctor: what it says is so, and it leaves nothing behind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from opensnooplib.kernel import this_kernel
from opensnooplib.kernel.hooks import HOOKS
from opensnooplib.plan_list import PLANS
from tests.kernel.cast import NOBODY
from tests.kernel.kernel_hooks import why_no_hooks_for
from tests.kernel.tool import Ended, assert_nothing_left, loaded_objects, run

_LOOKS = (
    "kernel python bcc capabilities lockdown btf headers tracefs privileges"
).split()
_HOOKS = list(dict.fromkeys(f"hook {hook.kind}" for hook in HOOKS))
_PLANS = [f"plan {plan}" for plan in PLANS]

Findings = Dict[str, Dict[str, Any]]


def _findings(ended: Ended) -> Findings:
    """By subject, in the order that they are told."""
    assert ended.messages == ""
    findings: List[Dict[str, Any]] = json.loads(ended.output)
    for finding in findings:
        assert set(finding) == {"subject", "ok", "found", "remedy"}
        assert finding["found"]
        assert finding["ok"] or finding["remedy"], finding
    return {finding["subject"]: finding for finding in findings}


@pytest.fixture(scope="module")
def ended() -> Ended:
    before = loaded_objects()
    ended = run("--doctor", "--format", "json")
    assert_nothing_left(ended, before)
    return ended


@pytest.mark.every_kernel
def test_it_tells_all(
    ended: Ended, record_property: Callable[[str, Any], None]
) -> None:
    findings = _findings(ended)
    # For tests/vm/guest_report.py.
    record_property("doctor", list(findings.values()))
    assert list(findings) == [*_LOOKS, *_HOOKS, *_PLANS]
    assert this_kernel.release() in findings["kernel"]["found"]
    assert ended.status == 0


@pytest.mark.every_kernel
@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_works_where_its_hooks_are(ended: Ended, plan: str) -> None:
    """As other tests of each plan see by trying: see kernel_hooks.py."""
    finding = _findings(ended)[f"plan {plan}"]
    assert finding["ok"] == (not why_no_hooks_for(plan))


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_works_where_it_says_so(ended: Ended, plan: str) -> None:
    finding = _findings(ended)[f"plan {plan}"]
    command = ["--exec", "cat", "/dev/null"]
    forced = run("-q", "--attach", plan, "-d", "60", *command)
    assert finding["ok"] == (forced.status == 0)
    assert finding["ok"] == (b"/dev/null" in forced.output)
    if not finding["ok"]:
        assert finding["found"] in forced.messages


def test_a_person_reads_the_same(ended: Ended) -> None:
    told = run("--doctor")
    assert told.status == ended.status
    text = told.output.decode()
    for subject, finding in _findings(ended).items():
        mark = "ok" if finding["ok"] else "--"
        (line,) = [
            line
            for line in text.splitlines()
            if line.split()[1 : 1 + len(subject.split())] == subject.split()
        ]
        assert line.startswith(f"{mark}  ")
        assert line.endswith(f"  {finding['found']}")
        if not finding["ok"]:
            assert f"to do: {finding['remedy']}\n" in text


def test_without_rights_one_remedy_is_said_once(
    readable_checkout: Path,
) -> None:
    under = ("setpriv", f"--reuid={NOBODY}", "--clear-groups")
    told = run("--doctor", checkout=readable_checkout, under=under)
    assert told.status == 1
    (remedy,) = re.findall(r"to do: (.*)", told.output.decode())
    assert remedy.startswith("run as root (sudo)")
    # A program has it wherever it helps.
    options = ["--doctor", "--format", "json"]
    found = run(*options, checkout=readable_checkout, under=under)
    findings = _findings(found)
    assert all(findings[one]["remedy"] == remedy for one in _HOOKS + _PLANS)
