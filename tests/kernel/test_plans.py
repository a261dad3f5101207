# SPDX-License-Identifier: Apache-2.0
"""The plans: adding one, and which is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from opensnooplib.kernel import offered_hooks
from tests.kernel.tool import Tool, replace_in, run


@pytest.mark.parametrize(
    "options, plan",
    [
        ([], "syscall"),
        (["-L", "--all"], "syscall"),
        (["--attach", "syscall-exit"], "syscall-exit"),
    ],
)
def test_what_is_edited_is_what_runs(options: List[str], plan: str) -> None:
    with Tool("--live", "-p", "1", *options) as tool:
        assert f" (plan {plan}); Ctrl-C ends it" in tool.watching
        tool.stop()


def test_unless_an_option_needs_another_plan() -> None:
    ended = run("--live", "--trusted", "-p", "1", "-d", "0.1")
    here = [
        kind
        for kind in ("fentry", "kprobe")
        if not offered_hooks.why_not(kind)
    ]
    if here:
        assert any(f" (plan {kind}); " in ended.messages for kind in here)
    else:
        assert "leave out --trusted" in ended.messages


def test_a_plan_more_is_three_files(checkout_copy: Path) -> None:
    """Its C, the line that includes it, and its value."""
    c = checkout_copy / "bpf_src" / "plans"
    c.joinpath("mine.h").write_text(c.joinpath("syscall_exit.h").read_text())
    replace_in(
        c / "other_plan.h",
        "#elif PLAN_KPROBE",
        '#elif PLAN_MINE\n#include "plans/mine.h"\n#elif PLAN_KPROBE',
    )
    plan_list = checkout_copy / "opensnooplib" / "plan_list.py"
    with open(plan_list, "a") as file:
        file.write(
            'PLANS["mine"] = PLANS["syscall-exit"]._replace(\n'
            '    name="mine", file="plans/mine.h"\n)\n'
        )
    ended = run("--attach", "mine", "-v", "-d", "0.1", checkout=checkout_copy)
    assert ended.status == 0, ended.messages
    assert "plan mine: compiled and attached" in ended.messages
    assert "watching open" in ended.messages
