# SPDX-License-Identifier: Apache-2.0
"""The cgroups of --cgroup, of version 2 and 1, and where they are mounted.

See cgroups(7). A cgroup is a directory; its version, and for version 1 its
controllers, are those of the file system that it is in.
"""

from __future__ import annotations

import os
import re
import stat
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

from opensnooplib.base.errors import UsageError

# Controllers of version 1: the names of enum cgroup_subsys_id
# (include/linux/cgroup_subsys.h) by those in mount options, of which one
# differs. The first are those that container runtimes always use.
_CONTROLLERS = {
    "pids": "pids",
    "memory": "memory",
    "cpu": "cpu",
    "freezer": "freezer",
    "devices": "devices",
    "cpuset": "cpuset",
    "cpuacct": "cpuacct",
    "blkio": "io",
    "net_cls": "net_cls",
    "net_prio": "net_prio",
    "perf_event": "perf_event",
    "hugetlb": "hugetlb",
    "rdma": "rdma",
    "misc": "misc",
}


class Hierarchy(NamedTuple):
    """A tree of cgroups, as it is mounted."""

    path: str
    device: int
    version: int
    controller: str  # of version 1: the kernel's name of one that it has

    @property
    def is_usable(self) -> bool:
        """Can it select opens? One of version 1 may have no controller."""
        return self.version == 2 or self.controller != ""


class Cgroup(NamedTuple):
    path: str
    id: int  # the kernel's: the inode number of the directory
    version: int
    controller: str


def hierarchies() -> List[Hierarchy]:
    """The mounted ones: version 2 first, then those likely for containers."""
    with open(
        "/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape"
    ) as file:
        found = list(_parse_mounts(file.read().splitlines()))
    order = [*_CONTROLLERS.values(), ""]
    return sorted(found, key=lambda h: (-h.version, order.index(h.controller)))


def _parse_mounts(lines: Sequence[str]) -> Iterator[Hierarchy]:
    """The hierarchies in the lines of proc_pid_mountinfo(5)."""
    for line in lines:
        mount, _, filesystem = line.partition(" - ")
        kind, _, options = filesystem.split(" ", 2)
        if kind not in ("cgroup", "cgroup2"):
            continue
        _, _, device, _, path = mount.split(" ")[:5]
        major, minor = map(int, device.split(":"))
        controller = ""
        if kind == "cgroup":
            has = options.split(",")
            names = [c for name, c in _CONTROLLERS.items() if name in has]
            controller = names[0] if names else ""
        yield Hierarchy(
            _unescape(path),
            os.makedev(major, minor),
            2 if kind == "cgroup2" else 1,
            controller,
        )


def _unescape(text: str) -> str:
    """`text` without the escapes of mountinfo, where a space is \\040."""
    return re.sub(
        r"\\([0-7]{3})", lambda octal: chr(int(octal.group(1), 8)), text
    )


def cgroups(words: Sequence[str]) -> Tuple[Cgroup, ...]:
    """The cgroups in `words`: directories, or paths as in /proc/PID/cgroup.

    Raises UsageError if there is no such cgroup.
    """
    return tuple(dict.fromkeys(_cgroup(word) for word in words))


def _cgroup(word: str) -> Cgroup:
    mounted = hierarchies()
    if not mounted:
        raise UsageError(
            f"--cgroup {word}: no cgroup file system is mounted here"
        )
    if not word:
        raise UsageError("--cgroup needs a path; / is the whole host")
    paths = [word]
    if not {".", ".."} & set(word.split("/")):  # which start from a directory
        paths += [f"{h.path}/{word}" for h in mounted if h.is_usable]
    for path in paths:
        found = cgroup_at(path, mounted)
        if found is not None:
            return found
    if os.path.isdir(word) and _hierarchy_of(word, mounted):
        raise UsageError(
            f"--cgroup {word}: this cgroup is in a hierarchy without a "
            "controller; give the same cgroup in another hierarchy"
        )
    if os.path.exists(word):
        raise UsageError(
            f"--cgroup {word}: not a cgroup; give a directory below "
            f"{mounted[0].path}"
        )
    raise UsageError(
        f"--cgroup {word}: no such cgroup; systemd-cgls and /proc/PID/cgroup "
        "show their paths"
    )


def _hierarchy_of(
    path: str, mounted: Sequence[Hierarchy]
) -> Optional[Hierarchy]:
    device = os.stat(path).st_dev
    return next((h for h in mounted if h.device == device), None)


def cgroup_at(path: str, mounted: Sequence[Hierarchy]) -> Optional[Cgroup]:
    """The cgroup at this directory, or None if it isn't a usable one."""
    try:
        found = os.stat(path)
        hierarchy = _hierarchy_of(path, mounted)
    except (OSError, ValueError):
        return None
    if not hierarchy or not hierarchy.is_usable:
        return None
    if not stat.S_ISDIR(found.st_mode):
        return None
    return Cgroup(path, found.st_ino, hierarchy.version, hierarchy.controller)
