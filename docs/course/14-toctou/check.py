# SPDX-License-Identifier: Apache-2.0
"""Each openat that succeeds is one row, with the name of the file it opened:
while one process opens, another one replaces the name in their memory."""

import ctypes
import mmap
import os
import time
from pathlib import Path

from opensnooplib.course.check import Case, Check, Hint, in_thread, wait


def work(case: Case) -> None:
    folder = os.open(case.folder, os.O_RDONLY)
    name = case.word(62)  # after another letter
    os.mkfifo(f"f{name}", dir_fd=folder)
    os.mknod(f"a{name}", dir_fd=folder)
    os.mknod(f"b{name}", dir_fd=folder)
    path = (ctypes.c_char * 4096).from_buffer(mmap.mmap(-1, 4096))
    path.value = f"f{name}".encode()
    results, to = os.pipe()

    def open_them() -> None:
        list(map(os.dup, [to] * 300))  # for large results
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        for where in [*[path] * 100, b""]:  # the last one fails
            fd = ctypes.CDLL(None).openat(folder, where, os.O_RDONLY)
            if fd >= 0:
                opened = os.readlink(f"/proc/self/fd/{fd}")
                os.write(to, f"{fd} {opened}\n".encode())
            while path[0] == b"x":  # first access: no probe could read it yet
                os.sched_yield()
        path[4095] = b"!"  # over

    pid = case.start(in_thread(open_them))
    call = f" {folder:#x} {ctypes.addressof(path):#x} "
    calls = f"cat /proc/{pid}/task/*/syscall"
    while call not in os.popen(calls).read():
        time.sleep(0.001)
    path[0] = b"x"  # while the open of the FIFO waits for the other side
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.open(f"f{name}", os.O_RDWR, dir_fd=folder)
    while path[4095] != b"!":
        for letter in (b"a", b"b", b"c") * 999:  # there is no file with a c
            path[0] = letter
    wait(pid)
    for line in os.read(results, 65536).decode().splitlines():
        ret, opened = line.split()
        case.expect(pid=pid, ret=int(ret), name=Path(opened).name)


HINTS = {
    "at-exit": Hint(
        "this memory is the program's, and can change until the call returns",
        r"sys_exit[\s\S]*read_user(?![^;]*d_name)",
    ),
    "subscript": Hint(
        "BCC misreads ->fd[x]: put ->fd into a variable first", r"->fd\["
    ),
    "failed-too": Hint("an open that failed has no file", came=" ret=-"),
}
CHECK = Check(("tracepoint",), work, HINTS)
