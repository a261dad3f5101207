# SPDX-License-Identifier: Apache-2.0
"""/proc and /sys, without which nothing can be found out about a host."""

from __future__ import annotations

import os
from typing import List, NamedTuple

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import this_kernel


class Mount(NamedTuple):
    """A file system that must be mounted."""

    filesystem: str
    path: str
    witness: str  # a file that exists if it is mounted

    @property
    def is_there(self) -> bool:
        return os.path.exists(self.witness)

    @property
    def remedy(self) -> str:
        return f"as root, mount -t {self.filesystem} none {self.path}"


NEEDED: List[Mount] = [
    Mount("proc", "/proc", "/proc/self/status"),
    Mount("sysfs", "/sys", this_kernel.CPUS),
]


def check() -> None:
    """Raise OpensnoopError if one of NEEDED isn't mounted."""
    for mount in NEEDED:
        if not mount.is_there:
            raise OpensnoopError(
                f"{mount.path} is not mounted: {mount.remedy}"
            )
