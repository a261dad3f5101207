# SPDX-License-Identifier: Apache-2.0
"""The ways to open a file besides the syscalls of a plan.

Each way can be added to any plan. Whether this kernel supports it is checked
before the C is compiled, so that the C has only what works here.
"""

from __future__ import annotations

import errno
import os
from typing import Callable, Mapping, NamedTuple

from opensnooplib.base import tables
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import (
    btf,
    function_names,
    offered_hooks,
    own_opens,
    this_kernel,
    tracefs,
)

Define = tuple[str, str]


class Ways(NamedTuple):
    """The ways that a plan sees besides its syscalls."""

    defines: list[Define]
    seen: list[str]
    unproven: list[str]  # seen, too, but the tool can't test that
    unseen: dict[str, str]  # way: why it isn't seen


NO_WAYS = Ways([], [], [], {})

# By int $0x80, for example, which a 64-bit program can use as well.
CALLS_OF_32_BITS = "32-bit system calls"

ONLY_WITH_ALL = "only seen with --all"  # why a way isn't seen


class _Request(NamedTuple):
    all_ways: bool  # --all
    trusted: bool  # --trusted, which may have a kprobe on a function of ours
    functions: Mapping[str, str]  # those that the plan hooks, if any


class _Missing(Exception):
    """Why a way can't be seen, in a sentence."""


def find(
    all_ways: bool, functions: Mapping[str, str], trusted: bool = False
) -> Ways:
    """The ways that are seen on this kernel; tracefs must be mounted.

    `functions` are those that the plan hooks: see function_names.py. trusted:
    the function that opens files may have a kprobe of --trusted, so it gets
    none for exec and the kernel.
    """
    ways = Ways([], [], [], {})
    for way, look in _WAYS.items():
        try:
            defines = look(_Request(all_ways, trusted, functions))
        except _Missing as reason:
            ways.unseen[way] = str(reason)
            continue
        # exec and the kernel have the same.
        ways.defines.extend(one for one in defines if one not in ways.defines)
        (ways.seen if _can_prove(way, defines) else ways.unproven).append(way)
    if _EXEC_TRACEPOINT in ways.defines:
        ways.unseen["ELF loaders of exec"] = _NO_FUNCTIONS
    return ways


def _can_prove(way: str, defines: list[Define]) -> bool:
    """Can the tool make a failing open this way that has a record?"""
    if way == CALLS_OF_32_BITS:
        return _is_x86()
    return _EXEC_TRACEPOINT not in defines


def _is_x86() -> bool:
    return os.uname().machine == "x86_64"


def _offsets(*needs: str) -> list[Define]:
    """The #defines for fields of struct_offsets.txt."""
    found = tables.rows(__file__, "struct_offsets.txt")
    rows = [row for row in found if row[0] in needs]
    fields = [(struct, names.split()) for _, _, struct, names in rows]
    try:
        offsets = btf.offsets(fields)
    except OpensnoopError:
        raise _Missing("this kernel has no readable BTF") from None
    for (struct, names), offset in zip(fields, offsets):
        if offset is None:
            raise _Missing(f"this kernel's {struct} has no {names[0]}")
    return [(row[1], str(offset)) for row, offset in zip(rows, offsets)]


def _io_uring(_: _Request) -> list[Define]:
    completion = tracefs.fields("io_uring", "io_uring_complete")
    if not completion:
        raise _Missing("this kernel has no tracepoints for it")
    defines = [("IO_URING", "1")]
    if "req" not in completion:
        return defines + _by_function()
    if not tracefs.fields("io_uring", "io_uring_cqe_overflow"):
        raise _Missing("Linux 5.18 and 5.19 don't report every end")
    if tracefs.fields("io_uring", "io_uring_submit_req"):
        defines.append(("HAVE_IO_URING_SUBMIT_REQ", "1"))
    return defines + _room() + _offsets("io_uring", "filename", "io_uring cqe")


def _by_function() -> list[Define]:
    no_kprobe = offered_hooks.why_not("kprobe")
    if no_kprobe or not function_names.that_match("io_openat2"):
        raise _Missing(
            "this kernel doesn't report which request is done, as newer ones "
            "do, and can't have a kprobe on io_openat2"
        )
    offsets = _offsets("io_uring", "io_uring result", "filename")
    return [("IO_URING_BY_FUNCTION", "1")] + _room() + offsets


def _room() -> list[Define]:
    """The size of the map of requests under way; each has over PATH_MAX bytes.

    Since Linux 6.1 (commit 7c8199e24fa0) a program may allocate the memory
    when it needs it.
    """
    may_allocate = this_kernel.version() >= (6, 1, 0)
    return [
        ("REQUEST_ENTRIES", "16384" if may_allocate else "1024"),
        ("REQUEST_FLAGS", "BPF_F_NO_PREALLOC" if may_allocate else "0"),
    ]


def _calls_of_32_bits(request: _Request) -> list[Define]:
    has_functions = any(name.endswith("_32") for name in request.functions)
    if request.functions and not has_functions:
        raise _Missing("this kernel has no functions for them")
    if not has_functions and not _is_x86():
        raise _Missing("--all knows their numbers only on x86-64")
    # A boot option can turn them off. Elsewhere, this can't be tried.
    if _is_x86() and own_opens.make(CALLS_OF_32_BITS, "") == -errno.ENOSYS:
        raise _Missing("this kernel has none")
    if has_functions:
        return []
    if not request.all_ways:
        raise _Missing(ONLY_WITH_ALL)
    return [("SYSCALLS_32_BIT", "1")] + _offsets("32 bits")


_NO_FUNCTIONS = "the functions of this kernel cannot be hooked"
_EXEC_TRACEPOINT = ("EXEC_TRACEPOINT", "1")


def _inner_opens(request: _Request) -> list[Define]:
    """The #defines to show opens by the kernel itself; [] if it can't be.

    A kind of hook that can miss opens is used only if there is no other.
    """
    if not request.all_ways:
        raise _Missing(ONLY_WITH_ALL)
    kinds = ["fentry", "kprobe"]
    if request.trusted:
        kinds.remove("kprobe")
    elif this_kernel.preempts_programs("fentry"):
        kinds.reverse()
    kind = next((one for one in kinds if not offered_hooks.why_not(one)), "")
    wanted = function_names.KERNEL_OPENS
    functions = function_names.present(wanted) if kind else {}
    if len(functions) < len(wanted):
        return []
    hook = f"KERNEL_OPENS_BY_{kind.upper()}"
    offsets = _offsets("open flags", "filename")
    return [(hook, "1"), *functions.items()] + offsets


def _exec(request: _Request) -> list[Define]:
    return _inner_opens(request) or [_EXEC_TRACEPOINT] + _offsets("exec")


def _kernel(request: _Request) -> list[Define]:
    defines = _inner_opens(request)
    if not defines:
        raise _Missing(_NO_FUNCTIONS)
    return defines


_WAYS: dict[str, Callable[[_Request], list[Define]]] = {
    "io_uring": _io_uring,
    CALLS_OF_32_BITS: _calls_of_32_bits,
    "exec": _exec,
    "the kernel": _kernel,
}
