# SPDX-License-Identifier: Apache-2.0
"""The learner's CO-RE C sees the same opens as core/bcc.c does."""

import os
import time
from ctypes import CDLL, get_errno
from opensnooplib.course.check import (
    Case,
    Check,
    Hint,
    in_thread,
    start_thread,
)
from opensnooplib.source.kernel_headers import choose

RUN = os.path.join(os.path.dirname(__file__), "core", "run.sh")
PARENT, LIBC = os.getpid(), CDLL(None, use_errno=True)
NEEDED = ("clang", "bpftool", "cc", "make", "/usr/include/bpf/libbpf.h")


def tracers(path: str, folder: str) -> list[list[str]]:
    ways = ["core", "btf", *["headers"] * choose().are_installed]
    return [["sh", RUN, way, path, folder] for way in ways]


def _open(note: int, folder: int, path: str, flags: int = 0) -> None:
    ret = LIBC.openat(folder, path.encode(), flags)
    os.write(note, f"{ret if ret >= 0 else -get_errno()} {path}\n".encode())


def _open_all(note: int, folder: int, paths: list[str]) -> None:
    """One thread waits until the FIFO has a writer; the other opens all."""
    list(map(os.dup, [note] * 300))  # for large results
    join = start_thread(lambda: _open(note, folder, paths[2]))
    time.sleep(0.05)
    for flags, path in enumerate(paths):
        _open(note, folder, path, flags)
    join()


def _work(case: Case) -> None:
    for _ in range(case.number(2, 3)):
        comm, file, fifo = case.word(15), case.file(), case.path()
        paths = [case.word(127), file, fifo, f"{file}/x"]
        os.mkfifo(fifo)
        folder, (notes, note) = os.open(case.folder, os.O_RDONLY), os.pipe()
        pid = case.process(lambda: _open_all(note, folder, paths), comm)
        for line in os.read(notes, 65536).decode().splitlines():
            ret, path = line.split(" ", 1)
            row = {"ppid": PARENT, "comm": comm, "path": path}
            case.expect("rows", pid=pid, ret=int(ret), **row)


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
