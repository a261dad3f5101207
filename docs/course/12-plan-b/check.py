# SPDX-License-Identifier: Apache-2.0
"""Each timer is one row, here and as on either side of Linux 6.15: with the
version of such a kernel, and its name for this kernel's tracepoint."""

import ctypes
import os
import re
from pathlib import Path

from opensnooplib.course.check import Case, Check, Hint, in_thread, wait
from opensnooplib.course.judge import trace
from opensnooplib.kernel import this_kernel

_LIBC = ctypes.CDLL("librt.so.1")  # and libc, which it needs
# Each waits in its second thread; to start a thread sets up timers, too.
_waiting: "list[tuple[int, list[int], int]]" = []
_NAMES = ["hrtimer_init", "hrtimer_setup"]  # until 6.14, and since 6.15


def tracers(path: str, folder: str) -> list[list[str]]:
    code = Path(path).read_text("utf-8", "replace")
    found = [trace(path)]
    for minor, patch, name in zip((14, 15), (11, 0), _NAMES):
        words = {one: f"{one}__not_on_6_{minor}" for one in _NAMES}
        words[name] = _NAMES[this_kernel.version() >= (6, 15, 0)]
        words["LINUX_VERSION_CODE"] = f"KERNEL_VERSION(6, {minor}, {patch})"
        copy = Path(folder, f"as-on-6.{minor}.c")
        copy.write_text(re.sub(r"\w+", lambda x: words.get(x[0], x[0]), code))
        found.append(trace(str(copy)))
    return found


def _set_up(clocks: list[int]) -> None:
    made = [_LIBC.timerfd_create(clock, 0) for clock in [99, *clocks]]
    assert made[0] < 0 <= min(made[1:])  # there is no clock 99
    assert not _LIBC.timerfd_settime(made[1], 0, bytes(32), None)
    assert not _LIBC.timer_create(1, None, ctypes.byref(ctypes.c_void_p()))


def before(case: Case) -> None:
    for _ in range(2):
        clocks = [0, 1, 7] * case.number(1, 3)  # as in clock_gettime(2)
        (is_there, there), (begin, to) = os.pipe(), os.pipe()

        def run() -> None:
            os.write(there, b"x")
            os.read(begin, 1)
            _set_up(clocks)
            os._exit(0)  # before Python's threads wait for each other

        _waiting.append((case.start(in_thread(run)), clocks, to))
        os.read(is_there, 1)


def work(case: Case) -> None:
    while _waiting:
        pid, clocks, to = _waiting.pop()
        os.write(to, b"x")
        wait(pid)
        for clock in [*clocks, clocks[0], 1]:
            case.expect(pid=pid, clock=clock)


HINTS = {
    "ifdef": Hint(
        "a tracepoint is no macro: ask for the kernel's version instead",
        r"# *(el)?if.*hrtimer_",
    ),
    "syscall": Hint(
        "a syscall can fail, and is not the only one that sets up timers",
        r"sys_(enter|exit)_timer",
    ),
    "other-name": Hint(
        "as on another kernel, the name is wrong: LINUX_VERSION_CODE must "
        "choose it, and the new one came with 6.15",
        says="__not_on_6_",
    ),
}
CHECK = Check(("tracepoint",), work, HINTS, tracers=tracers, before=before)
