# SPDX-License-Identifier: Apache-2.0
"""The hierarchies of cgroups in a mountinfo, and the status of a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from opensnooplib.kernel import cgroups, this_kernel
from opensnooplib.kernel.cgroups import Hierarchy

_MOUNTS = """\
22 28 0:21 / /sys/fs/cgroup rw,nosuid - tmpfs tmpfs rw,mode=755
23 22 0:22 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
24 22 0:23 / /sys/fs/cgroup/blkio rw shared:9 - cgroup cgroup rw,blkio
25 22 0:24 / /sys/fs/cgroup/a\\040b rw shared:10 - cgroup cgroup rw,pids
26 22 0:25 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
27 28 0:26 / /mnt/a\r1 1 0:1 / / rw - cgroup2\x85x\u2028y rw - fuse.x x rw
"""


def test_mounts() -> None:
    """Without those that have no controller; no path makes a line."""
    assert list(cgroups._parse_mounts(_MOUNTS)) == [
        Hierarchy("/sys/fs/cgroup/blkio", os.makedev(0, 23), 1, "blkio"),
        Hierarchy("/sys/fs/cgroup/a b", os.makedev(0, 24), 1, "pids"),
        Hierarchy("/sys/fs/cgroup/unified", os.makedev(0, 25), 2, ""),
    ]


def test_a_name_in_a_tree_that_a_user_has_nested_deeply(
    tmp_path: Path,
) -> None:
    hierarchy = Hierarchy(str(tmp_path), 0, 2, "")
    folders = [f"{tmp_path}/x.service", f"{tmp_path}{'/a' * 99}/x.service"]
    deep = [f"{tmp_path}{'/a' * level}" for level in range(1, 1100)]
    made = [*deep, *folders]
    for folder in made:
        os.mkdir(folder)
    try:
        assert cgroups.named("x.service", [hierarchy]) == folders
        assert not cgroups.named("service", [hierarchy])
    finally:  # here, since pytest would fail
        for folder in reversed(made):
            os.rmdir(folder)


def test_a_name_makes_no_line_of_a_status() -> None:
    script = (
        "open('/proc/self/comm', 'wb').write(b'a\\rPPid:\\t1\\x85');"
        "print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin and process.stdout
        process.stdout.readline()
        parent = this_kernel.task_status(process.pid, "PPid")
        process.stdin.close()
    assert parent == str(os.getpid())
    assert not this_kernel.task_status(1 << 30, "PPid")
