# SPDX-License-Identifier: Apache-2.0
"""A calm host, for tests that would fail on a busy one."""

from __future__ import annotations

import time

import pytest

_SPIN_SECONDS = 0.3
_LEAST_SHARE = 0.9


def need() -> None:
    """Skip the test if this process can't have a CPU to itself for a while."""
    share = _share_of_a_cpu()
    if share < _LEAST_SHARE:
        pytest.skip(f"needs a calm host, and got only {share:.0%} of a CPU")


def _share_of_a_cpu() -> float:
    began, used = time.monotonic(), time.process_time()
    passed = 0.0
    while passed < _SPIN_SECONDS:
        passed = time.monotonic() - began
    return (time.process_time() - used) / passed
