# SPDX-License-Identifier: Apache-2.0
"""The counts of a summary, from the maps of bpf_src/extra/summary.h.

The programs count in one of two generations. To read the counts, they are
switched to the other one. Once no program is left that began before the
switch, the first generation no longer changes; it is read and deleted. So no
open is lost or counted twice in between.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import struct
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from opensnooplib.kernel import bpf_objects
from opensnooplib.base import native_library
from opensnooplib.source.defines import Define
from opensnooplib.summary.totals import File, NoPlace, Process, Summary

# Sizes and indexes of bpf_src/extra/summary.h.
_SHORT_NAME, _LONG_NAME = 256, 4096
_ERRORS = 4096
_TIME_SLOTS = 64
_NO_PATH, _NO_FILE, _NO_NAME, _NO_PROCESS, _COUNTERS = range(5)

_FILE = struct.Struct("=QQQQ")
_PROCESS_KEY = struct.Struct("=QQ16s")
_PROCESS = struct.Struct("=QQ")
_KEY_SIZE = 16

# The index of the lowest byte of a key's first number.
_ORDER: Any = sys.byteorder
_LOWEST = 0 if sys.byteorder == "little" else 7

# The maps of bpf_src/extra/summary.h.
MAPS = (
    "generation",
    "files",
    "short_names",
    "long_names",
    "processes",
    "errors",
    "times",
    "summary_counters",
)


def _address(memory: mmap.mmap) -> ctypes.Array[ctypes.c_char]:
    return (ctypes.c_char * len(memory)).from_buffer(memory)


def defines() -> List[Define]:
    """The #defines for bpf_src/extra/summary.h.

    The key of its hash is random: who knew it could make paths collide.
    """
    keys = [int.from_bytes(os.urandom(8), "little") for _ in range(2)]
    return [("SUMMARY", "1")] + [
        (f"HASH_KEY_{number}", f"{key:#x}ULL")
        for number, key in enumerate(keys)
    ]


class KernelCounts:
    """The counts in the maps. Methods raise OSError."""

    def __init__(
        self, maps: Mapping[str, int], sees_begin: bool, preempted: bool
    ) -> None:
        """`preempted` says that the kernel may preempt the programs."""
        self._maps = maps
        self._preempted = preempted
        self._sees_begin = sees_begin
        self._lib = native_library.load()
        self._lib.map_capacity.restype = ctypes.c_int64
        self._lib.map_read.restype = ctypes.c_int64
        self._generation = 0
        # Elements of arrays when they were last read: arrays only grow.
        self._before: Dict[Tuple[str, int], int] = {}

    def take(self, seconds: float) -> Summary:
        """The counts since the last call, which was `seconds` ago."""
        generation = self._generation
        self._generation = 1 - generation
        self._set("generation", 0, self._generation)
        native_library.check(self._lib.await_programs(self._preempted))
        return Summary(
            seconds=seconds,
            files=self._files(generation),
            processes=self._processes(generation),
            errors=self._errors(generation),
            times=self._times(generation) if self._sees_begin else None,
            unreadable=self._counter(generation, _NO_PATH),
            no_place=NoPlace(
                self._counter(generation, _NO_FILE),
                self._counter(generation, _NO_NAME),
                self._counter(generation, _NO_PROCESS),
            ),
        )

    def _set(self, name: str, key: int, value: int) -> None:
        index, number = ctypes.c_uint32(key), ctypes.c_uint32(value)
        native_library.check(
            self._lib.map_set(
                self._maps[name], ctypes.byref(index), ctypes.byref(number)
            )
        )

    def _read(
        self, name: str, key_size: int, value_size: int
    ) -> Iterator[Tuple[bytes, bytes]]:
        """All entries of a map. Memory is used only for those that exist."""
        fd = self._maps[name]
        capacity = native_library.check(self._lib.map_capacity(fd))
        keys = mmap.mmap(-1, capacity * key_size)
        values = mmap.mmap(-1, capacity * value_size)
        count = native_library.check(
            self._lib.map_read(fd, _address(keys), _address(values), capacity)
        )
        for i in range(count):
            yield (
                keys[i * key_size : (i + 1) * key_size],
                values[i * value_size : (i + 1) * value_size],
            )

    def _take(
        self, name: str, generation: int, key_size: int, value_size: int
    ) -> List[Tuple[bytes, bytes]]:
        """Read and delete the entries of a generation.

        Keys of generation 1 begin with an odd number.
        """
        taken = [
            (key, value)
            for key, value in self._read(name, key_size, value_size)
            if key[_LOWEST] & 1 == generation
        ]
        keys = b"".join(key for key, _ in taken)
        native_library.check(
            self._lib.map_delete(self._maps[name], keys, len(taken))
        )
        return taken

    def _files(self, generation: int) -> List[File]:
        names = {}
        for name, size in (
            ("short_names", _SHORT_NAME),
            ("long_names", _LONG_NAME),
        ):
            for key, text in self._take(name, generation, _KEY_SIZE, size):
                names[key] = text.partition(b"\0")[0]
        files = []
        for key, value in self._take(
            "files", generation, _KEY_SIZE, _FILE.size
        ):
            opened, failed, missing, path_size = _FILE.unpack(value)
            is_cut = path_size > _LONG_NAME
            files.append(File(names.get(key), is_cut, opened, failed, missing))
        return files

    def _processes(self, generation: int) -> List[Process]:
        processes = []
        for key, value in self._take(
            "processes", generation, _PROCESS_KEY.size, _PROCESS.size
        ):
            _, pid, comm = _PROCESS_KEY.unpack(key)
            processes.append(
                Process(pid, comm.rstrip(b"\0"), *_PROCESS.unpack(value))
            )
        return processes

    def _since(self, name: str, index: int, now: int) -> int:
        before = self._before.get((name, index), 0)
        self._before[(name, index)] = now
        return now - before

    def _errors(self, generation: int) -> Dict[int, int]:
        errors = {}
        for key, value in self._read("errors", 4, 8):
            index = int.from_bytes(key, byteorder=_ORDER)
            now = int.from_bytes(value, byteorder=_ORDER)
            if now and index // _ERRORS == generation:
                count = self._since("errors", index, now)
                if count:
                    errors[index % _ERRORS] = count
        return errors

    def _times(self, generation: int) -> Dict[int, int]:
        times = {}
        for slot in range(_TIME_SLOTS):
            count = self._percpu("times", generation * _TIME_SLOTS + slot)
            if count:
                times[slot] = count
        return times

    def _counter(self, generation: int, counter: int) -> int:
        return self._percpu(
            "summary_counters", generation * _COUNTERS + counter
        )

    def _percpu(self, name: str, index: int) -> int:
        now = bpf_objects.percpu_array_sum(self._maps[name], index)
        return self._since(name, index, now)
