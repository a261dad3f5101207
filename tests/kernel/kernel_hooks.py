# SPDX-License-Identifier: Apache-2.0
"""What the running kernel offers, so that only what can't work is skipped."""

from __future__ import annotations

import pytest

from opensnooplib.kernel import hooks

# The plans that need another kind of hook than tracepoints, and which.
_NEEDS = {"fentry": "fentry", "kprobe": "kprobe"}


def kind_of(plan: str) -> str:
    """Of hooks, in hooks.KINDS."""
    return _NEEDS.get(plan, "tracepoint")


def skip_without_hooks_for(plan: str) -> None:
    """Where the kernel has the hooks, the plan must work."""
    kind = kind_of(plan)
    why_not = hooks.KINDS[kind]()
    if why_not:
        pytest.skip(f"no {kind} here: {why_not}")
