# SPDX-License-Identifier: Apache-2.0
"""--cgroupmap and --mntnsmap: maps that another program has pinned."""

from __future__ import annotations

import os

from opensnooplib.arguments import Options
from opensnooplib.errors import UsageError


def check(options: Options) -> None:
    """BCC would make a map that isn't there, and select nothing in silence.

    Raises UsageError.
    """
    for option, path in (
        ("--cgroupmap", options.cgroup_map),
        ("--mntnsmap", options.mntns_map),
    ):
        if path is not None and not os.path.exists(path):
            raise UsageError(
                f"{option} {path}: there is no such map; pin one first, for "
                "example with bpftool map pin"
            )
