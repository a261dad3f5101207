# SPDX-License-Identifier: Apache-2.0
"""The cgroups of --cgroup, of version 2 and 1, and where they are mounted.

See cgroups(7). A cgroup is a directory; its version, and for version 1 its
controllers, are those of the file system that it is in.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import Iterable, Iterator, NamedTuple

from opensnooplib.base.errors import UsageError

# Controllers of version 1, by their names in mount options. The first are
# those that container runtimes always use.
_CONTROLLERS = (
    "pids memory cpu freezer devices cpuset cpuacct blkio net_cls net_prio "
    "perf_event hugetlb rdma misc"
).split()


class Cgroup(NamedTuple):
    path: str
    id: int  # the kernel's: the inode number of the directory
    version: int
    controller: str  # in enum cgroup_subsys_id (linux/cgroup_subsys.h)


class Hierarchy(NamedTuple):
    """A tree of cgroups, as it is mounted."""

    path: str
    device: int
    version: int
    controller: str  # of version 1: one that it has, as in mount options

    def cgroup(self, path: str, status: os.stat_result) -> Cgroup:
        """The cgroup of a directory in it."""
        # The kernel has another name for this one.
        controller = self.controller.replace("blkio", "io")
        return Cgroup(path, status.st_ino, self.version, controller)


def hierarchies() -> list[Hierarchy]:
    """The mounted ones: version 2 first, then those likely for containers.

    Those of version 1 without a controller select nothing, and are left out.
    """
    with open("/proc/self/mountinfo", "rb") as file:
        found = list(_parse_mounts(os.fsdecode(file.read())))
    order = [*_CONTROLLERS, ""]
    return sorted(found, key=lambda h: (-h.version, order.index(h.controller)))


def _parse_mounts(text: str) -> Iterator[Hierarchy]:
    """The hierarchies in a proc_pid_mountinfo(5).

    Paths may contain all line ends but \\n, which the kernel escapes.
    """
    for line in text.rstrip("\n").split("\n"):
        mount, _, filesystem = line.partition(" - ")
        kind, _, options = filesystem.split(" ", 2)
        controllers = [c for c in _CONTROLLERS if c in options.split(",")]
        if kind != "cgroup2" and not (kind == "cgroup" and controllers):
            continue
        _, _, device, _, path = mount.split(" ")[:5]
        yield Hierarchy(
            # A space, for example, is \040.
            re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), path),
            os.makedev(*map(int, device.split(":"))),
            2 if kind == "cgroup2" else 1,
            "" if kind == "cgroup2" else controllers[0],
        )


def named(name: str, mounted: Iterable[Hierarchy]) -> list[str]:
    """Paths of the cgroups of this name, in the first hierarchy that has any.

    Each hierarchy is one of hierarchies(). Users can nest cgroups so deeply
    that os.walk(), which calls itself for each level, would fail.
    """
    for hierarchy in mounted:
        paths = [hierarchy.path]
        for path in paths:  # more and more of them
            with contextlib.suppress(OSError):  # it is gone, or too deep
                paths += [d.path for d in os.scandir(path) if d.is_dir()]
        if found := [path for path in paths[1:] if path.endswith(f"/{name}")]:
            return found
    return []


def cgroup(word: str) -> Cgroup:
    """The cgroup of a directory, of a path as in /proc/PID/cgroup, or a name.

    Raises UsageError if there is no such cgroup, or if several have the name.
    """
    mounted = hierarchies()
    found = [] if "/" in word else named(word, mounted)
    if len(found) > 1:
        raise UsageError(
            f"--cgroup {word}: {len(found)} cgroups have this name; give the "
            f"path of one: {', '.join(found)}"
        )
    # With . or .. in it, it is the path of a directory.
    if "/" in word and not {".", ".."} & {*word.split("/")}:
        found = [f"{h.path}/{word}" for h in mounted]
    for path in [word, *found]:
        with contextlib.suppress(OSError, ValueError):  # it isn't there
            status = os.stat(path)
            for hierarchy in mounted:
                same_device = hierarchy.device == status.st_dev
                if same_device and stat.S_ISDIR(status.st_mode):
                    return hierarchy.cgroup(path, status)
    raise UsageError(
        f"--cgroup {word}: no such cgroup in a hierarchy that is mounted here "
        "and has a controller; systemd-cgls and /proc/PID/cgroup show paths"
    )
