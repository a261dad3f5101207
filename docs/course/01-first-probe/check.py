# SPDX-License-Identifier: Apache-2.0
"""Each openat is one row, with the process, its name and the file's name."""

import contextlib
import ctypes
import os

from opensnooplib.course.check import Case, Check, Hint, in_thread


_LIBC = ctypes.CDLL(None)


def _open_all(user: int, there: str, new: str, missing: str) -> None:
    os.setuid(user)
    os.stat(there)  # no open
    no_folder = os.open(there, os.O_RDONLY)
    with contextlib.suppress(PermissionError):
        os.open(new, os.O_WRONLY | os.O_CREAT)
    _LIBC.openat(no_folder, missing.encode(), os.O_RDONLY)
    _LIBC.openat(no_folder, None, os.O_RDONLY)


def work(case: Case) -> None:
    for length, user in (15, 0), (case.number(3, 14), 0), (5, 1000):
        comm = case.word(length)
        paths = [case.file(), case.path(), case.word(127)]

        def open_all() -> None:
            _open_all(user, *paths)

        pid = case.process(open_all if user else in_thread(open_all), comm)
        for path in [*paths, ""]:
            case.expect(pid=pid, comm=comm, path=path)


CHECK = Check(
    hooks=("tracepoint",),
    work=work,
    hints={
        "thread-for-process": Hint(
            "the lower half of bpf_get_current_pid_tgid() is the thread; "
            "shift it right by 32 bits for the process",
            c=r"(\.|->|u32 )pid = bpf_get_current_pid_tgid\(\);",
        ),
        "no-header": Hint(
            "the compiler knows no TASK_COMM_LEN: its header, "
            "<linux/sched.h>, is not included yet",
            says=r"undeclared identifier 'TASK_COMM_LEN'",
        ),
        "path-dereferenced": Hint(
            "args->filename is an address in the memory of the process, where "
            "a program can't read by itself: let a helper read the text",
            c=r"\*\s*args->filename|args->filename\[",
            says=r"the kernel refuses",
        ),
        "kernel-memory": Hint(
            "the file's name is in the memory of the process, not in the "
            "kernel's: that is bpf_probe_read_user_str()",
            c=r"bpf_probe_read_kernel(_str)?\([^;]*filename",
        ),
        "comm-not-filled": Hint(
            "the column COMM is there, but nothing is written to it: there is "
            "a helper that writes the command's name into the field",
            c=r"comm\[",
            came=r"comm= ",
        ),
    },
)
