# SPDX-License-Identifier: Apache-2.0
"""The writes of one user, whom --set names, are counted in three maps."""

import ctypes
import os
import random
from collections import Counter

from opensnooplib.course.check import Case, Check, Hint

# Neither can be guessed, nor told from the other by its lower half.
_USER = random.SystemRandom().randint(1 << 20, 1 << 30)
_OTHER = _USER ^ 1 << 17
_LIBC = ctypes.CDLL(None)


def _write(uid: int, sizes: "list[int]", null: int) -> None:
    os.setuid(uid)
    os.writev(null, [b"another call"])
    for size in sizes[1:]:
        os.write(null, bytes(size))
    _LIBC.write(-1, None, ctypes.c_size_t(sizes[0]))  # fails


def work(case: Case) -> None:
    null = os.open("/dev/null", os.O_WRONLY)
    sizes: "list[int]" = []  # of all writes that count
    for comm in [case.word(15) for _ in range(case.number(2, 5))]:
        before = len(sizes)
        for uid in (_USER, 0, _OTHER, _USER):
            some = [case.number(1, 2 << n) for n in range(case.number(3, 18))]
            some[0] = case.number(1 << 32, 1 << 40)
            case.process(lambda: _write(uid, some, null), comm)
            sizes += some if uid == _USER else []
        case.expect("writes", comm=comm, value=len(sizes) - before)
    for slot, count in Counter(size.bit_length() for size in sizes).items():
        case.expect("sizes", key=slot, value=count)
    case.expect("total", key=0, value=len(sizes))
    case.expect("total", key=1, value=sum(sizes))
    list(map(case.expect_all, case.expected))


CHECK = Check(
    hooks=("tracepoint",),
    work=work,
    options=("--maps", "--set", f"only={_USER}"),
    shown=("--interval", "1", "--set", "only=0", "--set", "-"),
    hints={
        "gid-for-uid": Hint(
            "the upper half is the group; a u32 keeps the lower half",
            c=r"bpf_get_current_uid_gid\(\) >> 32",
        ),
        "at-the-exit": Hint(
            "what a program asks for is in args->count, at the entry",
            c=r"sys_exit_write",
        ),
        "not-steered": Hint(
            "compare the user with the one that lookup() finds in only",
            c=r"\A(?![\s\S]*only\.lookup)",
            came=r"^unexpected ",
        ),
        "by-process": Hint(
            "the key of writes is a struct with the command's name",
            came=r"^writes: there is no field comm",
        ),
        "sizes-by-bytes": Hint(
            "a slot is a power of two: bpf_log2l() finds it",
            c=r"sizes\.increment\((?!bpf_log2)",
            came=r" sizes: ",
        ),
    },
)
