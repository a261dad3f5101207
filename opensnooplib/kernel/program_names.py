# SPDX-License-Identifier: Apache-2.0
"""The kinds of hook, and the hook and target that a program's name says.

BCC's macros make the names: TRACEPOINT_PROBE(syscalls, sys_enter_openat), for
example, is a function tracepoint__syscalls__sys_enter_openat. What the macros
of bpf_src/hooks.h and comments say is in source/hook_words.py.
"""

from __future__ import annotations

from typing import Container, NamedTuple, Optional

from opensnooplib.kernel import function_names


class Hook(NamedTuple):
    """One kind of hook."""

    program_type: int  # enum bpf_prog_type of include/uapi/linux/bpf.h
    word: str  # in a comment "attach:" and, in capitals, of a macro
    prefix: str  # of a program's name, without the __ behind it
    kind: str  # see hooks.KINDS
    what: str

    @property
    def at_return(self) -> bool:
        return self.word in ("kretprobe", "uretprobe")

    @property
    def sees_packets(self) -> bool:
        """Does it run for packets, whichever task is running?"""
        return self.kind in ("xdp", "tc", "socket filter")


# The word, the prefix, the kind and what it is, by enum bpf_prog_type.
_TYPES = {
    1: ["socket_filter, socket_filter, socket filter, socket filter"],
    2: [
        "kprobe, kprobe, kprobe, kernel function",
        "kretprobe, kretprobe, kprobe, return of the kernel function",
        "uprobe, uprobe, uprobe, function",
        "uretprobe, uretprobe, uprobe, return of the function",
        "usdt, usdt, uprobe, USDT probe",
    ],
    3: [
        "tc_ingress, tc_ingress, tc, tc ingress hook of",
        "tc_egress, tc_egress, tc, tc egress hook of",
    ],
    5: ["tracepoint, tracepoint, tracepoint, tracepoint"],
    6: ["xdp, xdp, xdp, XDP hook of"],
    7: ["perf_event, perf_event, perf event, perf event"],
    17: ["raw_tracepoint, raw_tracepoint, raw tracepoint, raw tracepoint"],
    26: [
        "fentry, kfunc, fentry, entry of the kernel function",
        "fexit, kretfunc, fentry, exit of the kernel function",
    ],
    29: ["lsm, lsm, lsm, LSM hook"],
}
HOOKS = tuple(
    Hook(program_type, *words.split(", "))
    for program_type, hooks in _TYPES.items()
    for words in hooks
)


def hook_of(program: str) -> Optional[Hook]:
    """The hook that a program's name says; None if it says none."""
    prefix, underscores, _ = program.partition("__")
    hooks = (hook for hook in HOOKS if hook.prefix == prefix and underscores)
    return next(hooks, None)


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
# bpf_src/extra/children.h.
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
