# SPDX-License-Identifier: Apache-2.0
"""Each open has the cgroup of its process, and the client that it serves."""

import ctypes
import os
import socket
import struct
from pathlib import Path

from opensnooplib.course.check import Case, Check, Hint, in_thread
from opensnooplib.kernel import cgroups

_EMPTY_SLOT_1 = r"""
id=$(for pid in $(cat /proc/$PPID/task/*/children)
do sed -ns '/^map_id/ h; /owner_prog/ { g; p }' /proc/$pid/fdinfo/*; done)
bpftool map delete id ${id#map_id:} key 1 0 0 0 2>/dev/null"""


def _accept_nobody() -> None:
    """It fails, with the address of somebody where it would put one."""
    address = struct.pack("=HH12x", socket.AF_INET, socket.htons(9))
    size = ctypes.c_int(len(address))
    ctypes.CDLL(None).accept4(-1, address, ctypes.byref(size), 0)


def _open(path: str) -> None:
    ctypes.CDLL(None).open(path.encode(), os.O_RDONLY)


def work(case: Case) -> None:
    os.system("ip link set lo up")  # it isn't everywhere
    tcp = socket.create_server(("127.0.0.1", 0))
    unix = socket.create_server(case.path(), family=socket.AF_UNIX)
    accepts = [os.getpid, tcp.accept, unix.accept, _accept_nobody, tcp.accept]
    for tree in [one.path for one in cgroups.hierarchies()][:1] * 2:
        above, paths = Path(tree, case.word()), [case.file() for _ in accepts]
        paths[-1] = case.word(127)  # there is no such file
        clients = [socket.create_connection(tcp.getsockname()) for _ in "12"]
        ports = [client.getsockname()[1] for client in clients]
        socket.socket(socket.AF_UNIX).connect(unix.getsockname())

        def serve() -> None:
            for accept, path in zip(accepts, paths):
                in_thread(accept)()
                in_thread(lambda: _open(path))()

        group = above / case.word()
        group.mkdir(parents=True)
        cgroup = group.stat().st_ino
        (group / "cgroup.procs").write_text("0")  # this process
        pid = case.process(serve)
        Path(tree, "cgroup.procs").write_text("0")
        group.rmdir()
        above.rmdir()
        for path, port in zip(paths, (0, *ports[:1] * 3, ports[1])):
            case.expect(pid=pid, cgroup_id=cgroup, port=port, path=path)
    case.observe("slot 1 was filled", True, not os.system(_EMPTY_SLOT_1))
    case.process(lambda: os.open(os.devnull, os.O_RDONLY))  # is no row now


CHECK = Check(
    hooks=("tracepoint",),
    work=work,
    programs=("bpftool", "ip"),
    hints={
        "stack-not-handed-on": Hint(
            "no stack is handed on: use a map", c=r"struct event event\b"
        ),
        "byte-order": Hint(
            "ports begin with the high byte: ntohs()", c=r"= \w+\.sin_port;"
        ),
        "by-thread": Hint(
            "the key is the process, not a thread", c=r"clients.*\(&tid"
        ),
    },
)
