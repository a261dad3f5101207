# SPDX-License-Identifier: Apache-2.0
"""Real cgroups for a test: mounted, filled and removed."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List

import pytest

# One of these is left for version 1 where version 2 has all others.
_CONTROLLERS = ("freezer", "net_cls", "pids", "memory")


def mount(kind: str, folder: Path, mounts: List[Path], *options: str) -> None:
    """Mount a file system. Raises CalledProcessError if the kernel refuses."""
    command = ["mount", "-t", kind, *options, kind, str(folder)]
    subprocess.run(command, check=True, stderr=subprocess.PIPE)
    mounts.append(folder)


def mount_hierarchy(version: int, folder: Path, mounts: List[Path]) -> None:
    """Mount a hierarchy of cgroups at `folder`, or skip the test."""
    folder.mkdir()
    if version == 2:
        mount("cgroup2", folder, mounts)
        return
    for controller in _CONTROLLERS:
        try:
            mount("cgroup", folder, mounts, "-o", controller)
            return
        except subprocess.CalledProcessError:
            continue
    pytest.skip("no controller is left for cgroups of version 1")


@contextmanager
def a_group(hierarchy: Path) -> Iterator[Path]:
    """An empty cgroup, removed at the end with all that is below it."""
    group = hierarchy / f"opensnoop-test-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        for folder, _, _ in os.walk(group, topdown=False):
            for pid in (Path(folder) / "cgroup.procs").read_text().split():
                move_into(hierarchy, int(pid))
            os.rmdir(folder)


def move_into(group: Path, pid: int) -> None:
    (group / "cgroup.procs").write_text(str(pid))
