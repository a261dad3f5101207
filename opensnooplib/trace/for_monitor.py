# SPDX-License-Identifier: Apache-2.0
"""What the monitor does for a reader, of rings or of a recording.

It opens events and cgroups, and starts helpers: what C asks for by
monitor_ask() of native/base/monitor.h.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os

from opensnooplib.base import child, native_library
from opensnooplib.base.monitor import Descriptor
from opensnooplib.base.native_library import check
from opensnooplib.base.privileged import FUNCTIONS
from opensnooplib.kernel import capabilities, confinement

_MAPPINGS_PAGES = 128  # RING_PAGES_MAX of native/stacks/mmap_events.c

_HELPERS_MAX = 16  # the reader has fewer: HELPERS_STUCK_MAX of each kind


class ReaderWork:
    """The work for one reader."""

    def __init__(self, pages: int = 0) -> None:
        """Let the monitor do it, which is started after this.

        `pages` is the size of the reader's rings; no larger ones are opened,
        but for those of the events that -c needs.
        """
        self._most_pages = max(pages, _MAPPINGS_PAGES)
        self._held: list[mmap.mmap] = []
        self._helpers: list[int] = []  # PIDs
        FUNCTIONS["event_open"] = self._event_open
        FUNCTIONS["start_helper"] = self._start_helper
        FUNCTIONS["cgroup_open"] = self._cgroup_open

    def _event_open(
        self, kind: int, cpu: int, pages: int, watermark: int
    ) -> Descriptor:
        """Open a perf event: see native/perf/perf_event.h.

        With CAP_IPC_LOCK, the ring is mapped here, until the trace has mapped
        it as well: without, the trace could not lock as much memory.
        """
        self._held.clear()
        if pages > self._most_pages:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        lib = native_library.load()
        fd = check(lib.event_open(kind, cpu, pages, watermark))
        if pages and capabilities.has("CAP_IPC_LOCK"):
            self._held.append(mmap.mmap(fd, (1 + pages) * mmap.PAGESIZE))
        return Descriptor(fd)

    def _start_helper(self, kind: int) -> tuple[Descriptor, int]:
        """Start a helper: see native/pipeline/helper_process.h.

        Returns a socket to it, and its PID.
        """
        self._helpers = [pid for pid in self._helpers if _is_running(pid)]
        if len(self._helpers) >= _HELPERS_MAX:
            raise BlockingIOError(errno.EAGAIN, "too many helpers")
        lib = native_library.load()
        started = ctypes.c_int()
        user = confinement.free_users()
        fd = check(lib.helper_start_here(kind, user, ctypes.byref(started)))
        self._helpers.append(started.value)
        return Descriptor(fd), started.value

    def _cgroup_open(self, mount: int, cgroup: int) -> Descriptor:
        """Open a cgroup's directory: see native/rows/id_names.h."""
        number = ctypes.c_uint64(cgroup)
        return Descriptor(
            check(native_library.load().cgroup_open(mount, number))
        )


def _is_running(helper: int) -> bool:
    """Waits for one that has ended: nobody else does."""
    try:
        return child.status(helper) < 0
    except OSError:  # the trace has asked for its status
        return False
