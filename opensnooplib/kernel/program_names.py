# SPDX-License-Identifier: Apache-2.0
"""The hook and the target that a program's name says.

BCC's macros make the names: TRACEPOINT_PROBE(syscalls, sys_enter_openat), for
example, is a function tracepoint__syscalls__sys_enter_openat. What the macros
of bpf_src/hooks.h and comments say is in source/hook_words.py.
"""

from __future__ import annotations

from typing import Container

from opensnooplib.kernel import function_names
from opensnooplib.kernel.hooks import HOOKS, Hook

_BY_PREFIX = {hook.prefix: hook for hook in HOOKS}


def hook_of(program: str) -> Hook | None:
    """The hook that a program's name says; None if it says none."""
    prefix, underscores, _ = program.partition("__")
    return _BY_PREFIX.get(prefix) if underscores else None


def function_of(program: str) -> str:
    """The C function of a program, whose name may have @ and its targets."""
    return program.partition("@")[0]


# The prefix that BCC 0.29 and later put before the name of an fentry's
# function.
MODULE = "vmlinux__"


def target_of(program: str) -> str:
    """The target, for example syscalls:sys_enter_openat or do_sys_openat2.

    The program's name says its hook.
    """
    prefix, _, target = program.partition("__")
    if prefix == "tracepoint":
        return target.replace("__", ":", 1)
    return target.removeprefix(MODULE)


# The prefix of programs that see the end of something, and that of programs
# that see its beginning.
_PAIRS = (
    ("tracepoint__syscalls__sys_exit_", "tracepoint__syscalls__sys_enter_"),
    ("kretprobe__", "kprobe__"),
    ("kretfunc__", "kfunc__"),
)

# Programs that end whatever a thread has begun: bpf_src/ways/thread_exit.h.
_THREAD_ENDS = (
    "tracepoint__sched__sched_process_exit",
    "tracepoint__sched__sched_process_exec",
)

# Programs that take the path of an open that another program has seen begin:
# bpf_src/plans/trusted.h.
_TAKE_NAMES = tuple(
    f"__{name}" for name in function_names.every(function_names.FILP_OPEN)
)
# Programs that see the beginning and the end of an open through io_uring:
# bpf_src/ways/io_uring.h.
_REQUEST_BEGINS = (
    "tracepoint__io_uring__io_uring_submit_",
    "tracepoint__io_uring__io_uring_req_failed",
)
REQUEST_ENDS = (
    "tracepoint__io_uring__io_uring_complete",
    "tracepoint__io_uring__io_uring_cqe_overflow",
)

# The program of bpf_src that is attached at the exits of all calls that open
# files: these tracepoints have the same fields.
SYSCALL_EXIT = "tracepoint__syscalls__sys_exit_openat"


def exit_of(call: str) -> str:
    """The name of a program at the exit of this syscall alone."""
    return f"tracepoint__syscalls__sys_exit_{call}"


# The program that sees each new process, for --children:
# bpf_src/extra/select/children.h.
FOLLOWER = "tracepoint__task__task_newtask"


def begin_of(program: str) -> str:
    """The program that sees the beginning of what this one sees end, or ""."""
    for end, begin in _PAIRS:
        if program.startswith(end):
            return program.replace(end, begin, 1)
    return ""


def sees_first(program: str, programs: Container[str]) -> bool:
    """Is this the first of `programs` that sees an open?"""
    if begin_of(program):
        return begin_of(program) not in programs
    if program.endswith(_TAKE_NAMES):
        return False
    begins = tuple(begin for _, begin in _PAIRS)
    return program.startswith(begins + _REQUEST_BEGINS)


def only_ends(program: str, programs: Container[str]) -> bool:
    """Does this program only end what another of `programs` has begun?"""
    return begin_of(program) in programs or program in _THREAD_ENDS
