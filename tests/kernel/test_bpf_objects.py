# SPDX-License-Identifier: Apache-2.0
"""bpf(2) from Python: maps and programs of this kernel."""

from __future__ import annotations

import contextlib
import os
from typing import Callable, Iterator

import pytest

from opensnooplib.kernel import bpf_objects
from opensnooplib.kernel.bpf_objects import HashCount, StartMap

pytestmark = pytest.mark.every_kernel

_HASH, _PERCPU_ARRAY, _TRACEPOINT, _NO_SUCH_TYPE = 1, 6, 5, 9999


@contextlib.contextmanager
def _map(kind: int, entries: int) -> Iterator[int]:
    """A map from u32 to u64."""
    attr = bpf_objects._attr("IIII", kind, 4, 8, entries)
    fd = bpf_objects._bpf(bpf_objects._MAP_CREATE, attr)
    try:
        yield fd
    finally:
        os.close(fd)


@pytest.mark.parametrize("count", [0, 1, 256, 257, 5000])
def test_all_entries_of_a_map(count: int) -> None:
    """One call reads 256 of them at most, and not in order."""
    with _map(_HASH, 5000) as fd:
        for key in range(count):
            assert bpf_objects.map_insert(fd, key, key % 2 << 8)
        with _map(_HASH, 5000) as other:
            assert bpf_objects.add_keys(other, fd, 1) == count
            assert bpf_objects.add_keys(other, fd, 1) == 0
            assert not any(
                bpf_objects.map_insert(other, key, 1) for key in range(count)
            )
        odd = StartMap(flag_offset=1, flag_size=1)
        wide = odd._replace(flag_offset=0, flag_size=8)
        none = odd._replace(flag_size=0)
        flagged = HashCount(count, count // 2)
        assert bpf_objects.hash_count(fd, *odd[:2]) == flagged
        assert bpf_objects.hash_count(fd, *wide[:2]) == flagged
        assert bpf_objects.hash_count(fd, *none[:2]) == HashCount(count, count)


def test_an_entry_is_inserted_once_and_removed() -> None:
    with _map(_HASH, 2) as fd:
        assert bpf_objects.map_insert(fd, 7, 1)
        assert not bpf_objects.map_insert(fd, 7, 2)
        bpf_objects.map_remove(fd, 7)
        bpf_objects.map_remove(fd, 7)
        assert bpf_objects.map_insert(fd, 7, 1)


def test_what_is_not_there() -> None:
    with _map(_PERCPU_ARRAY, 1) as fd:
        assert bpf_objects.percpu_array_sum(fd, 0) == 0
        with pytest.raises(FileNotFoundError):
            bpf_objects.percpu_array_sum(fd, 1)
    with pytest.raises(FileNotFoundError):
        bpf_objects.open_pinned("/sys/fs/bpf/no such map")


def test_refusals() -> None:
    assert bpf_objects.program_refusal(_TRACEPOINT, 0, 0) == ""
    assert bpf_objects.program_refusal(_NO_SUCH_TYPE, 0, 0) == "EINVAL"
    assert bpf_objects.probe_refusal("no such pmu", "x") == "ENOENT"


def test_slots() -> None:
    slots = bpf_objects.create_slots(2)
    program = bpf_objects._load(_TRACEPOINT, bpf_objects._DO_NOTHING)
    bpf_objects.set_slot(slots, 1, program)
    bpf_objects.set_slot(slots, 1, -1)
    bpf_objects.set_slot(slots, 1, -1)
    assert bpf_objects.program_misses(program) == 0
    os.close(program)
    os.close(slots)


@pytest.mark.parametrize(
    "ask",
    [
        lambda fd: bpf_objects.array_set(fd, 0, 1),
        lambda fd: bpf_objects.percpu_array_sum(fd, 0),
        lambda fd: bpf_objects.add_keys(fd, fd, 1),
    ],
)
def test_a_map_of_other_sizes(ask: Callable[[int], int]) -> None:
    """The kernel would write beyond the buffer, or read beyond it."""
    attr = bpf_objects._attr("IIII", _HASH, 4, 4096, 1)
    fd = bpf_objects._bpf(bpf_objects._MAP_CREATE, attr)
    with pytest.raises(OSError, match="Invalid argument"):
        ask(fd)
    os.close(fd)


def test_only_hash_maps_are_read_in_batches() -> None:
    with _map(_PERCPU_ARRAY, 1) as fd:
        with pytest.raises(OSError, match="Invalid argument"):
            bpf_objects.hash_count(fd, 0, 0)
