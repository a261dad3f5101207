# SPDX-License-Identifier: Apache-2.0
"""Python's interface to BPF programs, maps and links (native/bpf/).

Each is given by its descriptor. Functions raise OSError with the kernel's
errno.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from opensnooplib.base import native_library
from opensnooplib.base.native_library import check


class MapShape(NamedTuple):
    """struct map_shape of native/bpf/map.h; sizes in bytes."""

    type: int
    key_size: int
    value_size: int


class HashCount(NamedTuple):
    """struct hash_count of native/bpf/map_batch.h."""

    entries: int
    flagged: int


class StartMap(NamedTuple):
    """The layout of a map of the C that keeps what is under way, in bytes."""

    key_size: int
    value_size: int
    flag_offset: int  # of the field under_way in a value
    flag_size: int  # 0: there is none, so each entry is under way


class _MapShape(ctypes.Structure):
    """struct map_shape of native/bpf/map.h."""

    _fields_ = [(name, ctypes.c_uint32) for name in MapShape._fields]


class _HashCount(ctypes.Structure):
    """struct hash_count of native/bpf/map_batch.h."""

    _fields_ = [(name, ctypes.c_uint64) for name in HashCount._fields]


class _ProgramCode(ctypes.Structure):
    """struct program_code of native/bpf/program.h."""

    _fields_ = [
        ("code", ctypes.c_void_p),
        ("lines", ctypes.c_void_p),
        ("code_size", ctypes.c_uint32),
        ("lines_size", ctypes.c_uint32),
        ("btf_id", ctypes.c_uint32),
    ]


_int, _u32 = ctypes.c_int, ctypes.c_uint32
_u64_p = ctypes.POINTER(ctypes.c_uint64)

_SIGNATURES: Dict[str, Sequence[Any]] = {
    "slots_create": [_u32],
    "number_create": [],
    "slots_set": [_int, _u32, _int],
    "hash_count": [
        _int,
        _u32,
        _u32,
        _u32,
        _u32,
        ctypes.POINTER(_HashCount),
    ],
    "program_get_code": [_int, ctypes.POINTER(_ProgramCode)],
    "btf_open": [_u32],
    "btf_get_data": [_int, ctypes.c_char_p, _u32],
    "array_set_fd": [_int, _u32, _int],
    "map_insert": [_int, _u32, ctypes.c_uint64],
    "map_remove": [_int, _u32],
    "map_keys": [_int, ctypes.POINTER(_u32), _u32],
    "percpu_array_sum": [_int, _u32, _u32, _u64_p],
    "program_misses": [_int, _u64_p],
    "pinned_map_shape": [ctypes.c_char_p, ctypes.POINTER(_MapShape)],
    "program_refusal": [_u32, _u32, _u32],
    "probe_refusal": [ctypes.c_char_p, ctypes.c_char_p],
    "kprobe_multi_attach": [_int, ctypes.c_char_p, ctypes.c_bool],
    "kprobe_multi_refusal": [ctypes.c_char_p],
}


@functools.lru_cache(maxsize=None)
def _library() -> ctypes.CDLL:
    return native_library.load(_SIGNATURES)


def program_code(program_fd: int) -> Tuple[bytes, bytes, int]:
    """A program's instructions, its table of lines, and the ID of its BTF.

    Raises OSError.
    """
    sizes = _ProgramCode()
    check(_library().program_get_code(program_fd, ctypes.byref(sizes)))
    code = ctypes.create_string_buffer(sizes.code_size)
    lines = ctypes.create_string_buffer(sizes.lines_size)
    filled = _ProgramCode(
        ctypes.addressof(code),
        ctypes.addressof(lines),
        sizes.code_size,
        sizes.lines_size,
    )
    check(_library().program_get_code(program_fd, ctypes.byref(filled)))
    return code.raw, lines.raw, filled.btf_id


def open_btf(btf_id: int) -> int:
    """A descriptor of the BTF with this ID. Raises OSError."""
    return check(_library().btf_open(btf_id))


def btf_data(btf_fd: int) -> bytes:
    """The bytes of BTF, from the kernel. Raises OSError."""
    size = check(_library().btf_get_data(btf_fd, None, 0))
    data = ctypes.create_string_buffer(size)
    check(_library().btf_get_data(btf_fd, data, size))
    return data.raw


def create_slots(size: int) -> int:
    """Create a program array of `size` slots, for compile/stub_code.py.

    Returns its descriptor. Raises OSError.
    """
    return check(_library().slots_create(size))


def create_number() -> int:
    """Create a map of one u32, which is 0, for compile/stub_code.py.

    Returns its descriptor. Raises OSError.
    """
    return check(_library().number_create())


def set_number(map_fd: int, number: int) -> None:
    """Set the number in a map of create_number(). Raises OSError."""
    check(_library().array_set_fd(map_fd, 0, number))


def set_slot(slots: int, index: int, program_fd: int) -> None:
    """Put a program into a slot, or none with -1. Raises OSError."""
    check(_library().slots_set(slots, index, program_fd))


def hash_count(map_fd: int, start: StartMap) -> HashCount:
    """Count all entries of a map, and those of what is under way.

    Raises OSError.
    """
    count = _HashCount()
    check(_library().hash_count(map_fd, *start, ctypes.byref(count)))
    return HashCount(count.entries, count.flagged)


def array_set_fd(map_fd: int, slot: int, fd: int) -> None:
    """Put `fd` into an array of descriptors. Raises OSError."""
    check(_library().array_set_fd(map_fd, slot, fd))


# The number of keys that are read at most, more than any map here has:
# PID_MAX_LIMIT of include/linux/threads.h.
_MOST_KEYS = 1 << 22


def map_insert(map_fd: int, key: int, value: int) -> bool:
    """Insert into a hash map from u32 to u64.

    Returns False if the key was there. Raises OSError.
    """
    try:
        check(_library().map_insert(map_fd, key, value))
    except FileExistsError:
        return False
    return True


def map_keys(map_fd: int) -> List[int]:
    """The keys of a hash map from u32 to u64. Raises OSError."""
    keys = (ctypes.c_uint32 * _MOST_KEYS)()
    count = check(_library().map_keys(map_fd, keys, _MOST_KEYS))
    return keys[:count]


def map_remove(map_fd: int, key: int) -> None:
    """Remove a key, if it is there, from a hash map from u32 to u64.

    Raises OSError.
    """
    try:
        check(_library().map_remove(map_fd, key))
    except FileNotFoundError:
        pass


def percpu_array_sum(map_fd: int, index: int, possible_cpus: int) -> int:
    """The sum of an element, a u64, over all CPUs. Raises OSError."""
    total = ctypes.c_uint64()
    check(
        _library().percpu_array_sum(
            map_fd, index, possible_cpus, ctypes.byref(total)
        )
    )
    return total.value


def program_misses(program_fd: int) -> int:
    """How often the kernel skipped the program. Raises OSError."""
    misses = ctypes.c_uint64()
    check(_library().program_misses(program_fd, ctypes.byref(misses)))
    return misses.value


def _name_of(error: int) -> str:
    return errno.errorcode.get(-error, str(-error)) if error else ""


def program_refusal(kind: int, attach_type: int, attach_btf_id: int) -> str:
    """Why the kernel refuses programs of a kind: an errno's name, or ""."""
    return _name_of(
        _library().program_refusal(kind, attach_type, attach_btf_id)
    )


