# SPDX-License-Identifier: Apache-2.0
"""The processes that --children follows from the start.

bpf_src/extra/select/children.h follows every child of a process in its map
"followed". Children that exist when the trace begins are found in /proc.
"""

from __future__ import annotations

import os
from typing import Iterable, Mapping

from opensnooplib.kernel import bpf_objects, this_kernel

# Maps of bpf_src/extra/select/children.h: processes by the host's PIDs and,
# inside a container, by its own PIDs.
_FOLLOWED, _TO_FOLLOW = "followed", "to_follow"

# The number of threads of a process for which it is unknown: see
# bpf_src/extra/select/children.h.
_MANY = 1 << 32

# A limit, in case new processes are found each time: inside a container, those
# that the BPF programs have found look the same as others.
_MOST_ROUNDS = 50


def map_names() -> list[str]:
    inside = this_kernel.pid_namespace() is not None
    return [_FOLLOWED, _TO_FOLLOW] if inside else [_FOLLOWED]


def follow(pids: Iterable[int], maps: Mapping[str, int]) -> None:
    """Put these processes and all that descend from them into the maps.

    The programs must be attached. A child that is created from now on is
    either seen by them, since its parent is in the map, or in /proc, since it
    is there before they are called. So /proc is read until it has none that
    is not in the map. Raises OSError.
    """
    map_fd = maps[map_names()[-1]]
    known: set[int] = set()
    new = set(pids)
    for _ in range(_MOST_ROUNDS):
        came = [_insert(map_fd, pid) for pid in new]
        known |= new
        if not any(came):
            break
        new = _descendants(known) - known


def take_over(maps: Mapping[str, int], older: Mapping[str, int]) -> None:
    """Follow the processes that older programs, still attached, follow.

    Their maps are read, as /proc by follow(), until they have none that is not
    in the new maps. Raises OSError.
    """
    for name in map_names():
        for _ in range(_MOST_ROUNDS):
            if not bpf_objects.add_keys(maps[name], older[name], _MANY):
                break


def _insert(map_fd: int, pid: int) -> bool:
    """Insert a process. Returns whether it was missing from the map."""
    came = bpf_objects.map_insert(map_fd, pid, _MANY)
    # A process that has ended meanwhile is removed: another may get its PID.
    if came and not this_kernel.task_status(pid, "Tgid"):
        bpf_objects.map_remove(map_fd, pid)
    return came


def _descendants(pids: set[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            parent = this_kernel.task_status(int(name), "PPid")
            children.setdefault(int(parent or 0), []).append(int(name))
    found: set[int] = set()
    left = list(pids)
    while left:
        of_one = [c for c in children.get(left.pop(), ()) if c not in found]
        found.update(of_one)
        left += of_one
    return found
