# SPDX-License-Identifier: Apache-2.0
"""The learner's CO-RE C sees the same opens as core/bcc.c does."""

import os
import threading
from ctypes import CDLL
from opensnooplib.course.check import Between, Case, Check, Hint, in_thread
from opensnooplib.source.kernel_headers import choose

RUN = os.path.join(os.path.dirname(__file__), "core", "run.sh")
FD, PARENT = Between(3, 999), os.getpid()
NEEDED = ("clang", "bpftool", "cc", "make", "/usr/include/bpf/libbpf.h")


def tracers(path: str, folder: str) -> list[list[str]]:
    ways = ["core", "btf", *["headers"] * choose().are_installed]
    return [["sh", RUN, way, path, folder] for way in ways]


def _open(names: list[str]) -> None:
    """One thread waits until the FIFO has a writer; the other opens all."""
    paths = [os.fsencode(name) for name in names]
    thread = threading.Thread(target=CDLL(None).open, args=(paths[2], 0))
    thread.start()
    threading.Event().wait(0.05)
    for flags, path in enumerate(paths):
        CDLL(None).open(path, flags)
    thread.join()


def _work(case: Case) -> None:
    for _ in range(case.number(2, 3)):
        comm, paths = case.word(), [case.path(), case.file(), case.path()]
        os.mkfifo(paths[2])
        pid = case.process(lambda: _open(paths), comm)
        for path, ret in zip([*paths, paths[2]], (-2, FD, FD, FD)):
            case.expect(pid=pid, ppid=PARENT, comm=comm, ret=ret, path=path)


def work(case: Case) -> None:
    in_thread(lambda: _work(case))()


HINTS = {
    "methods-of-bcc": Hint(
        "maps have no methods here: bpf_map_lookup_elem(&start, &tid)",
        says="no member named '(lookup|update|delete)'",
    ),
    "no-license": Hint(
        "only GPL programs may call this: see LICENSE", says="GPL-restricted"
    ),
    "plain-dereference": Hint(
        "BCC turns -> into reads, clang doesn't: BPF_CORE_READ()",
        says="invalid mem access",
    ),
    "thread-of-parent": Hint(
        "the kernel's pid is a thread: tgid", c=r"real_parent, pid"
    ),
}
CHECK = Check(
    *(("tracepoint",), work, HINTS),
    programs=NEEDED,
    tracers=tracers,
    is_live=False,
)
