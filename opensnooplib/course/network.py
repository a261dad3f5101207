# SPDX-License-Identifier: Apache-2.0
"""The lesson's own interface: a pair of virtual Ethernet devices, veth(4).

What is sent on PEER arrives on NAME. No other traffic comes: neither has an
address.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
from typing import Iterator, Sequence

from opensnooplib.base import libc
from opensnooplib.base.errors import OpensnoopError

NAME, PEER = "lesson0", "lesson1"

_CLONE_NEWNET = 0x40000000  # of <linux/sched.h>
_ALL = 3  # ETH_P_ALL of <linux/if_ether.h>
_WAIT_SECONDS = 0.6  # without a frame
_SO_RCVBUFFORCE = 33  # of <asm-generic/socket.h>


def enter_own_namespace() -> None:
    """Put this process into a network namespace of its own, so that a second
    trace can have an interface of the same name. Raises OSError."""
    libc.unshare(_CLONE_NEWNET)


@contextlib.contextmanager
def interface() -> Iterator[None]:
    """The interface, in this network namespace. Raises OpensnoopError."""
    _ip("link", "add", NAME, "type", "veth", "peer", "name", PEER)
    try:
        for name in (NAME, PEER):
            # Or the kernel itself sends packets of IPv6.
            path = f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6"
            with contextlib.suppress(FileNotFoundError):
                with open(path, "w", encoding="ascii") as file:
                    file.write("1")
            _ip("link", "set", name, "up")
        yield
    finally:
        _ip("link", "delete", NAME)


def _ip(*words: str) -> None:
    done = subprocess.run(
        ["ip", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise OpensnoopError(
            f"ip {' '.join(words)}: {done.stderr.strip()}; if no other lesson "
            f"is running, ip link delete {NAME} removes what one has left"
        )


def packets(interface: str, kind: int = _ALL) -> socket.socket:
    """A socket for whole frames: it gets all that arrive, before tc does, or
    those of one Ethernet type, behind tc."""
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    made.bind((interface, kind))
    made.settimeout(_WAIT_SECONDS)
    made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 24)
    return made


def exchange(
    sender: socket.socket, receiver: socket.socket, frames: Sequence[bytes]
) -> list[bytes]:
    """Send frames. Returns those that arrive, up to the last one, or until
    none has come for a while."""
    arrived: list[bytes] = []
    for frame in frames:
        with contextlib.suppress(OSError):  # ENOBUFS: tc dropped it
            sender.send(frame)
    with contextlib.suppress(socket.timeout):
        while frames[-1] not in arrived:
            arrived.append(receiver.recv(2048))
    return arrived
