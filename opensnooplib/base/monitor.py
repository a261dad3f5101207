# SPDX-License-Identifier: Apache-2.0
"""The monitor: a child that keeps the privileges that a trace gives up.

It reads no record, no name and no file, but for what is in maps before Linux
5.19: it counts records that wait there, and copies contents for --maps. It
calls the functions of privileged.py at the request of the trace, which an
attacker may have taken over by a record; so there are few of them, and none
does more than a trace needs, or believes what the kernel knows better: the
sizes of a map, and which processes are children.

A request is one packet, "NAME ARGUMENT...", with descriptors as SCM_RIGHTS
(unix(7)), which are the first arguments. The answer is "ERRNO NUMBER...". A
descriptor is returned as Descriptor, and passed in the same way.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from typing import Callable

from opensnooplib.base import child, libc, privileged
from opensnooplib.base.privileged import FUNCTIONS, TEXT_SIZE

_FDS_MAX = 2

# A trace doesn't wait longer for an answer, for example where somebody has
# stopped the monitor. Then it counts as ended, and ends.
_TIMEOUT_SECONDS = 5


class Descriptor(int):
    """A descriptor that the monitor has opened for the trace."""


def start(at_end: Callable[[], object] = bool) -> int:
    """Fork the monitor of this process, and ask it from now on.

    Returns its PID. It ends with this process, after it has called `at_end`.
    """
    connection, inside = socket.socketpair(
        socket.AF_UNIX, socket.SOCK_SEQPACKET
    )

    def work() -> None:
        child.ignore_ending_signals()
        # It must keep no program attached.
        libc.close_all_but(0, 1, 2, inside.fileno())
        with contextlib.suppress(ConnectionError):  # an answer wasn't read
            _serve(inside)
        at_end()

    timeout = struct.pack("@ll", _TIMEOUT_SECONDS, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
    pid = child.fork(work, outlives=True)
    inside.close()
    privileged.connect(pid, connection.detach())
    return pid


def _serve(connection: socket.socket) -> None:
    """Answer requests until the trace ends."""
    while True:
        packet, fds, _, _ = socket.recv_fds(
            connection, TEXT_SIZE, _FDS_MAX, socket.MSG_CMSG_CLOEXEC
        )
        if not packet:
            return
        numbers, opened = _answer(packet, fds)
        text = " ".join(map(str, numbers)).encode()
        socket.send_fds(connection, [text], opened)
        for fd in [*fds, *opened]:
            os.close(fd)


def _answer(packet: bytes, fds: list[int]) -> tuple[list[int], list[int]]:
    """The errno and the numbers that a function returns, and descriptors."""
    try:
        name, *words = packet.decode().split()
        arguments = [int(one) if one.isdecimal() else one for one in words]
        result = FUNCTIONS[name](*fds, *arguments)
    except Exception as error:  # without a number, no trace asks for this
        numbers = [getattr(e, "errno", 0) for e in (error, error.__context__)]
        return [next(filter(None, numbers), errno.EINVAL)], []
    results = result if isinstance(result, tuple) else (result,)
    opened = [int(one) for one in results if isinstance(one, Descriptor)]
    numbers = [one for one in results if not isinstance(one, Descriptor)]
    return [0, *numbers], opened
