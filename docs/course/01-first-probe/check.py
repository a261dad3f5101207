# SPDX-License-Identifier: Apache-2.0
"""Each openat is one row, with the process, its name and the file's name."""

import os

from opensnooplib.course.check import Case, Check, Hint, in_thread


def work(case: Case) -> None:
    for _ in range(case.number(3, 6)):
        comm, path = case.word(), case.file()
        pid = case.process(in_thread(lambda: os.open(path, os.O_RDONLY)), comm)
        case.expect(pid=pid, comm=comm, path=path)


CHECK = Check(
    hooks=("tracepoint",),
    work=work,
    hints={
        "thread-for-process": Hint(
            "the lower half of bpf_get_current_pid_tgid() is the thread; "
            "shift it right by 32 bits for the process",
            c=r"pid = bpf_get_current_pid_tgid\(\);",
        ),
        "comm-not-filled": Hint(
            "the column is there, but nothing is written to it: "
            "bpf_get_current_comm(event.comm, sizeof(event.comm))",
            c=r"comm\[",
            came=r"comm= ",
        ),
    },
)
