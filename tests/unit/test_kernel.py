# SPDX-License-Identifier: Apache-2.0
"""What the kernel says of itself, and the sizes that follow from it."""

from __future__ import annotations

import mmap
import os
from typing import Any, Tuple

import pytest

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import this_kernel
from opensnooplib.trace import ring_size


@pytest.mark.parametrize(
    "release, version",
    [
        ("6.1.0-18-amd64", (6, 1, 0)),
        ("5.10.209", (5, 10, 209)),
        ("6.18", (6, 18, 0)),
        ("7.2.0-rc1+", (7, 2, 0)),
        ("6.6.87.2-microsoft-standard-WSL2", (6, 6, 87)),
        ("5.14.0-427.el9.x86_64", (5, 14, 0)),
    ],
)
def test_versions(
    monkeypatch: pytest.MonkeyPatch,
    release: str,
    version: Tuple[int, int, int],
) -> None:
    monkeypatch.setattr(this_kernel, "release", lambda: release)
    assert this_kernel.version() == version


def test_cpus() -> None:
    online = this_kernel.online_cpus()
    assert len(online) == os.sysconf("SC_NPROCESSORS_ONLN")
    assert this_kernel.possible_cpu_count() > max(online)


def test_memory() -> None:
    assert 1 << 20 < this_kernel.memory_available()


@pytest.mark.parametrize("cpus", [1, 2, 32, 33, 255, 4096])
def test_the_default_is_a_power_of_two_and_bounded(cpus: int) -> None:
    pages = ring_size.pages_for_each_cpu(None, cpus)
    assert pages & (pages - 1) == 0
    size = pages * mmap.PAGESIZE
    assert size * cpus <= max(128 << 20, cpus * (64 << 10))


def test_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def room(_: Any = None) -> int:
        return 4 * 100 * mmap.PAGESIZE

    monkeypatch.setattr(this_kernel, "memory_available", room)
    assert ring_size.pages_for_each_cpu(32, 2) == 32
    with pytest.raises(OpensnoopError) as error:
        ring_size.pages_for_each_cpu(64, 2)
    assert "at most 32 fit" in error.value.sentence
