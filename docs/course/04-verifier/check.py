# SPDX-License-Identifier: Apache-2.0
"""Each of the five programs does what its comment says."""

import contextlib
import os
from ctypes import CDLL, c_size_t
from typing import Any

from opensnooplib.course.check import Case, Check, Hint, in_thread


def work(case: Case) -> None:
    null = os.open("/dev/null", os.O_WRONLY)
    some = case.number(10, 60)
    for before, most in (2, 64), (80, some), (2, case.number(65, 80)):
        path = "/".join([*(case.word() for _ in range(111)), "x"])
        to, missing = case.word(63), case.path()
        sizes = [case.number(1, 5000) for _ in range(3)]
        whences = [-1, 0, 1, 2, 3, 4, 5] * case.number(1, 3) + [
            64,
            256,
            1 << 16,
            4,
        ]
        calls: list[Any] = [(os.open, path, 0), (os.chdir, to)] * 2
        calls += [
            (os.execv, missing, ["a"] * count) for count in (before, most)
        ]
        calls += [(os.lseek, null, 0, whence) for whence in whences]
        calls += [(os.write, null, bytes(size)) for size in sizes]
        sizes += [case.number(1 << 32, 1 << 40)]
        calls += [(CDLL(None).write, -1, None, c_size_t(sizes[-1]))]

        def make_them(calls: list[Any] = calls) -> None:
            for call, *arguments in calls:
                with contextlib.suppress(OSError):
                    call(*arguments)

        pid = case.process(in_thread(make_them))
        by = [whences.count(whence) for whence in range(5)]
        for _ in range(2):
            case.expect("opens", pid=pid, path=path)
            case.expect("moves", pid=pid, to=to)
        case.expect("arguments", pid=pid, value=min(most, 64))
        case.expect("seeks", pid=pid, by=by)
        case.expect("written", pid=pid, value=sum(sizes))


HINTS = {
    "kernel-read": Hint(
        "the name is in the process's memory, not in the kernel's",
        r"probe_read(_kernel)?(_str)?\([^;]*filename",
    ),
    "short-path": Hint(
        "1000 bytes must fit into path", r"path\[\d{1,3}\]", came="opens"
    ),
    "few-arguments": Hint(
        "the loop ends too early", r"\bi <=? ([1-5]?\d|6[0-3])\b"
    ),
    "masked-whence": Hint(
        "with & or %, a wrong whence counts as another one: leave it out",
        r"whence [&%] ",
    ),
    "first-lost": Hint(
        "nobody makes the entry of a process that writes for the first time",
        r"written\.lookup\(",
        came="missing +written",
    ),
}
CHECK = Check(("tracepoint",), work, HINTS, ("--maps",))
