# SPDX-License-Identifier: Apache-2.0
"""CPUs that come online while a trace runs: their records are read, too."""

from __future__ import annotations

import errno
import os
import time
from itertools import filterfalse
from typing import Callable

from opensnooplib.base.privileged import NoMonitorError
from opensnooplib.kernel import this_kernel
from opensnooplib.reader import Reader

# How often the losses are looked at. They are in a map, and bpf(2) costs as
# much as all else that a trace does while nothing is opened.
_LOSSES_SECONDS = 1


class CpuFollower:
    """Opens rings for CPUs that come online.

    Records that a CPU sends before it has a ring count as lost. So a CPU that
    was offline between two calls of follow(), as when the host sleeps, is
    noticed by its losses.
    """

    def __init__(self, rings: Reader) -> None:
        self._rings = rings
        self._fd = os.open(
            f"{this_kernel.CPUS}/online", os.O_RDONLY | os.O_CLOEXEC
        )
        self._found = b"", 0  # the CPUs online and the records lost, lately
        self._look_at = 0.0  # when the losses are looked at again
        self._wanting: list[int] = []  # CPUs online, and without a ring

    def follow(self, lost: Callable[[], int]) -> None:
        """Open rings for new CPUs, at the cost of one read. Raises OSError.

        `lost` returns the number of records lost so far.
        """
        lost_lately = self._found[1]
        if time.monotonic() >= self._look_at:
            lost_lately = lost()
            self._look_at = time.monotonic() + _LOSSES_SECONDS
        found = os.pread(self._fd, 4096, 0), lost_lately
        if found != self._found:
            self._found = found
            online = this_kernel.parse_cpu_list(found[0].decode("ascii"))
            self._wanting = [*filterfalse(self._rings.hears, online)]
        self._wanting = [*filterfalse(self._open_ring, self._wanting)]

    def close(self) -> None:
        os.close(self._fd)

    def _open_ring(self, cpu: int) -> bool:
        """Returns False if it must be tried again."""
        try:
            return self._rings.follow_cpu(cpu)
        except BrokenPipeError:
            raise NoMonitorError() from None
        except OSError as error:
            if error.errno == errno.ENODEV:
                return True  # it is offline again
            raise
