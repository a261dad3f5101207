# SPDX-License-Identifier: Apache-2.0
"""/proc/kallsyms, cut down to the few symbols that BCC looks for.

BCC 0.26, for example, reads the whole file at each compile, over 100,000 lines
in 90 ms, only to learn whether the kernel has the helpers that read its own
and a user's memory. Every kernel since 5.5 has them. So while it compiles, the
compile room sees a file that names no others: in a mount namespace of its own,
which ends with the room. The addresses are made up, but look like a kernel's:
BCC passes over others, and then takes older helpers that mix both memories up.
"""

from __future__ import annotations

import contextlib
import os
from typing import Iterator

from opensnooplib.base import libc
from opensnooplib.compile.headers_folder import mount_own

_KALLSYMS = "/proc/kallsyms"
_FEW = os.path.join(os.path.dirname(__file__), "few_symbols.txt")


@contextlib.contextmanager
def shown() -> Iterator[None]:
    """Show only these symbols to this process; all of them, if it may not."""
    is_mounted = mount_own(_FEW, _KALLSYMS, None, libc.MS_BIND)
    try:
        yield
    finally:
        if is_mounted:
            with contextlib.suppress(OSError):
                libc.umount(_KALLSYMS)
