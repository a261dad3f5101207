# SPDX-License-Identifier: Apache-2.0
"""BPF programs, maps and links, by bpf(2).

Each is given by its descriptor. Functions raise OSError with the kernel's
errno.

What the kernel reads and fills is laid out as in include/uapi/linux/bpf.h. Its
structs have grown, so it accepts shorter ones, whose rest counts as 0: layouts
here end with the last member that is used.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct
from typing import Any, Callable, Iterator, NamedTuple

from opensnooplib.base import libc
from opensnooplib.base.privileged import by_monitor
from opensnooplib.kernel import perf_events, this_kernel

# enum bpf_cmd
_MAP_CREATE, MAP_LOOKUP_ELEM, MAP_UPDATE_ELEM, _MAP_DELETE_ELEM = range(4)
MAP_GET_NEXT_KEY = 4
_PROG_LOAD, _OBJ_GET, _PROG_TEST_RUN = 5, 7, 10
_PROG_GET_FD_BY_ID = 13
_OBJ_GET_INFO_BY_FD, _RAW_TRACEPOINT_OPEN = 15, 17
_MAP_LOOKUP_BATCH, _LINK_CREATE = 24, 28

# enum bpf_map_type, bpf_prog_type and bpf_attach_type; BPF_NOEXIST
_HASH, _ARRAY, _PROG_ARRAY, _LRU_HASH = 1, 2, 3, 9
_KPROBE, _RAW_TRACEPOINT = 2, 17
_TRACE_KPROBE_MULTI = 42
_ONLY_NEW = 1


class HashCount(NamedTuple):
    entries: int
    flagged: int


class StartMap(NamedTuple):
    """A map of the C that keeps what is under way; numbers in bytes."""

    flag_offset: int  # of the field under_way in a value
    flag_size: int  # 0: there is none, so each entry is under way
    # Offsets of when it began (u64, ns), of its record, and of the record's
    # path, which comes last; -1: unknown.
    began: int = -1
    record: int = -1
    path: int = -1


def _attr(layout: str, *members: int) -> Any:
    """The beginning of a union bpf_attr; the rest is 0."""
    packed = struct.pack(f"={layout}", *members)
    return ctypes.create_string_buffer(packed, len(packed))


def _bpf(command: int, attr: Any) -> int:
    return libc.syscall("bpf", command, attr, len(attr))


def on_element(
    command: int, map_fd: int, key: Any, value: Any = None, flags: int = 0
) -> None:
    """Look up, update or delete an element; key and value are of ctypes.

    Or get the key after this one, in place of a value; None: the first.
    """
    given = [one is not None and ctypes.addressof(one) for one in (key, value)]
    _bpf(command, _attr("I4xQQQ", map_fd, *given, flags))


def fill_info(fd: int, info: Any) -> None:
    """Fill a struct bpf_*_info, or as much as there is room for."""
    at = ctypes.addressof(info)
    _bpf(_OBJ_GET_INFO_BY_FD, _attr("IIQ", fd, len(info), at))


def program_info(program_fd: int) -> Any:
    """The first 216 bytes of struct bpf_prog_info."""
    info = ctypes.create_string_buffer(216)
    fill_info(program_fd, info)
    return info


def program_name(number: int) -> str:
    """The name of a loaded program, of 15 characters at most, by its ID."""
    fd = _bpf(_PROG_GET_FD_BY_ID, _attr("I", number))
    name: bytes = program_info(fd)[64:80]
    os.close(fd)
    return name.strip(b"\0").decode()


@by_monitor(1)
def program_misses(program_fd: int) -> int:
    """How often the kernel skipped the program, as another was running there.

    This is recursion_misses: 0 before Linux 6.7; for fentry, before 5.12.
    """
    (misses,) = struct.unpack_from("=Q", program_info(program_fd), 208)
    return int(misses)


def btf_data(btf_fd: int) -> bytes:
    """The bytes of BTF, from the kernel."""
    info = ctypes.create_string_buffer(16)  # the address and the size
    fill_info(btf_fd, info)
    (size,) = struct.unpack_from("=I", info, 8)
    data = ctypes.create_string_buffer(size)
    struct.pack_into("=QI", info, 0, ctypes.addressof(data), size)
    fill_info(btf_fd, info)
    return data.raw


def create_slots(size: int) -> int:
    """Create a program array of `size` slots, for compile/stub_code.py.

    Returns its descriptor.
    """
    return _bpf(_MAP_CREATE, _attr("IIII", _PROG_ARRAY, 4, 4, size))


def create_number() -> int:
    """Create a map of one u32, which is 0, for compile/stub_code.py.

    Returns its descriptor.
    """
    return _bpf(_MAP_CREATE, _attr("IIII", _ARRAY, 4, 4, 1))


def set_slot(slots: int, index: int, program_fd: int) -> None:
    """Put a program into a slot, or none with -1."""
    if program_fd >= 0:
        array_set_fd(slots, program_fd, index)
    else:
        map_remove(slots, index)


@by_monitor(1)
def array_set(map_fd: int, index: int, number: int) -> int:
    """Set an element of an array of u32. Returns 0."""
    return _array_set(map_fd, index, number)


@by_monitor(2)
def array_set_fd(map_fd: int, fd: int, index: int) -> int:
    """Put `fd` into an array of descriptors. Returns 0."""
    return _array_set(map_fd, index, fd)


def _array_set(map_fd: int, index: int, number: int) -> int:
    _check_sizes(map_fd, 4, 4)
    key, value = ctypes.c_uint32(index), ctypes.c_uint32(number)
    on_element(MAP_UPDATE_ELEM, map_fd, key, value)
    return 0


def _check_sizes(map_fd: int, key_size: int, value_size: int) -> None:
    """Raise OSError for a map that has others: the kernel would write more.

    The trace, which names the map to the monitor, may have been taken over.
    """
    if map_shape(map_fd)[1:3] != (key_size, value_size):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


# The number of entries that one call reads: no bucket of a hash map has more.
_BATCH = 256


def _batches(map_fd: int) -> Iterator[tuple[Any, Any]]:
    """The keys and the values of all entries of a hash map, some at a time.

    An entry that is inserted or removed meanwhile may be among them or not.
    """
    kind, key_size, value_size, _ = map_shape(map_fd)
    if kind not in (_HASH, _LRU_HASH):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    position = ctypes.create_string_buffer(16)  # where the next batch begins
    keys = ctypes.create_string_buffer(_BATCH * key_size)
    values = ctypes.create_string_buffer(_BATCH * value_size)
    at = [ctypes.addressof(one) for one in (position, keys, values)]
    begin = 0
    is_last = False
    while not is_last:
        attr = _attr("QQQQII", begin, *at, _BATCH, map_fd)
        try:
            _bpf(_MAP_LOOKUP_BATCH, attr)
        except FileNotFoundError:
            is_last = True
        (count,) = struct.unpack_from("=I", attr, 32)
        yield keys[: count * key_size], values[: count * value_size]
        begin = at[0]


def _hash_values(map_fd: int) -> Iterator[bytes]:
    """The values of all entries of a hash map."""
    size = map_shape(map_fd)[2]
    for _, values in _batches(map_fd):
        for at in range(0, len(values), size):
            yield values[at : at + size]


@by_monitor(1)
def hash_count(
    map_fd: int, flag_offset: int, flag_size: int
) -> tuple[int, int]:
    """The HashCount of a map: its entries, and those of what is under way.

    The field under_way is at this offset in a value; its size is 0 if there is
    none, and each entry is under way.
    """
    entries = flagged = 0
    for value in _hash_values(map_fd):
        entries += 1
        flagged += any(value[flag_offset : flag_offset + flag_size])
    return HashCount(entries, flagged if flag_size else entries)


@by_monitor(1)
def hash_count_between(map_fd: int, offset: int, least: int, most: int) -> int:
    """How many values of a map have a u64 between these at this offset."""
    values = _hash_values(map_fd)
    numbers = (struct.unpack_from("=Q", one, offset)[0] for one in values)
    return sum(least <= number <= most for number in numbers)


def map_insert(map_fd: int, key: int, value: int) -> bool:
    """Insert into a hash map from u32 to u64.

    Returns False if the key was there.
    """
    pair = ctypes.c_uint32(key), ctypes.c_uint64(value)
    try:
        on_element(MAP_UPDATE_ELEM, map_fd, *pair, _ONLY_NEW)
    except FileExistsError:
        return False
    return True


@by_monitor(2)
def add_keys(map_fd: int, other_fd: int, value: int) -> int:
    """Insert the keys of another hash map from u32 to u64, with this value.

    Returns how many were missing.
    """
    _check_sizes(map_fd, 4, 8)
    _check_sizes(other_fd, 4, 8)
    keys = [
        key
        for keys, _ in _batches(other_fd)
        for (key,) in struct.iter_unpack("=I", keys)
    ]
    return sum(map_insert(map_fd, key, value) for key in keys)


@by_monitor(1)
def map_remove(map_fd: int, key: int) -> int:
    """Remove a key, a u32, from a map if it is there. Returns 0."""
    if map_shape(map_fd)[1] != 4:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    with contextlib.suppress(FileNotFoundError):
        on_element(_MAP_DELETE_ELEM, map_fd, ctypes.c_uint32(key))
    return 0


@by_monitor(1)
def percpu_array_sum(map_fd: int, index: int) -> int:
    """The sum of an element, a u64, over all CPUs."""
    _check_sizes(map_fd, 4, 8)
    values = (ctypes.c_uint64 * this_kernel.possible_cpu_count())()
    on_element(MAP_LOOKUP_ELEM, map_fd, ctypes.c_uint32(index), values)
    return sum(values)


def open_pinned(path: str) -> int:
    """The descriptor of what is pinned there; ENOENT if nothing is."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    return _bpf(_OBJ_GET, _attr("QII", ctypes.addressof(name), 0, 0))


