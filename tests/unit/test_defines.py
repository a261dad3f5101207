# SPDX-License-Identifier: Apache-2.0
"""The #defines for a plan."""

from __future__ import annotations

from opensnooplib.kernel import this_kernel
from opensnooplib.source import defines


def test_plan() -> None:
    chosen = dict(defines.plan("syscall", ["open", "openat"], {}, 17, True))
    assert chosen.pop("PLAN_SYSCALL") == "1"
    assert chosen.pop("TOOL_PID") == "17"
    assert int(chosen.pop("START_ENTRIES")) > 0
    assert chosen.pop("BEGIN_END") == "1"
    assert chosen.pop("HAVE_OPEN") == "1"
    assert chosen.pop("MNT_NS_COUNT_SIZE") in ("0", "8")
    assert ("HAVE_TASK_PT_REGS" in chosen) == this_kernel.has_task_pt_regs()
    chosen.pop("HAVE_TASK_PT_REGS", None)
    inside = this_kernel.pid_namespace() is not None
    assert bool(chosen) == inside


def test_plan_with_functions() -> None:
    functions = {"OPENAT_FUNCTION": "__x64_sys_openat"}
    chosen = dict(defines.plan("fentry", ["open", "openat"], functions, 17))
    assert chosen["OPENAT_FUNCTION"] == "__x64_sys_openat"
    assert "BEGIN_END" not in chosen
