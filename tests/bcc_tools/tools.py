# SPDX-License-Identifier: Apache-2.0
"""BCC's tools as Debian packages them, and how each is started here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Tuple

FOLDER = Path("/usr/sbin")
_SUFFIX = "-bpfcc"

# Arguments for those that need some, and for those that would leave out what
# is quick. LOCKS is the PID of the workload's group that takes mutexes,
# MYSQLD that of mysqld.c, FOLDER where the workload has its files.
_ARGUMENTS: Dict[str, Tuple[str, ...]] = {
    "argdist": (
        "-C",
        "p::vfs_read(struct file *file, char *buf, size_t count):size_t:count",
    ),
    "biolatpcts": ("vda",),
    "btrfsslower": ("0",),
    "dbslower": ("mysql",),
    "dbstat": ("mysql",),
    "deadlock": ("LOCKS", "--binary", "c"),
    "dirtop": ("-d", "FOLDER"),
    "ext4slower": ("0",),
    "fileslower": ("0",),
    "funccount": ("vfs_r*",),
    "funcinterval": ("vfs_read",),
    "funclatency": ("vfs_read",),
    "funcslower": ("-u", "1", "vfs_read"),
    "inject": ("kmalloc", "path_mount()", "-P", "0.01"),
    "mysqld_qslower": ("MYSQLD",),
    "netqtop": ("-n", "lo"),
    "nfsslower": ("0",),
    "runqslower": ("0",),
    "sslsniff": ("-g", "-n"),
    "stackcount": ("vfs_read",),
    "trace": ('vfs_read "%d bytes", arg3',),
    "ttysnoop": ("/dev/ttyS0",),
    "xfsslower": ("0",),
    "zfsslower": ("0",),
}

# Why a tool shows nothing where it does not.
WHY_NOTHING = {
    "compactsnoop": ": no process had to wait for free pages in a row",
    "drsnoop": ": no process had to free memory itself",
    "tcpaccept": ": it finds sk_protocol by the distance of two other fields, "
    "and recent kernels have moved one of them",
}

# They compile no C.
_NONE = ("bpflist", "tplist", "reset-trace")


def names() -> List[str]:
    """The tools that are Python and compile C."""
    found = []
    for path in sorted(FOLDER.glob(f"*{_SUFFIX}")):
        with open(path, "rb") as file:
            is_python = b"python" in file.readline()
        name = path.name[: -len(_SUFFIX)]
        if is_python and name not in _NONE:
            found.append(name)
    return found


def command(name: str, folder: Path) -> List[str]:
    """The tool and its arguments, for the workload in `folder`."""
    words = [f"{FOLDER}/{name}{_SUFFIX}"]
    for word in _ARGUMENTS.get(name, ()):
        if word in ("LOCKS", "MYSQLD"):
            word = (folder / word.lower() / "pid").read_text()
        words.append(os.fspath(folder) if word == "FOLDER" else word)
    return words