def map_shape(map_fd: int) -> tuple[int, ...]:
    """A map's type, the sizes of a key and a value, the number of entries."""
    info = ctypes.create_string_buffer(20)
    fill_info(map_fd, info)
    return struct.unpack("=I4xIII", info)


def raw_tracepoint_open(program_fd: int, name: str | None) -> int:
    """Attach a program to a raw tracepoint; None: to what it was loaded for.

    Returns a descriptor.
    """
    text = ctypes.create_string_buffer(name.encode()) if name else None
    at = ctypes.addressof(text) if text else 0
    return _bpf(_RAW_TRACEPOINT_OPEN, _attr("QI", at, program_fd))


def link_create(fd: int, target: int, kind: int, flags: int = 0) -> int:
    """Attach a program to a target, such as the index of a network interface.

    `kind` is of enum bpf_attach_type. Returns the link's descriptor; when its
    last copy is closed, the program is detached.
    """
    return _bpf(_LINK_CREATE, _attr("IIII16x", fd, target, kind, flags))


def kprobe_multi_attach(program_fd: int, function: str, ret: bool) -> int:
    """Attach a program by a kprobe.multi link, at the return if `ret`.

    The program must have been loaded for it. Returns the link's descriptor.
    """
    names = (ctypes.c_char_p * 1)(function.encode())
    kind, at = _TRACE_KPROBE_MULTI, ctypes.addressof(names)
    attr = _attr("IIIIIIQQQ", program_fd, 0, kind, 0, ret, 1, at, 0, 0)
    return _bpf(_LINK_CREATE, attr)


