# SPDX-License-Identifier: Apache-2.0
"""The lesson's own interface: a pair of virtual Ethernet devices, veth(4).

What is sent on PEER arrives on NAME. No other traffic comes: neither has an
address.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
from pathlib import Path
from typing import Iterator, Sequence

from opensnooplib.base.errors import OpensnoopError

NAME, PEER = "lesson0", "lesson1"

_ALL = 3  # ETH_P_ALL of <linux/if_ether.h>
_WAIT_SECONDS = 0.6  # without a frame
_SO_RCVBUFFORCE = 33  # of <asm-generic/socket.h>


@contextlib.contextmanager
def interface() -> Iterator[None]:
    """The interface, in this network namespace. Raises OpensnoopError."""
    _ip(f"link add {NAME} type veth peer name {PEER}")
    try:
        for name in (NAME, PEER):
            # Or the kernel itself sends packets of IPv6.
            path = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
            with contextlib.suppress(FileNotFoundError):
                path.write_text("1", "ascii")
            _ip(f"link set {name} up")
        yield
    finally:
        _ip(f"link delete {NAME}")


def _ip(words: str) -> None:
    status, said = subprocess.getstatusoutput(f"ip {words}")
    if status:
        raise OpensnoopError(
            f"ip {words}: {said}; if no other lesson is running, ip link "
            f"delete {NAME} removes what one has left"
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
