# SPDX-License-Identifier: Apache-2.0
"""The plans: adding one, and which is chosen."""

from __future__ import annotations

from pathlib import Path

from tests.kernel.tool import replace_in, run


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
