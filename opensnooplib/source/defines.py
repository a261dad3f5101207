# SPDX-License-Identifier: Apache-2.0
"""The #defines that bpf_src is compiled with, for a plan on this kernel.

A #define is a (name, value) pair; the name can be a function-like macro.
Those for the selection are in selection/criteria.py.
"""

from __future__ import annotations

import functools
import re
from typing import Iterable, Mapping, Sequence

from opensnooplib.kernel import this_kernel
from opensnooplib.options import Options

Define = tuple[str, str]

# The number of threads that can have an entry in the map "start"; opens by
# others are counted as missed. Each entry takes about 230 bytes of kernel
# memory.
START_ENTRIES = 32768


# BCC looks these names up among the symbols of the kernel, once for each call
# in the C: 90 ms of a launch, where few_symbols.py can't cut their list down.
# As macros it doesn't see them.
HELPERS: list[Define] = [
    (
        f"bpf_probe_read_{what}(to, size, from)",
        # Named, since BCC 0.18 crashes at a call of what has no name.
        "({ long (*helper)(void *, u32, const void *) = "
        f"(void *)BPF_FUNC_probe_read_{what}; helper(to, size, from); }})",
    )
    for what in ("user", "user_str")
]


# What bpf_src/extra/who.h fills.
_WHO = {f"WANT_{name}" for name in "EXE ARGS PARENTS EUID AUID UNIT".split()}


def extras(options: Options, has_structs: bool) -> dict[str, bool]:
    """By macro: is this added to a record?

    has_structs: the C can use the kernel's structs.
    """
    columns = options.columns
    who = not _WHO.isdisjoint(columns.macros)
    chosen = {
        **dict.fromkeys(columns.macros, True),
        "HANGING": options.output.hanging is not None,
        "TRUSTED": options.probe.trusted,
        "WHO": who,
        # open_by_handle_at always needs them.
        "FIND_DIRECTORIES": has_structs or who,
        "FULL_PATH": has_structs and columns.full_path,
        "REAL_PATH": has_structs and columns.real_path,
        "PATH_VIEW_HOST": has_structs and columns.path_view == "host",
    }
    has_fields = chosen["PATH_VIEW_HOST"] or any(
        chosen[name] for name in chosen if name.startswith("WANT_")
    )
    chosen["OPTIONAL_FIELDS"] = has_fields
    chosen["RECORD_EXTRAS"] = has_fields or has_structs
    return chosen


def zeros(names: Iterable[str], chosen: Sequence[Define]) -> list[Define]:
    """0 for each of these macros that isn't chosen.

    Not for the C of --source, which asks by #ifdef.
    """
    there = {name for name, _ in chosen}
    left = dict.fromkeys(name for name in names if name not in there)
    return [(name, "0") for name in left]


# A condition that is made of names alone: such names are 0 or 1.
_CONDITION = re.compile(
    r"^[ \t]*#[ \t]*(?:el)?if[ \t]([\w \t|&!]+)$", re.MULTILINE
)
_NAME = re.compile(r"[A-Za-z_]\w*")


def names_in_conditions(text: str) -> list[str]:
    return _NAME.findall(" ".join(_CONDITION.findall(text)))


@functools.lru_cache(maxsize=1)  # a trace without privileges asks for it again
def entries_for_threads() -> int:
    """The size of the map "start": at least four times the host's threads."""
    entries = START_ENTRIES
    while entries < 4 * this_kernel.thread_count():
        entries *= 2
    return entries


_NAMESPACE = ("PID_NAMESPACE_DEVICE", "PID_NAMESPACE_INODE")


def plan(
    name: str,
    calls: Sequence[str],
    functions: Mapping[str, str],
    tool_pid: int,
    sees_begin: bool = False,
) -> list[Define]:
    """The #defines for the plan `name`, which sees the syscalls `calls`.

    `functions` are the kernel functions that it hooks, by #define, if it hooks
    any: see kernel/function_names.py.
    """
    is_old = this_kernel.version() < (5, 11, 0)
    namespace = this_kernel.pid_namespace() or ()
    chosen = {
        "BEGIN_END": sees_begin,
        "HAVE_OPEN": "open" in calls,  # and creat: arm64 has neither
        "HAVE_TASK_PT_REGS": this_kernel.has_task_pt_regs(),
    }
    return [
        (f"PLAN_{name.upper().replace('-', '_')}", "1"),
        ("TOOL_PID", str(tool_pid)),
        ("START_ENTRIES", str(entries_for_threads())),
        # Of struct mnt_namespace: commit 1a7b8969e664.
        ("MNT_NS_COUNT_SIZE", "8" if is_old else "0"),
        *((name, "1") for name, is_so in chosen.items() if is_so),
        *functions.items(),
        *zip(_NAMESPACE, map(str, namespace)),
    ]
