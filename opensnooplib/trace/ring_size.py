# SPDX-License-Identifier: Apache-2.0
"""The size of the perf rings.

Rings must be large enough for a reader that doesn't run for a moment: one core
that opens files as fast as it can sends some 60 MB of records a second. They
are kernel memory, one for each CPU, so that their sum is limited; for a user
who may not lock so much, they are smaller still.
"""

from __future__ import annotations

import errno
import mmap
from typing import Sequence

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.messages import counted
from opensnooplib.kernel import this_kernel
from opensnooplib.options import Options
from opensnooplib.reader import Reader

_DEFAULT_BYTES = 4 << 20  # for each CPU
_LEAST_BYTES = 64 << 10
_DEFAULT_SUM = 128 << 20
# The part of the available memory that -b may take: a quarter.
_SHARE_LIMIT = 4
# Pages of the rings that -c opens later (native/stacks/mmap_events.c).
_SPARE_PAGES = 8


def pages_for_each_cpu(asked: int | None, cpu_count: int) -> int:
    """Pages of a ring, a power of two. Raises OpensnoopError for too many."""
    if asked is None:
        size = _DEFAULT_BYTES
        while size * cpu_count > _DEFAULT_SUM and size > _LEAST_BYTES:
            size //= 2
        return max(1, size // mmap.PAGESIZE)
    room = this_kernel.memory_available() // _SHARE_LIMIT
    if asked * mmap.PAGESIZE * cpu_count > room:
        most = max(1, room // mmap.PAGESIZE // cpu_count)
        raise OpensnoopError(
            f"-b {asked}: too many pages for {counted(cpu_count, 'CPU')}: "
            "more than a quarter of the available memory; at most "
            f"{1 << (most.bit_length() - 1)} fit"
        )
    return asked


def open_largest(cpus: Sequence[int], pages: int, options: Options) -> Reader:
    """Rings of `pages` pages, or halved until this user may lock so much.

    Those of -b are not halved. Raises OSError: ENOBUFS where they, or even the
    smallest, don't fit.
    """
    least = options.probe.buffer_pages or _LEAST_BYTES // mmap.PAGESIZE
    spare = _SPARE_PAGES if "WANT_CALLERS" in options.columns.macros else 0
    while True:
        rings = None
        try:
            # What the C of --source sends need not say which process does.
            rings = Reader(cpus, pages, options.probe.source is not None)
            if spare:  # is memory left for as many of these?
                Reader(cpus, spare).close()
            return rings
        except OSError as error:
            if rings:
                rings.close()
            if error.errno != errno.ENOBUFS or pages <= least:
                raise
        pages //= 2
