# SPDX-License-Identifier: Apache-2.0
"""The ways to open a file besides the syscalls of a plan: seen here, or not.

Each is an addition that any plan can have. What the kernel lacks for it is
found out before the C is compiled, so that the C has only what works here.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

from opensnooplib import btf, kernel, tracefs
from opensnooplib.errors import OpensnoopError

Define = Tuple[str, str]


class Ways(NamedTuple):
    """What is added to a plan."""

    defines: List[Define]
    seen: List[str]
    unseen: Dict[str, str]  # by way: why not


NO_WAYS = Ways([], [], {})


class _Missing(Exception):
    """What the kernel lacks, as the rest of a sentence."""


# #define: where a field is, in structs that no header has.
_IO_URING_FIELDS = {
    "IO_KIOCB_OPCODE": ("io_kiocb", ("opcode",)),
    # Before Linux 6.0 it was a union of all commands.
    "IO_KIOCB_COMMAND": ("io_kiocb", ("cmd", "open")),
    "IO_OPEN_DFD": ("io_open", ("dfd",)),
    "IO_OPEN_SLOT": ("io_open", ("file_slot",)),
    "IO_OPEN_FILENAME": ("io_open", ("filename",)),
    "IO_OPEN_HOW": ("io_open", ("how",)),
    "FILENAME_NAME": ("filename", ("name",)),
    "TASK_FLAGS": ("task_struct", ("flags",)),
    "TASK_GROUP_LEADER": ("task_struct", ("group_leader",)),
    "TASK_COMM": ("task_struct", ("comm",)),
}


def find() -> Ways:
    """For the running kernel; tracefs must be mounted."""
    ways = Ways([], [], {})
    for way, defines_of in _WAYS.items():
        try:
            ways.defines.extend(defines_of())
            ways.seen.append(way)
        except _Missing as reason:
            ways.unseen[way] = str(reason)
    return ways


def _io_uring() -> List[Define]:
    completion = tracefs.fields("io_uring", "io_uring_complete")
    if not completion:
        raise _Missing("this kernel has no io_uring, or no tracepoints for it")
    if "req" not in completion:
        raise _Missing(
            "this kernel doesn't say which request is done (Linux 5.18 does)"
        )
    defines = [("IO_URING", "1")]
    if tracefs.fields("io_uring", "io_uring_submit_req"):
        defines.append(("HAVE_IO_URING_SUBMIT_REQ", "1"))
    return defines + _request_entries() + _places(_IO_URING_FIELDS)


def _request_entries() -> List[Define]:
    """How many requests can be under way; each takes more than PATH_MAX.

    Since Linux 6.1 (commit 7c8199e24fa0) a program may take the memory when
    it needs it.
    """
    if kernel.version() >= (6, 1, 0):
        return [
            ("REQUEST_ENTRIES", "16384"),
            ("REQUEST_FLAGS", "BPF_F_NO_PREALLOC"),
        ]
    return [("REQUEST_ENTRIES", "1024"), ("REQUEST_FLAGS", "0")]


def _places(fields: Dict[str, Tuple[str, Tuple[str, ...]]]) -> List[Define]:
    try:
        places = btf.places(fields.values())
    except OpensnoopError:
        raise _Missing("this kernel has no BTF that can be read") from None
    for (struct, names), place in zip(fields.values(), places):
        if place is None:
            raise _Missing(f"this kernel's {struct} has no {names[0]}")
    return [(name, str(at)) for name, at in zip(fields, places)]


_WAYS = {"io_uring": _io_uring}
