# SPDX-License-Identifier: Apache-2.0
"""The contents of maps: all keys and values are read, or one is written.

Before Linux 5.19, only the monitor may do so. It answers in numbers, so what
it reads goes through a file in memory that the trace passes to it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from typing import Any, Callable

from opensnooplib.base.privileged import by_monitor
from opensnooplib.kernel import this_kernel
from opensnooplib.kernel.bpf_objects import (
    MAP_GET_NEXT_KEY,
    MAP_LOOKUP_ELEM,
    MAP_UPDATE_ELEM,
    map_shape,
    on_element,
)

# The kinds of maps with contents for people, by their values of enum
# bpf_map_type; and which of them have a value for each CPU.
KINDS = {
    1: "hash",
    2: "array",
    5: "per-CPU hash",
    6: "per-CPU array",
    9: "LRU hash",
    10: "LRU per-CPU hash",
    11: "LPM trie",
}
_PER_CPU = (5, 6, 10)

# What one call reads, at most: some 10 ms, in which no ring is read.
_ENTRIES_AT_ONCE, _BYTES_AT_ONCE = 2048, 1 << 20


def cpu_value_size(value_size: int) -> int:
    """The bytes between the values of two CPUs: a multiple of 8."""
    return -(-value_size // 8) * 8


def _room(map_fd: int) -> tuple[int, Any, Any]:
    """The type of a map, and room for a key and for all that it has there."""
    kind, key_size, size, _ = map_shape(map_fd)
    if kind in _PER_CPU:
        size = cpu_value_size(size) * this_kernel.possible_cpu_count()
    room = ctypes.create_string_buffer
    return kind, room(key_size), room(size)


@by_monitor(2)
def map_read(map_fd: int, file_fd: int, done: int) -> int:
    """Write the next keys and values of a map, by turns, to a file.

    It has `done` of them. Returns how many more it has then; 0: none is left.
    One that is inserted or removed meanwhile may be among them or not.
    """
    _, key, value = _room(map_fd)
    size = len(key) + len(value)
    if done:
        key.raw = os.pread(file_fd, len(key), (done - 1) * size)
    before = key if done else None
    count = 0
    with contextlib.suppress(FileNotFoundError):
        for _ in range(min(_ENTRIES_AT_ONCE, _BYTES_AT_ONCE // size + 1)):
            on_element(MAP_GET_NEXT_KEY, map_fd, before, key)
            before = key
            with contextlib.suppress(FileNotFoundError):
                on_element(MAP_LOOKUP_ELEM, map_fd, key, value)
                os.pwrite(file_fd, key.raw + value.raw, (done + count) * size)
                count += 1
    return count


@by_monitor(1)
def map_write(map_fd: int, key_digits: str, value_digits: str) -> int:
    """Set an element, on all CPUs: x and hexadecimal digits. Returns 0."""
    kind, key, value = _room(map_fd)
    if kind not in KINDS:  # there, a number would be a descriptor
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    key.raw = bytes.fromhex(key_digits[1:])
    one = bytes.fromhex(value_digits[1:])
    if kind in _PER_CPU:
        one = one.ljust(cpu_value_size(len(one)), b"\0")
    value.raw = one * (len(value) // len(one))
    on_element(MAP_UPDATE_ELEM, map_fd, key, value)
    return 0


def contents(
    map_fd: int, key_size: int, entries: int, meanwhile: Callable[[], object]
) -> dict[bytes, bytes]:
    """All values of a map by their keys; it calls `meanwhile` in between.

    A map has room for `entries`. While some are removed, a hash map may begin
    again, so no more than twice as many are read.
    """
    done = 0
    with open(os.memfd_create("entries"), "rb") as file:
        fds = map_fd, file.fileno()
        while done < 2 * entries and (more := map_read(*fds, done)):
            done += more
            meanwhile()
        data = file.read()
    starts = range(0, len(data), len(data) // (done or 1) or 1)
    pairs = [data[at : at + starts.step] for at in starts]
    return {pair[:key_size]: pair[key_size:] for pair in pairs}
