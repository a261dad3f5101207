# SPDX-License-Identifier: Apache-2.0
"""Loaded programs are attached to hooks.

Each attachment is a descriptor, and ends when that is closed: so whatever ends
the tool, nothing stays. Functions raise OSError with the kernel's errno, or
OpensnoopError.
"""

from __future__ import annotations

import errno
import fcntl
import functools
from typing import Callable

from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.kernel import (
    bpf_objects,
    function_names,
    packet_hooks,
    perf_events,
    this_kernel,
    tracefs,
)

_ENABLE, _SET_BPF = 0x2400, 0x40042408  # PERF_EVENT_IOC_*


def run_at(event: int, program_fd: int) -> int:
    """Run the program at an event of perf_events.py. Returns the event."""
    # If this fails, the compile room ends, and the event with it.
    fcntl.ioctl(event, _SET_BPF, program_fd)
    fcntl.ioctl(event, _ENABLE, 0)
    return event


def offset_of(target: str) -> int:
    """The bytes after the + of function+0x10. Raises SourceError."""
    _, plus, number = target.partition("+")
    try:
        return int(number, 0) if plus else 0
    except ValueError:
        raise SourceError(
            f"{target}: after the + must be a number of bytes, such as 0x10"
        ) from None


def _tracepoint(program_fd: int, target: str) -> list[int]:
    number = tracefs.number(*target.split(":", 1))
    cpu = this_kernel.online_cpus()[0]  # whichever: it runs on all
    event = perf_events.open_event(perf_events.TRACEPOINT, number, cpu=cpu)
    return [run_at(event, program_fd)]


def _raw_tracepoint(program_fd: int, name: str) -> list[int]:
    return [bpf_objects.raw_tracepoint_open(program_fd, name)]


def _by_btf(program_fd: int, _: str) -> list[int]:
    """Attach a program of fentry, fexit or LSM to what it was loaded for."""
    return [bpf_objects.raw_tracepoint_open(program_fd, None)]


def _kprobe(
    program_fd: int, target: str, at_return: bool = False
) -> list[int]:
    """`target` is a function of the kernel, or function+OFFSET."""
    function = function_names.of_kprobe(target)
    offset = offset_of(target)
    event = perf_events.open_probe("kprobe", function, offset, int(at_return))
    return [run_at(event, program_fd)]


def _sample(program_fd: int, *words: str) -> list[int]:
    """Attach to a perf event on each CPU: its name, and how often it counts.

    That is a frequency in Hz, or "period=N". In place of a name, numbers of a
    type and a configuration do, as in 1:0. Raises OpensnoopError.
    """
    name, often = (*words, "", "")[:2]
    kind, config = _event_of(name)
    number = often.removeprefix("period=")
    if len(words) != 2 or not number.isdecimal() or int(number) == 0:
        raise SourceError(
            f"PERF_EVENT({', '.join(words)}): after the event, write how "
            "often: in Hz, as in PERF_EVENT(cpu-clock, 99), or as period=1000"
        )
    period = int(number)  # or frequency
    flags = perf_events.IS_FREQUENCY if number == often else 0
    try:
        return [
            run_at(
                perf_events.open_event(kind, config, period, flags, cpu=cpu),
                program_fd,
            )
            for cpu in this_kernel.online_cpus()
        ]
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP):
            raise
        raise OpensnoopError(
            f"this machine has no perf event {name}; virtual ones often lack "
            "those of the processor, but cpu-clock is everywhere"
        ) from None


def _event_of(name: str) -> tuple[int, int]:
    numbers = name.split(":")
    known = perf_events.BY_NAME
    if name in known:
        return known[name]
    if len(numbers) != 2 or not all(one.isdecimal() for one in numbers):
        raise SourceError(
            f"PERF_EVENT: there is no event {name}"
            + did_you_mean(name, known, "; those are " + ", ".join(known))
        )
    return int(numbers[0]), int(numbers[1])


# How a program is attached to a target in these words, by Hook.word. Returns
# descriptors.
BY_WORD: dict[str, Callable[..., list[int]]] = {
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