def probe_refusal(pmu: str, target: str) -> str:
    """Why the kernel can't probe `target`: an errno's name, or "".

    The target is a kernel function for the PMU "kprobe", a file for "uprobe".
    """
    return _name_of(
        _library().probe_refusal(pmu.encode(), os.fsencode(target))
    )


def kprobe_multi_attach(program_fd: int, function: str, ret: bool) -> int:
    """Attach a program by a kprobe.multi link, at the return if `ret`.

    Returns the link's descriptor. Raises OSError.
    """
    return check(
        _library().kprobe_multi_attach(program_fd, function.encode(), ret)
    )


def kprobe_multi_refusal(function: str) -> str:
    """Why the kernel refuses a kprobe.multi link: an errno's name, or ""."""
    return _name_of(_library().kprobe_multi_refusal(function.encode()))


def pinned_map_shape(path: str) -> MapShape:
    """The shape of the map pinned there. Raises OSError: ENOENT if none is."""
    shape = _MapShape()
    check(_library().pinned_map_shape(os.fsencode(path), ctypes.byref(shape)))
    return MapShape(shape.type, shape.key_size, shape.value_size)


def has_pmu(name: str) -> bool:
    """Does the kernel have this kind of event (sysfs-bus-event_source)?"""
    return os.path.exists(f"/sys/bus/event_source/devices/{name}/type")
