# SPDX-License-Identifier: Apache-2.0
"""How large the perf rings are.

Large enough for a reader that doesn't run for a moment: one core opening files
as fast as it can sends some 60 MB of records a second. The rings are kernel
memory, one for each CPU, so their sum is bounded.
"""

from __future__ import annotations

import mmap
from typing import Optional

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import this_kernel

_DEFAULT_BYTES = 4 << 20  # for each CPU
_LEAST_BYTES = 64 << 10
_DEFAULT_SUM = 128 << 20
# Of the memory that is available, what -b may take.
_SHARE_LIMIT = 4


def pages_for_each_cpu(asked: Optional[int], cpu_count: int) -> int:
    """A power of two of pages. Raises OpensnoopError for too many."""
    if asked is None:
        size = _DEFAULT_BYTES
        while size * cpu_count > _DEFAULT_SUM and size > _LEAST_BYTES:
            size //= 2
        return max(1, size // mmap.PAGESIZE)
    room = this_kernel.memory_available() // _SHARE_LIMIT
    if asked * mmap.PAGESIZE * cpu_count > room:
        most = max(1, room // mmap.PAGESIZE // cpu_count)
        raise OpensnoopError(
            f"-b {asked}: that many pages for each of {cpu_count} CPUs are "
            "more than a quarter of the memory that is available; at most "
            f"{1 << (most.bit_length() - 1)} fit"
        )
    return asked
