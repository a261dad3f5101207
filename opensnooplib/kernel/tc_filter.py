# SPDX-License-Identifier: Apache-2.0
"""Network interfaces by rtnetlink(7): their XDP programs and tc filters.

Before Linux 6.6, a program that is to see both directions is attached by a tc
filter, which stays when its maker ends, unlike a BPF link. So this file is
also a program, the keeper: it makes a filter, and removes it when the last
process that holds the other end of its socket has ended, in whatever way. It
has a session of its own, ignores the signals that end a trace, and takes some
10 MB. For the sake of its size, it imports nothing of the tool.

A filter belongs to a queueing discipline "clsact", which the keeper makes if
the interface has none, and removes if the last filter goes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import struct
import sys
from typing import Dict, List, NamedTuple, Optional

# Messages and their flags: include/uapi/linux/netlink.h and rtnetlink.h.
_ERROR, _DONE = 2, 3
_GETLINK, _NEWQDISC, _DELQDISC = 18, 36, 37
_NEWTFILTER, _DELTFILTER, _GETTFILTER = 44, 45, 46
_REQUEST, _ACK, _DUMP, _EXCL, _CREATE = 1, 4, 0x300, 0x200, 0x400

# Attributes: if_link.h, rtnetlink.h and pkt_cls.h.
_IFLA_XDP, _XDP_PROGRAMS = 43, (4, 5, 6)  # of any mode, the driver's, generic
_KIND, _OPTIONS = 1, 2
_BPF_FD, _BPF_NAME, _BPF_FLAGS, _BPF_ID = 6, 7, 8, 11
_NESTED, _TYPE_MASK = 1 << 15, 0x3FFF

_DIRECT_ACTION = 1  # what the program returns happens to the packet
_ETH_P_ALL = 3

# "Handles" of clsact and of its two lists of filters: pkt_sched.h.
_CLSACT, _PARENT = 0xFFFF0000, 0xFFFFFFF1
INGRESS, EGRESS = 0xFFFFFFF2, 0xFFFFFFF3

# The names of filters. The second is for those in a clsact that keepers have
# made, and that the last of them removes.
_NAME, _NAME_IN_OWN = b"opensnoop\0", b"opensnoop's clsact\0"


class Filter(NamedTuple):
    """A tc filter; what isn't of the kind "bpf" has program 0."""

    info: int  # the priority and the protocol
    handle: int
    program: int  # its ID
    name: bytes

    @property
    def priority(self) -> int:
        return self.info >> 16


def xdp_program(interface: int) -> Optional[int]:
    """The ID of the XDP program on an interface, which has this index."""
    body = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, interface, 0, 0)
    for answer in _request(_GETLINK, 0, body):
        xdp = _attributes(_attributes(answer[16:]).get(_IFLA_XDP, b""))
        for kind in _XDP_PROGRAMS:
            if kind in xdp:
                return int.from_bytes(xdp[kind], sys.byteorder)
    return None


def filters(interface: int, parent: int) -> List[Filter]:
    """The filters in INGRESS or EGRESS of an interface. Raises OSError."""
    found = []
    for answer in _request(_GETTFILTER, _DUMP, _tcmsg(interface, 0, parent)):
        handle, _, info = struct.unpack_from("=III", answer, 8)
        options = _attributes(_attributes(answer[20:]).get(_OPTIONS, b""))
        program = int.from_bytes(options.get(_BPF_ID, b""), sys.byteorder)
        name = options.get(_BPF_NAME, b"")
        found.append(Filter(info, handle, program, name))
    return found


def _request(kind: int, flags: int, body: bytes) -> List[bytes]:
    """Ask the kernel. Returns the answers. Raises OSError."""
    answers: List[bytes] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as connection:
        flags |= _REQUEST | _ACK
        head = struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0)
        connection.send(head + body)
        while True:
            data = connection.recv(1 << 16)
            while data:
                size, kind = struct.unpack_from("=IH", data)
                if kind in (_ERROR, _DONE):
                    (error,) = struct.unpack_from("=i", data, 16)
                    if error:
                        raise OSError(-error, os.strerror(-error))
                    return answers
                answers.append(data[16:size])
                data = data[_aligned(size) :]


def _aligned(size: int) -> int:
    return (size + 3) & ~3


def _attributes(data: bytes) -> Dict[int, bytes]:
    found = {}
    while data:
        size, kind = struct.unpack_from("=HH", data)
        found[kind & _TYPE_MASK] = data[4:size]
        data = data[_aligned(size) :]
    return found


def _attribute(kind: int, value: bytes) -> bytes:
    head = struct.pack("=HH", 4 + len(value), kind)
    return head + value + bytes(-len(value) % 4)


def _tcmsg(interface: int, handle: int, parent: int, info: int = 0) -> bytes:
    return struct.pack("=B3xiIII", 0, interface, handle, parent, info)


def _all_filters(interface: int) -> List[Filter]:
    return filters(interface, INGRESS) + filters(interface, EGRESS)


def _own_clsact(interface: int) -> bool:
    """Let the interface have a clsact. Is it one that keepers have made?"""
    clsact = _tcmsg(interface, _CLSACT, _PARENT)
    kind = _attribute(_KIND, b"clsact\0")
    try:
        _request(_NEWQDISC, _CREATE | _EXCL, clsact + kind)
    except FileExistsError:
        names = [one.name for one in _all_filters(interface)]
        return _NAME_IN_OWN in names
    return True


def _add(interface: int, parent: int, program_fd: int, name: bytes) -> None:
    """Add a filter before all others, if there is room.

    The kernel chooses the priority if there are no others, or if one has the
    priority 1 already.
    """
    others = [one.priority for one in filters(interface, parent)]
    priority = min(others, default=1) - 1
    info = priority << 16 | socket.htons(_ETH_P_ALL)
    options = (
        _attribute(_BPF_FD, struct.pack("=I", program_fd))
        + _attribute(_BPF_NAME, name)
        + _attribute(_BPF_FLAGS, struct.pack("=I", _DIRECT_ACTION))
    )
    _request(
        _NEWTFILTER,
        _CREATE | _EXCL,
        _tcmsg(interface, 0, parent, info)
        + _attribute(_KIND, b"bpf\0")
        + _attribute(_OPTIONS | _NESTED, options),
    )


def _remove(interface: int, parent: int, program: int) -> None:
    """Remove the filter with this program, as far as it is still there."""
    for one in filters(interface, parent):
        if one.program == program:
            body = _tcmsg(interface, one.handle, parent, one.info)
            _request(_DELTFILTER, 0, body + _attribute(_KIND, b"bpf\0"))


def keep(
    connection: socket.socket,
    program_fd: int,
    program: int,
    interface: int,
    parent: int,
) -> None:
    """Add a filter, send 0 or the errno, wait for the end, and remove it."""
    error, is_own = 0, False
    try:
        is_own = _own_clsact(interface)
        name = _NAME_IN_OWN if is_own else _NAME
        _add(interface, parent, program_fd, name)
    except OSError as raised:
        error = raised.errno or errno.EIO
    os.close(program_fd)
    with contextlib.suppress(BrokenPipeError):
        connection.send(struct.pack("=i", error))
    connection.recv(1)  # returns when nobody holds the other end
    _remove(interface, parent, program)
    if is_own and not _all_filters(interface):
        _request(_DELQDISC, 0, _tcmsg(interface, _CLSACT, _PARENT))


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _connection, *_numbers = map(int, sys.argv[1:])
    keep(socket.socket(fileno=_connection), *_numbers)
