# SPDX-License-Identifier: Apache-2.0
"""The flags of open(2): their names, and groups of them."""

from __future__ import annotations

import os

# Their values. O_LARGEFILE is the kernel's (asm-generic/fcntl.h, and
# asm/fcntl.h of arm64): in libc it is 0 where every file may be large.
FLAGS = {name: value for name, value in vars(os).items() if name[:2] == "O_"}
FLAGS["O_LARGEFILE"] = (
    0o400000 if os.uname().machine == "aarch64" else 0o100000
)

# The flags of each group, by the word that -f takes for it; an open needs one
# of them. O_TRUNC empties a file, even with O_RDONLY.
FLAG_GROUPS = {
    "write": ("O_WRONLY", "O_RDWR", "O_TRUNC"),
    "create": ("O_CREAT", "O_TMPFILE"),
}

# In the order in which a row shows them; those of several bits come before
# their parts. The first ones are values of O_ACCMODE.
_SHOWN = (
    *("O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"),
    *("O_CREAT", "O_EXCL", "O_NOCTTY", "O_TRUNC", "O_APPEND", "O_NONBLOCK"),
    *("O_SYNC", "O_DSYNC", "O_ASYNC", "O_DIRECT", "O_TMPFILE", "O_DIRECTORY"),
    *("O_NOFOLLOW", "O_NOATIME", "O_CLOEXEC", "O_PATH", "O_LARGEFILE"),
)
FLAG_NAMES = [(FLAGS[name], name) for name in _SHOWN]
