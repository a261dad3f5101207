# SPDX-License-Identifier: Apache-2.0
"""Tests that trace, in two processes, and don't disturb each other."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

# Fixtures that change the whole host.
_ALONE = {"locked", "perf_events_for_others", "cpu1"}
_TURN, _HOST = (
    Path(tempfile.gettempdir()) / f"opensnoop-tests-{name}"
    for name in ("turn", "host")
)


@pytest.hookimpl(hookwrapper=True)  # type: ignore[misc]
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Two processes run tests; one that changes the host runs alone.

    It waits until the other process has ended its test, and while it waits,
    that one begins no other. This is no fixture: those of a module, which
    trace as well, would come before it.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    is_alone = bool(_ALONE & set(getattr(item, "fixturenames", ())))
    kind = fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH
    with _TURN.open("w") as turn, _HOST.open("w") as host:
        fcntl.flock(turn, kind)
        fcntl.flock(host, kind)
        if not is_alone:
            fcntl.flock(turn, fcntl.LOCK_UN)
        yield