# Instructions: r0 = 0; exit
_DO_NOTHING = bytes.fromhex("b700000000000000 9500000000000000")


def _load(kind: int, code: bytes, attach_to: tuple[int, int] = (0, 0)) -> int:
    """Load a program that isn't attached. Returns its descriptor.

    `attach_to`: the enum bpf_attach_type, and an ID in the kernel's BTF.
    """
    buffers = [ctypes.create_string_buffer(one) for one in (code, b"GPL")]
    at = map(ctypes.addressof, buffers)
    layout = "IIQQ44xI36xI"
    attr = _attr(layout, kind, len(code) // 8, *at, *attach_to)
    return _bpf(_PROG_LOAD, attr)


# Instructions of own_task_bytes(): r6 = bpf_get_current_task(); then, for each
# offset, r6 += offset; r3 = r6; r1 = r10 - 8; r2 = 8; bpf_probe_read_kernel();
# r6 = *(u64 *)(r10 - 8); at last, r0 = r6; exit.
_CURRENT_TASK = bytes.fromhex("8500000023000000 bf06000000000000")
_ADD = bytes.fromhex("07060000")  # before the offset
_READ = bytes.fromhex(
    "bf63000000000000 bfa1000000000000 07010000f8ffffff"
    "b702000008000000 8500000071000000 79a6f8ff00000000"
)
_RETURN = bytes.fromhex("bf60000000000000 9500000000000000")


def own_task_bytes(*offsets: int) -> bytes:
    """16 bytes of the kernel's memory, found from this task's task_struct.

    `offsets`: of a pointer in the task_struct, of one in what it points to,
    and so on; the last one is that of the bytes. What can't be read is 0.
    """
    found = b""
    for at in range(0, 16, 4):
        code = _CURRENT_TASK
        for offset in (*offsets[:-1], offsets[-1] + at):
            code += _ADD + struct.pack("=i", offset) + _READ
        program = _load(_RAW_TRACEPOINT, code + _RETURN)
        attr = _attr("II40x", program, 0)
        _bpf(_PROG_TEST_RUN, attr)
        os.close(program)
        found += attr[4:8]  # what it returned, a u32
    return found


def _refusal(create: Callable[[], int]) -> str:
    """Why the kernel doesn't create what is closed at once, or ""."""
    try:
        os.close(create())
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error.errno))
    return ""


def program_refusal(kind: int, attach_type: int, attach_btf_id: int) -> str:
    """Why the kernel refuses programs of a kind: an errno's name, or ""."""
    attach_to = attach_type, attach_btf_id
    return _refusal(lambda: _load(kind, _DO_NOTHING, attach_to))


def kprobe_multi_refusal(function: str) -> str:
    """Why the kernel refuses a kprobe.multi link: an errno's name, or ""."""

    def link_nothing() -> int:
        program = _load(_KPROBE, _DO_NOTHING, (_TRACE_KPROBE_MULTI, 0))
        try:
            return kprobe_multi_attach(program, function, True)
        finally:
            os.close(program)

    return _refusal(link_nothing)


def probe_refusal(pmu: str, target: str) -> str:
    """Why the kernel can't probe `target`: an errno's name, or "".

    The target is a kernel function for the PMU "kprobe", a file for "uprobe".
    """
    return _refusal(lambda: perf_events.open_probe(pmu, target))
