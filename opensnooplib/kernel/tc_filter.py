# SPDX-License-Identifier: Apache-2.0
"""Network interfaces by rtnetlink(7): their XDP programs and tc filters.

Before Linux 6.6, a program that is to see packets of both directions is
attached by a tc filter, which stays when its maker ends, unlike a BPF link. So
this file is also a program, the keeper: it adds a filter, and removes it when
the last process that holds the other end of its socket has ended, in whatever
way. It has a session of its own, ignores the signals that end a trace, and
takes some 10 MB. For the sake of its size, it imports nothing of the tool.

Filters belong to a queueing discipline, clsact. A keeper adds it to an
interface that has none; the last keeper removes it, if no filter is left.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
from typing import Dict, Iterator, List, Tuple

# Kinds of messages, and flags: include/uapi/linux/netlink.h, rtnetlink.h.
_ERROR, _DONE, _GETLINK, _NEWQDISC, _DELQDISC = 2, 3, 18, 36, 37
_NEWTFILTER, _DELTFILTER, _GETTFILTER = 44, 45, 46
_REQUEST, _ACK, _EXCL, _CREATE, _DUMP = 1, 4, 0x200, 0x400, 0x300

# Kinds of attributes: if_link.h, rtnetlink.h, pkt_cls.h. An XDP program can be
# attached in any mode, or in the driver's and the generic one.
_IFLA_XDP, _XDP_PROGRAMS, _OPTIONS = 43, (4, 5, 6), 2
_FD, _NAME, _FLAGS = 6, 7, 8

# Numbers for clsact and its two lists of filters: pkt_sched.h.
_CLSACT, _AT_CLSACT = 0xFFFF0000, 0xFFFFFFF1
INGRESS, EGRESS = 0xFFFFFFF2, 0xFFFFFFF3

# The attribute TCA_KIND of both.
_IS_CLSACT = struct.pack("=HH8s", 11, 1, b"clsact")
_IS_BPF = struct.pack("=HH4s", 8, 1, b"bpf")

# How names of filters begin in a clsact that a keeper has added, and in
# another. What follows is of a length that makes it a multiple of 4.
_IN_OWN, _IN_ANOTHER = b"opensnoop's: ", b"of opensnoop "


def xdp_programs(interface: int) -> List[int]:
    """The IDs of XDP programs at the interface with this index."""
    (link,) = _request(_GETLINK, 0, struct.pack("=4xI8x", interface))
    xdp = _attributes(_attributes(link[16:]).get(_IFLA_XDP, b""))
    found = [xdp[kind] for kind in _XDP_PROGRAMS if kind in xdp]
    return [int.from_bytes(one, sys.byteorder) for one in found]


def _filters(interface: int) -> Iterator[Tuple[int, int, int, bytes]]:
    """Each filter's handle, parent, priority and protocol, and name.

    The parent is INGRESS or EGRESS. Raises OSError.
    """
    for parent in (INGRESS, EGRESS):
        body = _tcmsg(interface, 0, parent)
        for answer in _request(_GETTFILTER, _DUMP, body):
            options = _attributes(answer[20:]).get(_OPTIONS, b"")
            handle, at, info = struct.unpack_from("=III", answer, 8)
            yield handle, at, info, _attributes(options).get(_NAME, b"")


def _request(kind: int, flags: int, body: bytes) -> List[bytes]:
    """Ask the kernel. Returns the bodies of its answers. Raises OSError."""
    flags |= _REQUEST | _ACK
    head = struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0)
    answers: List[bytes] = []
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


def _attributes(data: bytes) -> Dict[int, bytes]:
    """What is packed as struct rtattr, by kind."""
    found = {}
    while data:
        size, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3FFF] = data[4:size]
        data = data[(size + 3) & ~3 :]
    return found


def _tcmsg(interface: int, handle: int, parent: int, info: int = 0) -> bytes:
    return struct.pack("=4xiIII", interface, handle, parent, info)


def _has_own_clsact(interface: int) -> bool:
    """Let the interface have a clsact. Is it one that a keeper has added?"""
    clsact = _tcmsg(interface, _CLSACT, _AT_CLSACT) + _IS_CLSACT
    try:
        _request(_NEWQDISC, _CREATE | _EXCL, clsact)
    except FileExistsError:
        names = [name for *_, name in _filters(interface)]
        return any(name.startswith(_IN_OWN) for name in names)
    return True


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
    body = _tcmsg(interface, 0, parent, info) + _IS_BPF + options
    _request(_NEWTFILTER, _CREATE | _EXCL, body)


def keep(connection_fd: int, program_fd: int, interface: int, at: int) -> None:
    """Add a filter, send 0 or an errno, wait for the end, and remove it.

    `at` is INGRESS or EGRESS.
    """
    error, is_own, name = 0, False, f"{os.urandom(5).hex()}\0".encode()
    try:
        is_own = _has_own_clsact(interface)
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
        for handle, parent, info, found in _filters(interface):
            if found == name:
                filter_ = _tcmsg(interface, handle, parent, info) + _IS_BPF
                _request(_DELTFILTER, 0, filter_)
        if is_own and not any(_filters(interface)):
            _request(_DELQDISC, 0, _tcmsg(interface, _CLSACT, _AT_CLSACT))


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    keep(*map(int, sys.argv[1:]))
