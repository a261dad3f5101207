# SPDX-License-Identifier: Apache-2.0
"""From options to the #defines that bpf_src is compiled with.

A #define is a (name, value) pair; the name can be a function-like macro.
bpf_src/select.h has what options select, bpf_src/opensnoop.c the plans.
"""

from __future__ import annotations

import os
from typing import List, Mapping, Sequence, Tuple

from opensnooplib import kernel
from opensnooplib.options import Options

Define = Tuple[str, str]

# How many threads can have an entry in the map "start"; the opens of others
# are counted as missed. Each entry takes some 230 bytes of kernel memory.
START_ENTRIES = 16384


def _any_of(conditions: Sequence[str]) -> str:
    return "(" + " || ".join(conditions) + ")"


def _equals_any(parameter: str, values: Sequence[int]) -> str:
    return _any_of([f"({parameter}) == {value}U" for value in values])


def _has_flag(flag: str) -> str:
    value = getattr(os, flag)
    if value == os.O_RDONLY:
        return f"((flags) & {os.O_ACCMODE}) == {os.O_RDONLY}"
    return f"((flags) & {value}) == {value}"


def _has_bytes_at(part: bytes) -> str:
    return (
        "("
        + " && ".join(
            f"(at)[{place}] == (char){byte}" for place, byte in enumerate(part)
        )
        + ")"
    )


def _c_string(text: str) -> str:
    """A C string literal; octal escapes, since \\x would swallow digits."""
    return (
        '"'
        + "".join(
            chr(byte)
            if chr(byte).isalnum() and byte < 128 or chr(byte) in "/._-:@+= "
            else f"\\{byte:03o}"
            for byte in os.fsencode(text)
        )
        + '"'
    )


def selection(options: Options) -> List[Define]:
    """The #defines for what `options` select; none for what they don't."""
    defines: List[Define] = []
    # As in BCC's opensnoop, a thread goes before a process.
    if options.tid is not None:
        defines.append(("SELECT_TID(tid)", _equals_any("tid", [options.tid])))
    elif options.pids:
        defines.append(("SELECT_PID(pid)", _equals_any("pid", options.pids)))
    if options.uid is not None:
        defines.append(("SELECT_UID(uid)", _equals_any("uid", [options.uid])))
    if options.comm_part:
        defines.append(("SELECT_COMM_SIZE", str(len(options.comm_part))))
        defines.append(
            ("SELECT_COMM_AT(at)", _has_bytes_at(options.comm_part))
        )
    if options.only_failed:
        defines.append(("SELECT_FAILED", "1"))
    if options.flags:
        conditions = [_has_flag(flag) for flag in options.flags]
        defines.append(("SELECT_FLAGS(flags)", _any_of(conditions)))
    if options.cgroup_map:
        defines.append(("CGROUP_MAP", _c_string(options.cgroup_map)))
    if options.mntns_map:
        defines.append(("MNTNS_MAP", _c_string(options.mntns_map)))
    return defines


def columns(options: Options) -> List[Define]:
    """The #defines for columns that are compiled in only if asked for."""
    return [(macro, "1") for macro in options.wanted]


def _start_entries() -> int:
    """At least four times the threads that the host has now."""
    entries = START_ENTRIES
    while entries < 4 * kernel.thread_count():
        entries *= 2
    return entries


def plan(
    name: str,
    calls: Sequence[str],
    functions: Mapping[str, str],
    tool_pid: int,
) -> List[Define]:
    """The #defines for the plan `name`, which sees these syscalls.

    `functions` names the kernel's functions that it hooks, if it hooks any:
    see hooks.open_functions().
    """
    defines = [
        (f"PLAN_{name.upper().replace('-', '_')}", "1"),
        ("TOOL_PID", str(tool_pid)),
        ("START_ENTRIES", str(_start_entries())),
    ]
    if functions:
        defines += functions.items()
    else:
        defines += [(f"HAVE_{call.upper()}", "1") for call in calls]
    if kernel.has_task_pt_regs():
        defines.append(("HAVE_TASK_PT_REGS", "1"))
    namespace = kernel.pid_namespace()
    if namespace is not None:
        defines.append(("PID_NAMESPACE_DEVICE", str(namespace[0])))
        defines.append(("PID_NAMESPACE_INODE", str(namespace[1])))
    return defines
