# SPDX-License-Identifier: Apache-2.0
"""Network interfaces by rtnetlink(7): their XDP programs and tc filters.

Before Linux 6.6, a program that is to see packets of both directions is
attached by a tc filter, which stays when its maker ends, unlike a BPF link. So
this file is also a program, the keeper: it adds a filter, and removes it when
the last process that holds the other end of its socket has ended, in whatever
way. It has a session of its own, ignores the signals that end a trace, and
takes some 10 MB. For the sake of its size, it imports nothing of the tool.

Filters belong to a queueing discipline, clsact, or, if an interface has that
in its place, ingress. A keeper adds clsact to an interface that has neither;
the last keeper removes it, if no filter is left.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import struct
import sys
from typing import Iterator

# Kinds of messages, and flags: include/uapi/linux/netlink.h, rtnetlink.h.
_ERROR, _DONE, _GETLINK, _NEWQDISC, _DELQDISC = 2, 3, 18, 36, 37
_NEWTFILTER, _DELTFILTER, _GETTFILTER = 44, 45, 46
_REQUEST_AND_ACK, _CREATE_EXCL, _DUMP = 5, 0x600, 0x300

# Attributes: pkt_cls.h, rtnetlink.h. TCA_KIND is that of clsact and of filters
# that are programs.
_OPTIONS, _FD, _NAME, _FLAGS = 2, 6, 7, 8
_KIND_CLSACT = struct.pack("=HH8s", 11, 1, b"clsact")
_KIND_BPF = struct.pack("=HH4s", 8, 1, b"bpf")

# What is in IFLA_XDP if there is one program: IFLA_XDP_ATTACHED, a byte that
# isn't 0, and IFLA_XDP_PROG_ID.
_XDP = re.compile(rb"(?s)\x05\0\x02\0[^\0]\0\0\0\x08\0\x04\0(.{4})")

# Where filters are: pkt_sched.h.
INGRESS, EGRESS = 0xFFFFFFF2, 0xFFFFFFF3

# How the names of filters begin in a clsact that a keeper has added, and in
# another; 11 more bytes make it a multiple of 4.
_IN_OWN, _IN_ANOTHER = b"opensnoop's: ", b"of opensnoop "


def xdp_programs(interface: int) -> list[int]:
    """The ID of the XDP program at the interface with this index, or none."""
    (link,) = _request(_GETLINK, 0, struct.pack("=4xI8x", interface))
    return [int.from_bytes(one, sys.byteorder) for one in _XDP.findall(link)]


def _request(kind: int, flags: int, body: bytes) -> list[bytes]:
    """Ask the kernel. Returns the bodies of its answers. Raises OSError."""
    flags |= _REQUEST_AND_ACK
    head = struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0)
    answers: list[bytes] = []
    data = b""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as connection:
        connection.send(head + body)
        while kind not in (_ERROR, _DONE):
            data = data or connection.recv(1 << 16)
            size, kind, error = struct.unpack_from("=IH10xi", data)
            answers.append(data[16:size])
            data = data[(size + 3) & ~3 :]
    if error:
        raise OSError(-error, os.strerror(-error))
    return answers[:-1]


def _tcmsg(interface: int, handle: int, parent: int, info: int = 0) -> bytes:
    return struct.pack("=4xiIII", interface, handle, parent, info)


def _filters(interface: int) -> Iterator[tuple[int, int, int, bytes]]:
    """All filters of an interface: of each, the handle, the parent, and more.

    That is the priority with the protocol, and its description, in which is
    the name. Raises OSError.
    """
    for parent in (INGRESS, EGRESS):
        for one in _request(_GETTFILTER, _DUMP, _tcmsg(interface, 0, parent)):
            handle, at, info = struct.unpack_from("=III", one, 8)
            yield handle, at, info, one


def _add(interface: int, parent: int, program_fd: int, name: bytes) -> None:
    """Add a filter before all others, if their priorities leave room.

    Else, or if there are none, the kernel chooses the priority. What the
    program returns happens to the packet (TCA_BPF_FLAG_ACT_DIRECT).
    """
    others = [info for _, at, info, _ in _filters(interface) if at == parent]
    priority = (min(others, default=1 << 16) >> 16) - 1
    info = priority << 16 | socket.htons(0x0003)  # ETH_P_ALL
    options = struct.pack("=HHIHHI", 8, _FD, program_fd, 8, _FLAGS, 1)
    options += struct.pack("=HH", 4 + len(name), _NAME) + name
    options = struct.pack("=HH", 4 + len(options), _OPTIONS) + options
    body = _tcmsg(interface, 0, parent, info) + _KIND_BPF + options
    _request(_NEWTFILTER, _CREATE_EXCL, body)


def keep(connection_fd: int, program_fd: int, interface: int, at: int) -> None:
    """Add a filter, send 0 or an errno, wait for the end, and remove it.

    `at` is INGRESS or EGRESS.
    """
    clsact = _tcmsg(interface, 0xFFFF0000, 0xFFFFFFF1)
    error, is_own, name = 0, True, f"{os.urandom(5).hex()}\0".encode()
    try:
        try:
            _request(_NEWQDISC, _CREATE_EXCL, clsact + _KIND_CLSACT)
        except FileExistsError:
            if at == EGRESS:  # EINVAL for the qdisc ingress, which has none
                _request(_NEWQDISC, 0, clsact + _KIND_CLSACT)
            is_own = any(_IN_OWN in one[-1] for one in _filters(interface))
        name = (_IN_OWN if is_own else _IN_ANOTHER) + name
        _add(interface, at, program_fd, name)
    except OSError as raised:
        error = raised.errno or 0
    os.close(program_fd)
    try:
        connection = socket.socket(fileno=connection_fd)
        connection.send(b"%d" % error)
        connection.recv(1)  # returns when nobody holds the other end
    finally:
        for handle, parent, info, description in _filters(interface):
            if name in description:
                body = _tcmsg(interface, handle, parent, info) + _KIND_BPF
                _request(_DELTFILTER, 0, body)
        if is_own and not any(_filters(interface)):
            _request(_DELQDISC, 0, clsact)


if __name__ == "__main__":
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGUSR1,
    ):
        signal.signal(number, signal.SIG_IGN)
    keep(*map(int, sys.argv[1:]))
