# SPDX-License-Identifier: Apache-2.0
"""Loaded programs are attached to hooks.

Each attachment is a descriptor, and ends when that is closed: so whatever ends
the tool, nothing stays. Functions raise OSError with the kernel's errno, or
OpensnoopError.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import functools
import os
import struct
from typing import Callable, Dict, List, Tuple

from opensnooplib.base import libc
from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.kernel import (
    bpf_objects,
    function_names,
    packet_hooks,
    this_kernel,
    tracefs,
)

# struct perf_event_attr of include/uapi/linux/perf_event.h, until config2:
# type, size, config, period or frequency, flags, wakeup_events, config1 and
# config2.
_ATTR = struct.Struct("=IIQQ16xQI4xQQ")
_IS_FREQUENCY = 1 << 10  # of the flags
_CLOSE_ON_EXEC = 8  # PERF_FLAG_FD_CLOEXEC

_ENABLE, _SET_BPF = 0x2400, 0x40042408  # PERF_EVENT_IOC_*

# enum perf_type_id
_HARDWARE, _SOFTWARE, _TRACEPOINT = range(3)

# Perf events by the names that perf(1) has for them, in the order of enum
# perf_hw_id and enum perf_sw_ids.
_HARDWARE_EVENTS = (
    "cycles instructions cache-references cache-misses branches branch-misses "
    "bus-cycles stalled-cycles-frontend stalled-cycles-backend ref-cycles"
).split()
_SOFTWARE_EVENTS = (
    "cpu-clock task-clock page-faults context-switches cpu-migrations "
    "minor-faults major-faults alignment-faults emulation-faults dummy"
).split()
_EVENTS = {
    name: (kind, config)
    for kind, names in (
        (_HARDWARE, _HARDWARE_EVENTS),
        (_SOFTWARE, _SOFTWARE_EVENTS),
    )
    for config, name in enumerate(names)
}


def _perf_event(
    program_fd: int, attr: bytes, pid: int = -1, cpu: int = -1
) -> int:
    """Open an event of perf_event_open(2), and run the program at it."""
    described = ctypes.create_string_buffer(attr, len(attr))
    fd = libc.syscall(
        "perf_event_open", described, pid, cpu, -1, _CLOSE_ON_EXEC
    )
    try:
        fcntl.ioctl(fd, _SET_BPF, program_fd)
        fcntl.ioctl(fd, _ENABLE, 0)
    except OSError:
        os.close(fd)
        raise
    return fd


def _attr(
    kind: int,
    config: int,
    period: int = 1,
    flags: int = 0,
    config1: int = 0,
    config2: int = 0,
) -> bytes:
    return _ATTR.pack(
        kind, _ATTR.size, config, period, flags, 1, config1, config2
    )


def offset_of(target: str) -> int:
    """The bytes behind the + of function+0x10. Raises SourceError."""
    _, plus, number = target.partition("+")
    try:
        return int(number, 0) if plus else 0
    except ValueError:
        raise SourceError(
            f"{target}: behind the + must be a number of bytes, such as 0x10"
        ) from None


def _tracepoint(program_fd: int, target: str) -> List[int]:
    attr = _attr(_TRACEPOINT, tracefs.number(*target.split(":", 1)))
    cpu = this_kernel.online_cpus()[0]  # whichever: it runs on all
    return [_perf_event(program_fd, attr, cpu=cpu)]


def _raw_tracepoint(program_fd: int, name: str) -> List[int]:
    return [bpf_objects.raw_tracepoint_open(program_fd, name)]


def _by_btf(program_fd: int, _: str) -> List[int]:
    """Attach a program of fentry, fexit or LSM to what it was loaded for."""
    return [bpf_objects.raw_tracepoint_open(program_fd, None)]


def _kprobe(
    program_fd: int, target: str, at_return: bool = False
) -> List[int]:
    """`target` is a function of the kernel, or function+OFFSET."""
    function = function_names.of_kprobe(target)
    offset = offset_of(target)
    return [probe(program_fd, "kprobe", function, offset, at_return)]


def probe(
    program_fd: int,
    pmu: str,
    name: str,
    offset: int,
    at_return: bool = False,
    semaphore: int = 0,
    pid: int = -1,
) -> int:
    """Attach at an instruction of a function of the kernel, or of a file.

    With the PMU "kprobe", `name` is the function and `offset` counts from its
    beginning, in bytes; with "uprobe", `name` is the path of a file, and
    `offset` an offset in it. `semaphore` is the offset of a number in the file
    that the kernel increments meanwhile; 0: none. `pid` (not for kprobes):
    only in this process. See kernel/trace/trace_{kprobe,uprobe,event_perf}.c.
    """
    text = ctypes.create_string_buffer(os.fsencode(name))
    config = int(at_return) | semaphore << 32
    address = ctypes.addressof(text)
    attr = _attr(
        bpf_objects.pmu_type(pmu), config, config1=address, config2=offset
    )
    cpu = this_kernel.online_cpus()[0] if pid < 0 else -1
    return _perf_event(program_fd, attr, pid, cpu)


def _sample(program_fd: int, *words: str) -> List[int]:
    """Attach to a perf event on each CPU: its name, and how often it counts.

    That is a frequency in Hz, or "period=N". In place of a name, numbers of a
    type and a configuration do, as in 1:0. Raises OpensnoopError.
    """
    name, often = (*words, "", "")[:2]
    kind, config = _event_of(name)
    number = often.removeprefix("period=")
    if len(words) != 2 or not number.isdecimal() or int(number) == 0:
        raise SourceError(
            f"PERF_EVENT({', '.join(words)}): behind the event comes how "
            "often, in Hz, as in PERF_EVENT(cpu-clock, 99), or as period=1000"
        )
    flags = _IS_FREQUENCY if number == often else 0
    attr = _attr(kind, config, int(number), flags)
    fds: List[int] = []
    try:
        for cpu in this_kernel.online_cpus():
            fds.append(_perf_event(program_fd, attr, cpu=cpu))
    except OSError as error:
        for fd in fds:
            os.close(fd)
        if error.errno not in (errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP):
            raise
        raise OpensnoopError(
            f"this machine has no perf event {name}; a virtual one often has "
            "none of the processor's, but cpu-clock is everywhere"
        ) from None
    return fds


def _event_of(name: str) -> Tuple[int, int]:
    numbers = name.split(":")
    if name in _EVENTS:
        return _EVENTS[name]
    if len(numbers) != 2 or not all(one.isdecimal() for one in numbers):
        raise SourceError(
            f"PERF_EVENT: there is no event {name}"
            + did_you_mean(name, _EVENTS, "; those are " + ", ".join(_EVENTS))
        )
    return int(numbers[0]), int(numbers[1])


# How a program is attached to a target in these words, by Hook.word. Returns
# descriptors.
BY_WORD: Dict[str, Callable[..., List[int]]] = {
    "tracepoint": _tracepoint,
    "raw_tracepoint": _raw_tracepoint,
    "kprobe": _kprobe,
    "kretprobe": functools.partial(_kprobe, at_return=True),
    "fentry": _by_btf,
    "fexit": _by_btf,
    "lsm": _by_btf,
    "perf_event": _sample,
    "xdp": packet_hooks.attach_xdp,
    "tc_ingress": functools.partial(packet_hooks.attach_tc, is_ingress=True),
    "tc_egress": functools.partial(packet_hooks.attach_tc, is_ingress=False),
    "socket_filter": packet_hooks.attach_socket,
}
