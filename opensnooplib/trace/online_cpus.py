# SPDX-License-Identifier: Apache-2.0
"""CPUs that come online while a trace runs: their records are read, too."""

from __future__ import annotations

import errno
import os

from opensnooplib.base.privileged import NoMonitorError
from opensnooplib.kernel import this_kernel
from opensnooplib.reader import Reader


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
        self._text = self._read()
        self._online = self._parse()
        self._wanting: list[int] = []  # online, and without a ring
        self._lost = 0

    def follow(self, lost: int) -> None:
        """Open rings for new CPUs, at the cost of one read. Raises OSError.

        `lost` is the number of records lost so far.
        """
        text = self._read()
        if text != self._text:
            self._text = text
            before, self._online = self._online, self._parse()
            self._wanting += sorted(self._online - before)
        if lost != self._lost and not self._wanting:
            self._lost = lost
            deaf = self._rings.deaf_cpu()
            self._wanting = [deaf] if deaf in self._online else []
        if self._wanting:
            self._wanting = [
                cpu for cpu in self._wanting if not self._open_ring(cpu)
            ]

    def close(self) -> None:
        os.close(self._fd)

    def _read(self) -> bytes:
        return os.pread(self._fd, 4096, 0)

    def _parse(self) -> set[int]:
        return set(this_kernel.parse_cpu_list(self._text.decode("ascii")))

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
