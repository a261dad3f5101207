# SPDX-License-Identifier: Apache-2.0
"""A little of everything that BCC's tools look at, again and again.

    workload.py FOLDER

works in FOLDER, which must be on a disk, and in the file systems mounted at
FOLDER/btrfs and the like, until it is killed. FOLDER/NAME/pid has the PID of
what works there. FOLDER/mysqld is mysqld.c, compiled.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import mmap
import os
import pty
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, Tuple

Step = Callable[[Path], None]

_libc = ctypes.CDLL(None, use_errno=True)


def files(folder: Path) -> None:
    """Files of all kinds: read from the disk, written to it, renamed, gone."""
    path = folder / "data"
    with open(path, "wb") as file:
        file.write(os.urandom(1 << 20))
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 16):
            pass
    for number in range(5):
        other = folder / f"file{number}"
        other.write_text("text")
        other.stat()
        other.rename(folder / "renamed")
        (folder / "renamed").unlink()
    with contextlib.suppress(OSError):
        open(folder / "missing")
    os.statvfs(folder)
    os.sync()


def processes(folder: Path) -> None:
    """Programs that start and end, and signals."""
    subprocess.run(["/bin/true"])
    pid = os.fork()
    if not pid:
        os._exit(1)
    os.waitpid(pid, 0)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    os.kill(os.getpid(), signal.SIGUSR1)
    os.nice(0)
    os.sched_yield()
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 0)


def network(_: Path) -> None:
    """Connections over lo, by both versions, and datagrams."""
    for family, host in (
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET6, "::1"),
    ):
        with contextlib.suppress(OSError), socket.socket(family) as server:
            server.bind((host, 0))
            server.listen(4)
            client = socket.create_connection(server.getsockname()[:2])
            connection, _address = server.accept()
            for size in (1, 1000, 100000):
                client.sendall(bytes(size))
                while size > 0:
                    size -= len(connection.recv(size))
            connection.sendall(b"x")
            client.recv(1)
            connection.close()
            client.close()
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", 1), timeout=1)
    socket.getaddrinfo("localhost", 80)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"x", ("127.0.0.1", 9))


def refused_connections(_: Path) -> None:
    """SYNs that a full queue drops, so that they are sent again."""
    with socket.socket() as server, contextlib.ExitStack() as opened:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _number in range(6):
            client = opened.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        time.sleep(3.5)


def objects(folder: Path) -> None:
    """Shared memory, descriptors in messages, threads, mounts, terminals."""
    shared = _libc.shmget(0, 4096, 0o1600)
    _libc.shmat.restype = ctypes.c_void_p
    where = _libc.shmat(shared, None, 0)
    _libc.shmdt(ctypes.c_void_p(where))
    _libc.shmctl(shared, 0, None)
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other, open(os.devnull) as file:
        fds = array.array("i", [file.fileno()])
        one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        _data, messages, *_rest = other.recvmsg(1, 100)
        for _level, _kind, data in messages:
            os.close(array.array("i", data)[0])
    thread = threading.Thread(target=_burn, args=(0.02,))
    thread.start()
    thread.join()
    mounted = folder / "mounted"
    mounted.mkdir(exist_ok=True)
    _libc.mount(b"tmpfs", os.fsencode(mounted), b"tmpfs", 0, None)
    _libc.umount2(os.fsencode(mounted), 0)
    first, second = pty.openpty()
    os.write(first, b"x\n")
    os.write(second, b"x\n")
    os.close(first)
    os.close(second)
    with contextlib.suppress(OSError), open("/dev/ttyS0", "wb", 0) as line:
        line.write(b".")


def _burn(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        bytearray(100_000)


def locks(_: Path) -> None:
    """Mutexes of the C library, taken in both orders, one after the other."""
    first, second = (ctypes.create_string_buffer(64) for _ in range(2))
    for pair in ((first, second), (second, first)):
        thread = threading.Thread(target=_lock, args=pair)
        thread.start()
        thread.join()
    _burn(0.05)


def _lock(*mutexes: ctypes.Array[ctypes.c_char]) -> None:
    for mutex in mutexes:
        _libc.pthread_mutex_lock(mutex)
    for mutex in mutexes:
        _libc.pthread_mutex_unlock(mutex)


def encrypted(_: Path) -> None:
    """TLS without a certificate, by the functions SSL_write and SSL_read."""
    library = ctypes.CDLL(_library_of_ssl())
    for name in "TLS_method SSL_CTX_new SSL_new BIO_new BIO_s_bio".split():
        getattr(library, name).restype = ctypes.c_void_p
    context = ctypes.c_void_p(
        library.SSL_CTX_new(ctypes.c_void_p(library.TLS_method()))
    )
    library.SSL_CTX_set_cipher_list(context, b"ADH:@SECLEVEL=0")
    library.SSL_CTX_ctrl(context, 124, 0x0303, None)  # at most TLS 1.2
    ends = [ctypes.c_void_p(library.SSL_new(context)) for _ in range(2)]
    pipes = [ctypes.c_void_p(), ctypes.c_void_p()]
    size = ctypes.c_size_t(0)
    library.BIO_new_bio_pair(
        ctypes.byref(pipes[0]), size, ctypes.byref(pipes[1]), size
    )
    for end, pipe in zip(ends, pipes):
        library.SSL_set_bio(end, pipe, pipe)
    library.SSL_set_connect_state(ends[0])
    library.SSL_ctrl(ends[1], 118, 1, None)  # parameters for DH
    library.SSL_set_accept_state(ends[1])
    for _number in range(4):
        for end in ends:
            library.SSL_do_handshake(end)
    text = ctypes.create_string_buffer(b"hello", 5)
    sent = library.SSL_write(ends[0], text, 5)
    got = library.SSL_read(ends[1], text, 5)
    for end in ends:
        library.SSL_free(end)
    library.SSL_CTX_free(context)
    assert (sent, got) == (5, 5), "no TLS"


def _library_of_ssl() -> str:
    assert ssl.OPENSSL_VERSION  # the module has loaded the library
    maps = Path("/proc/self/maps").read_text().split()
    return next(word for word in maps if "/libssl" in word)


@contextlib.contextmanager
def _a_shell() -> Iterator[int]:
    """An interactive bash; gives its terminal."""
    pid, terminal = pty.fork()
    if not pid:
        os.environ["HISTFILE"] = os.devnull
        os.execv("/bin/bash", ["bash", "--norc", "-i"])
    try:
        yield terminal
    finally:
        os.kill(pid, signal.SIGKILL)


def shell(_: Path) -> None:
    with _a_shell() as terminal:
        for _number in range(100):
            os.write(terminal, b"true\n")
            time.sleep(0.5)
            os.read(terminal, 65536)


def memory(_: Path) -> None:
    """More memory than is free, by what may be killed for it."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    Path("/proc/self/oom_score_adj").write_text("1000")
    available = re.search(
        r"MemAvailable: +(\d+)", Path("/proc/meminfo").read_text()
    )
    assert available
    with contextlib.suppress(MemoryError, OSError):
        size = int(available[1]) * 1024 * 110 // 100
        mmap.mmap(-1, size, mmap.MAP_PRIVATE | 0x8000)  # MAP_POPULATE
    Path("/proc/sysrq-trigger").write_text("f")  # the OOM killer
    time.sleep(10)
    os._exit(0)


