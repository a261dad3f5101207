# SPDX-License-Identifier: Apache-2.0
"""Perf events are opened: perf_event_open(2). Functions raise OSError."""

from __future__ import annotations

import ctypes
import os
import struct

from opensnooplib.base import libc, tables
from opensnooplib.kernel import this_kernel

# struct perf_event_attr of include/uapi/linux/perf_event.h, until config2:
# type, size, config, period or frequency, flags, wakeup_events, config1 and
# config2.
_ATTR = struct.Struct("=IIQQ16xQI4xQQ")
IS_FREQUENCY = 1 << 10  # of the flags
_CLOSE_ON_EXEC = 8  # PERF_FLAG_FD_CLOEXEC

TRACEPOINT = 2  # of enum perf_type_id

# The type and the configuration of each, by its name.
BY_NAME = {
    name: (int(kind), config)
    for kind, names in tables.rows(__file__, "perf_events.txt")
    for config, name in enumerate(names.split())
}


def open_event(
    kind: int,
    config: int,
    period: int = 1,
    flags: int = 0,
    configs: tuple[int, int] = (0, 0),
    pid: int = -1,
    cpu: int = -1,
) -> int:
    """Open an event of a process, or of a CPU. Returns its descriptor."""
    attr = _ATTR.pack(kind, _ATTR.size, config, period, flags, 1, *configs)
    return libc.syscall("perf_event_open", attr, pid, cpu, -1, _CLOSE_ON_EXEC)


def open_probe(
    pmu: str, name: str, offset: int = 0, config: int = 0, pid: int = -1
) -> int:
    """Open an event at an instruction of a kernel function, or of a file.

    With the PMU "kprobe", `name` is the function and `offset` counts from its
    beginning, in bytes; with "uprobe", `name` is the path of a file, and
    `offset` an offset in it. `config`: 1 for returns, and in its upper half
    the offset of a number in the file that the kernel increments meanwhile.
    `pid` (not for kprobes): only in this process. See
    kernel/trace/trace_{kprobe,uprobe,event_perf}.c.
    """
    text = ctypes.create_string_buffer(os.fsencode(name))
    configs = ctypes.addressof(text), offset
    cpu = this_kernel.online_cpus()[0] if pid < 0 else -1  # it runs on all
    kind = pmu_type(pmu)
    return open_event(kind, config, configs=configs, pid=pid, cpu=cpu)


def has_pmu(name: str) -> bool:
    """Does the kernel have this kind of event (sysfs-bus-event_source)?"""
    return os.path.exists(_pmu_file(name))


def pmu_type(name: str) -> int:
    """The number of this kind of event."""
    with open(_pmu_file(name), encoding="ascii") as file:
        return int(file.read())


def _pmu_file(name: str) -> str:
    return f"/sys/bus/event_source/devices/{name}/type"
