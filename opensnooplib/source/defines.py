# SPDX-License-Identifier: Apache-2.0
"""The #defines that bpf_src is compiled with, for a plan on this kernel.

A #define is a (name, value) pair; the name can be a function-like macro.
Those for the selection are in selection/kernel_selection.py.
"""

from __future__ import annotations

from typing import List, Mapping, Sequence, Tuple

from opensnooplib.kernel import this_kernel
from opensnooplib.options import Options

Define = Tuple[str, str]

# The number of threads that can have an entry in the map "start"; opens by
# others are counted as missed. Each entry takes about 230 bytes of kernel
# memory.
START_ENTRIES = 32768


def columns(options: Options) -> List[Define]:
    """The #defines for columns that are compiled in only if asked for."""
    macros = list(options.wanted)
    if options.needs_begin:
        macros.append("SEE_BEGIN")
    if options.trusted:
        macros.append("TRUSTED")
    return [(macro, "1") for macro in macros]


def directories(options: Options) -> List[Define]:
    """The #defines for bpf_src/extra/full_path.h; none for a summary."""
    if options.summary:
        return []
    wanted = {
        "FIND_DIRECTORIES": True,  # open_by_handle_at always needs them
        "FULL_PATH": options.full_path,
        "REAL_PATH": options.real_path,
        "PATH_VIEW_HOST": options.path_view == "host",
    }
    return [(macro, "1") for macro, is_wanted in wanted.items() if is_wanted]


def entries_for_threads() -> int:
    """The size of the map "start": at least four times the host's threads."""
    entries = START_ENTRIES
    while entries < 4 * this_kernel.thread_count():
        entries *= 2
    return entries


def plan(
    name: str,
    calls: Sequence[str],
    functions: Mapping[str, str],
    tool_pid: int,
) -> List[Define]:
    """The #defines for the plan `name`, which sees the syscalls `calls`.

    `functions` are the kernel functions that it hooks, by #define, if it hooks
    any: see kernel/function_names.py.
    """
    defines = [
        (f"PLAN_{name.upper().replace('-', '_')}", "1"),
        ("TOOL_PID", str(tool_pid)),
        ("START_ENTRIES", str(entries_for_threads())),
    ]
    if functions:
        defines += functions.items()
    else:
        defines += [(f"HAVE_{call.upper()}", "1") for call in calls]
    if this_kernel.has_task_pt_regs():
        defines.append(("HAVE_TASK_PT_REGS", "1"))
    namespace = this_kernel.pid_namespace()
    if namespace is not None:
        defines.append(("PID_NAMESPACE_DEVICE", str(namespace[0])))
        defines.append(("PID_NAMESPACE_INODE", str(namespace[1])))
    return defines
