# SPDX-License-Identifier: Apache-2.0
"""Programs are attached to network interfaces, where they see packets.

Each function takes the descriptor of a loaded program and the name of an
interface, and returns a descriptor in a list. When the last copy of that is
closed, also by SIGKILL, the program is detached. Nothing that others have
attached is replaced. Functions raise OSError, or OpensnoopError.
"""

from __future__ import annotations

import errno
import os
import socket
import sys

from opensnooplib.base import child, libc
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import bpf_objects, tc_filter

# enum bpf_attach_type; flags of links: if_link.h, bpf.h
_XDP, _TCX_INGRESS, _TCX_EGRESS = 37, 46, 47
_GENERIC_MODE, _BEFORE_OTHERS = 1 << 1, 1 << 3

# asm-generic/socket.h, if_ether.h
_SO_ATTACH_BPF, _ETH_P_ALL = 50, 3

# Why a keeper can add no filter, in words.
_WHY = {
    errno.ENOENT: "the kernel has no CONFIG_NET_SCH_INGRESS or NET_CLS_BPF",
    errno.EINVAL: "it has the qdisc ingress in place of clsact (see tc(8))",
}


def attach_xdp(program: int, interface: str) -> list[int]:
    """Attach by a link: in the driver, or behind a driver that has no XDP."""
    index = socket.if_nametoindex(interface)
    for other in tc_filter.xdp_programs(index):
        name = bpf_objects.program_name(other) or "one without a name"
        raise OpensnoopError(
            f"{interface} has an XDP program already: {name} (id {other}); it "
            "was not replaced: detach it, or choose another interface"
        )
    try:
        return [bpf_objects.link_create(program, index, _XDP)]
    except OSError:
        return [bpf_objects.link_create(program, index, _XDP, _GENERIC_MODE)]


def attach_tc(program: int, interface: str, is_ingress: bool) -> list[int]:
    """Attach by a link (tcx), or before Linux 6.6 by a filter.

    The program sees packets before others do, and they see those for which it
    returns TC_ACT_UNSPEC.
    """
    index = socket.if_nametoindex(interface)
    kind = _TCX_INGRESS if is_ingress else _TCX_EGRESS
    try:
        return [bpf_objects.link_create(program, index, kind, _BEFORE_OTHERS)]
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    return attach_filter(program, interface, is_ingress)


def attach_filter(program: int, interface: str, is_ingress: bool) -> list[int]:
    """Attach by a tc filter, which a keeper removes: see tc_filter.py."""
    ours, keepers = socket.socketpair()
    at = tc_filter.INGRESS if is_ingress else tc_filter.EGRESS
    fds = keepers.fileno(), program
    numbers = (*fds, socket.if_nametoindex(interface), at)

    def become_keeper() -> None:
        os.setsid()
        os.chdir("/")  # it must keep no file system in use
        # As its input, since pkill -f must find no "opensnoop" in the command.
        os.dup2(os.open(tc_filter.__file__, os.O_RDONLY), 0)
        libc.close_all_but(0, *fds)
        for fd in fds:
            os.set_inheritable(fd, True)
        words = [sys.executable, "-I", "-S", "-", *map(str, numbers)]
        os.execv(sys.executable, words)

    child.fork(become_keeper, outlives=True)
    keepers.close()
    error = int(ours.recv(9) or errno.ECHILD)
    if error:
        raise OSError(error, _WHY.get(error) or os.strerror(error))
    return [ours.detach()]


def attach_socket(program: int, interface: str) -> list[int]:
    """Attach to a socket that gets copies of packets, in both directions.

    On the interface lo, a packet is seen twice: as it goes out, and as it
    comes in. The copies that the program lets pass are read by nobody.
    """
    # It gets no packet before it is bound.
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as packets:
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
        packets.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_BPF, program)
        packets.bind((interface, _ETH_P_ALL))
        return [packets.detach()]
