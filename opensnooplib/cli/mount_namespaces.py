# SPDX-License-Identifier: Apache-2.0
"""The mount namespaces of --mntns, each given by a process."""

from __future__ import annotations

import os
from typing import Optional, Tuple

from opensnooplib.base.errors import OpensnoopError, UsageError
from opensnooplib.cli.values import each_of, positive


def mount_namespaces(words: Optional[str]) -> Tuple[int, ...]:
    """The inode numbers of the namespaces, for comma-separated PIDs.

    Raises OpensnoopError.
    """
    if words is None:
        return ()
    every = each_of("--mntns", words, "PIDs")
    return tuple(dict.fromkeys(map(_of_process, every)))


def _of_process(word: str) -> int:
    pid = positive("--mntns", word)
    try:
        return os.stat(f"/proc/{pid}/ns/mnt").st_ino
    except PermissionError:
        raise OpensnoopError(
            f"--mntns {pid}: cannot read the namespaces of this process: run "
            "as root, on the host"
        ) from None
    except OSError:
        raise UsageError(f"--mntns {pid}: no such process") from None