def huge_pages(_: Path) -> None:
    """More huge pages than are free, so that the kernel must move others."""
    path = Path("/proc/sys/vm/nr_hugepages")
    path.write_text("100000")
    path.write_text("0")


# What is done one after the other in a folder of this name; the groups run at
# the same time.
GROUPS: Dict[str, Tuple[Step, ...]] = {
    "files": (files,),
    "locks": (processes, objects, locks, encrypted),
    "network": (network,),
    "refused": (refused_connections,),
    "shell": (shell,),
    "btrfs": (files,),
    "xfs": (files,),
}
FILE_SYSTEMS = ("btrfs", "xfs")

# What only one tool looks at, and disturbs others.
ON_DEMAND: Dict[str, Step] = {
    "compactsnoop": huge_pages,
    "drsnoop": memory,
    "oomkill": memory,
}


def _repeat(steps: Tuple[Step, ...], folder: Path) -> None:
    broken: Dict[Step, str] = {}
    while True:
        began = time.monotonic()
        for step in steps:
            try:
                step(folder)
            except Exception as error:
                if step not in broken:
                    broken[step] = str(error)
                    print(f"workload: {step.__name__}: {error}", flush=True)
        # Most of the time is for others: an emulated machine is slow.
        time.sleep(min(8.0, 0.1 + 6 * (time.monotonic() - began)))


def _bring_up_lo() -> None:
    """As ip(8) would: SIOCSIFFLAGS of netdevice(7)."""
    up_and_running = 0x41
    request = struct.pack("16sh22x", b"lo", up_and_running)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anything:
        fcntl.ioctl(anything, 0x8914, request)


def main() -> None:
    folder = Path(sys.argv[1])
    _bring_up_lo()
    for name, steps in GROUPS.items():
        own = folder / name
        if name in FILE_SYSTEMS and not own.is_mount():
            continue
        own.mkdir(exist_ok=True)
        pid = os.fork()
        if not pid:
            _libc.prctl(1, signal.SIGKILL)  # when the parent ends
            _libc.unshare(0x20000)  # mounts are its own
            _libc.mount(None, b"/", None, 0x44000, None)
            (own / "pid").write_text(str(os.getpid()))
            _repeat(steps, own)
    (folder / "pid").write_text(str(os.getpid()))
    signal.pause()


if __name__ == "__main__":
    main()
