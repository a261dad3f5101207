# SPDX-License-Identifier: Apache-2.0
"""The writes of one user, whom --set names, are counted in three maps."""

import contextlib
import os
import random
from collections import Counter
from typing import List

from opensnooplib.course.check import Case, Check, Hint

# Neither can be guessed, nor told from the other by its lower half.
_USER = random.SystemRandom().randint(1 << 20, 1 << 30)
_OTHER = _USER ^ 1 << 17


def _write(uid: int, sizes: List[int], null: int) -> None:
    os.setuid(uid)
    os.writev(null, [b"another call"])
    for size in sizes[1:]:
        os.write(null, bytes(size))
    with contextlib.suppress(OSError):
        os.write(-1, bytes(sizes[0]))


def work(case: Case) -> None:
    null = os.open("/dev/null", os.O_WRONLY)
    sizes: List[int] = []  # of all writes that count
    for comm in [case.word() for _ in range(case.number(2, 5))]:
        before = len(sizes)
        for uid in (_USER, 0, _OTHER, _USER):
            some = [
                case.number(1, 2 << case.number(0, 18))
                for _ in range(case.number(2, 9))
            ]
            case.process(lambda: _write(uid, some, null), comm)
            sizes += some if uid == _USER else []
        case.expect("writes", comm=comm, value=len(sizes) - before)
    for slot, count in Counter(size.bit_length() for size in sizes).items():
        case.expect("sizes", key=slot, value=count)
    case.expect("total", key=0, value=len(sizes))
    case.expect("total", key=1, value=sum(sizes))
    for table in case.expected:
        case.expect_all(table)


CHECK = Check(
    hooks=("tracepoint",),
    work=work,
    options=("--maps", "--set", f"only={_USER}"),
    shown=("--interval", "1", "--set", "only=0", "--set", "-"),
    hints={
        "gid-for-uid": Hint(
            "the upper half is the group; the user is in the lower half, "
            "which is left if it becomes a u32",
            c=r"bpf_get_current_uid_gid\(\) >> 32",
        ),
        "at-the-exit": Hint(
            "args->ret is what was written, or a negative errno; how much a "
            "program asks for is in args->count, at the entry",
            c=r"sys_exit_write",
        ),
        "not-steered": Hint(
            "all users are counted: compare the user with what is in the map "
            "only, which --set has filled",
            c=r"\A(?![\s\S]*only\.lookup)",
        ),
        "by-process": Hint(
            "the count is for each command: the key needs a field comm, and "
            "no PID",
            came=r"^writes: there is no field comm",
        ),
        "sizes-by-bytes": Hint(
            "a histogram has 64 slots, one for each power of two: the slot is "
            "bpf_log2l() of the size",
            c=r"sizes\.increment\((?!bpf_log2)",
            came=r" sizes: ",
        ),
    },
)
