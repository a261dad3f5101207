# SPDX-License-Identifier: Apache-2.0
"""What ran out, files or memory, and what to do: the same words everywhere."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal

from opensnooplib.base.errors import OpensnoopError

# The errors for the open files of a process, those of the host, and locked
# memory; the last one is that of map_ring() of native/perf/perf_ring.h.
ERRNOS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS)
MORE_LOCKED_MEMORY = "run with CAP_IPC_LOCK or a larger ulimit -l"

# These errors in messages of BCC and of the dynamic linker.
_IN_WORDS = re.compile(
    f": ({'|'.join(os.strerror(number) for number in ERRNOS)})$", re.MULTILINE
)

# What says that memory has run out: LLVM, C++, the dynamic linker, Python.
_NO_MEMORY = re.compile(
    r"LLVM ERROR: out of memory|std::bad_alloc|MemoryError"
    r"|failed to map segment|[Cc]annot allocate memory"
)

# A stack that is large enough for most C, in bytes.
_STACK_SIZE = 1 << 20


def errno_of(error: BaseException | None, printed: str = "") -> int:
    """The one of ERRNOS that caused `error`, or 0.

    `printed` is what BCC printed.
    """
    while error is not None:
        number = getattr(error, "errno", None)
        if number in ERRNOS:
            return int(number)
        if isinstance(error, (ImportError, OSError)):  # of dlopen(3)
            printed = f"{printed}\n{error}"
        error = error.__cause__ or error.__context__
    found = _IN_WORDS.search(printed)
    texts = [os.strerror(number) for number in ERRNOS]
    return ERRNOS[texts.index(found.group(1))] if found else 0


def why_no_memory(printed: str, killed_by: int = 0) -> str:
    """What to do about memory, if that is what the compiler had too little of.

    `killed_by` is the signal that it was killed by, if it was.
    """
    stack, _ = resource.getrlimit(resource.RLIMIT_STACK)  # -1: unlimited
    if killed_by == signal.SIGKILL:
        what = "was killed, most likely for lack of memory"
    elif _NO_MEMORY.search(printed):
        what = "ran out of memory"
    elif killed_by == signal.SIGSEGV and 0 <= stack < _STACK_SIZE:
        return (
            f"the limit of {stack >> 10} KiB for the stack is too low for the "
            f"compiler: raise it, with ulimit -s {_STACK_SIZE >> 10}"
        )
    else:
        return ""
    return (
        f"the compiler {what}: it needs some 200 MiB, and more for large C; "
        "free some, or raise the limit (of the container or service, or "
        "ulimit -v)"
    )


def sentence(number: int) -> str:
    """The message for one of ERRNOS."""
    if number == errno.ENFILE:
        return (
            "too many files are open on this host: end processes that have "
            "them open, or raise the sysctl fs.file-max"
        )
    if number == errno.ENOBUFS:
        locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] >> 10
        return (
            "the perf rings need more locked memory than this user may have "
            f"(ulimit -l is {locked} KiB, in addition to what the sysctl "
            "kernel.perf_event_mlock_kb allows for each CPU): "
            f"{MORE_LOCKED_MEMORY}, or choose a smaller -b"
        )
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return (
        f"the limit of {limit} open files is too low for the rings, maps and "
        "programs: raise it, for example with ulimit -n "
        f"{max(1024, 2 * limit)}"
    )


def explained(error: Exception) -> OpensnoopError | None:
    """The error to report instead, if one of ERRNOS is the cause."""
    number = errno_of(error)
    return OpensnoopError(sentence(number)) if number else None
