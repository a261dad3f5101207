# SPDX-License-Identifier: Apache-2.0
"""Hooks of the running kernel: only tests that can't work are skipped."""

from __future__ import annotations

import functools

import pytest

from opensnooplib.kernel import offered_hooks
from opensnooplib.plan_list import PLANS


def kind_of(plan: str) -> str:
    """The kind of hook, as in hooks.txt, that a plan needs."""
    return PLANS[plan].hook


@functools.lru_cache(maxsize=None)
def why_no_hooks_for(plan: str) -> str:
    """Why this kernel has no hooks for the plan, or ""."""
    return offered_hooks.why_not(kind_of(plan))


def skip_without_hooks_for(plan: str) -> None:
    """Skip the test without hooks; with them, the plan must work."""
    why_not = why_no_hooks_for(plan)
    if why_not:
        pytest.skip(f"no {kind_of(plan)} here: {why_not}")
