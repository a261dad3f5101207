# SPDX-License-Identifier: Apache-2.0
"""The hook and the target of a program, which its name says.

BCC's macros make the names: TRACEPOINT_PROBE(syscalls, sys_enter_openat), for
example, is a function tracepoint__syscalls__sys_enter_openat.
"""

from __future__ import annotations

from typing import Callable, Container, NamedTuple

from opensnooplib.base.errors import SourceError
from opensnooplib.kernel import function_names


class Hook(NamedTuple):
    """One kind of hook."""

    prefix: str  # of a program's name
    what: str
    kind: str  # see hooks.KINDS
    argument: str  # of `attach`, for the target; "": it uses the name

    @property
    def attach(self) -> str:
        """The method of bcc.BPF that attaches a program."""
        return f"attach_{self.prefix.rstrip('_')}"

    @property
    def program_type(self) -> str:
        """The attribute of bcc.BPF with the type of such programs."""
        if self.kind == "fentry":
            return "TRACING"
        return self.kind.upper().replace(" ", "_")


HOOKS = (
    Hook("tracepoint__", "tracepoint", "tracepoint", "tp"),
    Hook("raw_tracepoint__", "raw tracepoint", "raw tracepoint", "tp"),
    Hook("kprobe__", "kernel function", "kprobe", "event"),
    Hook("kretprobe__", "return of the kernel function", "kprobe", "event"),
    Hook("kfunc__", "entry of the kernel function", "fentry", ""),
    Hook("kretfunc__", "exit of the kernel function", "fentry", ""),
    Hook("lsm__", "LSM hook", "lsm", ""),
)


def hook_of(
    program: str, where: Callable[[str], str] = lambda program: ""
) -> Hook:
    """The hook of a program. Raises SourceError if its name has none.

    `where` returns the beginning of the error's message, such as "my.c:12: ".
    """
    for hook in HOOKS:
        if program.startswith(hook.prefix):
            return hook
    raise SourceError(
        f"{where(program)}the name of the function {program} doesn't say "
        "where it attaches: use TRACEPOINT_PROBE(category, event) or another "
        "of BCC's macros, begin the name with kprobe__ or kretprobe__, or "
        "make it static"
    )


# The prefix that BCC 0.29 and later put before the name of an fentry's
# function.
MODULE = "vmlinux__"


def target_of(program: str) -> str:
    """The target, for example syscalls:sys_enter_openat or do_sys_openat2."""
    hook = hook_of(program)
    target = program[len(hook.prefix) :]
    if hook.prefix == "tracepoint__":
        return target.replace("__", ":", 1)
    if hook.kind == "fentry":
        return target.removeprefix(MODULE)
    return target


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
