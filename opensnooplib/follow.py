# SPDX-License-Identifier: Apache-2.0
"""--children: the processes that are followed from the start.

bpf_src/follow.h follows every child of a process in its map "followed". Those
that are children already when the trace begins are found in /proc.
"""

from __future__ import annotations

import os
from typing import Dict, Iterable, List, Set

from opensnooplib import kernel, reader

# The program of bpf_src/follow.h that sees each new process.
FOLLOWER = "tracepoint__task__task_newtask"

# How many threads these have is not known: see bpf_src/follow.h.
_MANY_THREADS = 1 << 32

# Should there always be more: inside a container, those that the kernel's
# programs have found can't be told from others.
_MOST_ROUNDS = 50


def map_name() -> str:
    """By the host's numbers; inside a container, by the container's."""
    inside = kernel.pid_namespace() is not None
    return "to_follow" if inside else "followed"


def follow(pids: Iterable[int], map_fd: int) -> None:
    """Put these processes and all that descend from them into the map.

    The programs must be attached. Each child that is made from here on is
    either seen by them, since its parent is in the map, or in /proc, since it
    is there before they are called: so it goes on until /proc has none that
    is not in the map. Raises OSError.
    """
    known: Set[int] = set()
    new = set(pids)
    for _ in range(_MOST_ROUNDS):
        came = [_insert(map_fd, pid) for pid in new]
        known |= new
        if not any(came):
            break
        new = _descendants(known) - known


def _insert(map_fd: int, pid: int) -> bool:
    """Was it missing in the map?"""
    came = reader.map_insert(map_fd, pid, _MANY_THREADS)
    # One that has ended meanwhile may not give its place to a successor.
    if came and not kernel.task_status(pid):
        reader.map_remove(map_fd, pid)
    return came


def _descendants(pids: Set[int]) -> Set[int]:
    children: Dict[int, List[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            children.setdefault(_parent(name), []).append(int(name))
    found: Set[int] = set()
    left = list(pids)
    while left:
        of_one = [c for c in children.get(left.pop(), ()) if c not in found]
        found.update(of_one)
        left += of_one
    return found


def _parent(pid: str) -> int:
    for line in kernel.task_status(pid):
        if line.startswith("PPid:"):
            return int(line.split()[1])
    return 0
