# SPDX-License-Identifier: Apache-2.0
"""A plan is one value, and one file of C."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opensnooplib.cli import arguments
from opensnooplib.plan_list import PLANS, SOURCE, Plan

_ROOT = Path(__file__).resolve().parents[2]
_PLAN_LIST = _ROOT / "opensnooplib" / "plan_list.py"


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_its_define_compiles_its_file(plan: Plan) -> None:
    c = "".join(
        (_ROOT / "bpf_src" / name).read_text()
        for name in ("opensnoop.c", "plans/other_plan.h")
    )
    macro = f"PLAN_{plan.name.upper().replace('-', '_')}"
    branch = re.search(rf"^#(?:el)?if {macro}\n((?:(?!#e).*\n)*)", c, re.M)
    assert branch and f'#include "{plan.file}"' in branch[1]


def test_nothing_else_goes_by_its_name() -> None:
    """The names of fentry and kprobe are also those of kinds of hooks."""
    names = re.compile(r'"(syscall|syscall-exit)"')
    found = {
        path.name: names.findall(path.read_text())
        for path in (_ROOT / "opensnooplib").rglob("*.py")
        if path != _PLAN_LIST
    }
    assert not {name: words for name, words in found.items() if words}


@pytest.mark.parametrize("words", [["-L"], ["--trusted"], []])
def test_begins_are_seen_if_they_are_needed(words: list[str]) -> None:
    options = arguments.parse(words)
    sees = {p.name for p in PLANS.values() if p.sees_begin(options)}
    assert "syscall" in sees
    assert "syscall-exit" not in sees
    refused = PLANS["syscall-exit"].why_not(options)
    assert ("doesn't see opens begin" in refused) == bool(words)
    assert ("fentry" in sees) == bool(words)
    assert not SOURCE.sees_begin(options)
