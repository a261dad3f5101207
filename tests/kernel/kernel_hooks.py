# SPDX-License-Identifier: Apache-2.0
"""What the running kernel offers, so that only what can't work is skipped."""

from __future__ import annotations

import functools

import pytest

from opensnooplib.kernel import hooks

# The plans that need another kind of hook than tracepoints, and which.
_NEEDS = {"fentry": "fentry", "kprobe": "kprobe"}


def kind_of(plan: str) -> str:
    """Of hooks, in hooks.KINDS."""
    return _NEEDS.get(plan, "tracepoint")


@functools.lru_cache(maxsize=None)
def why_no_hooks_for(plan: str) -> str:
    """The kernel's reason, or ""."""
    return hooks.KINDS[kind_of(plan)]()


def skip_without_hooks_for(plan: str) -> None:
    """Where the kernel has the hooks, the plan must work."""
    why_not = why_no_hooks_for(plan)
    if why_not:
        pytest.skip(f"no {kind_of(plan)} here: {why_not}")
