# SPDX-License-Identifier: Apache-2.0
"""Programs are attached to network interfaces, where they see packets.

Each function takes the descriptor of a loaded program and the name of an
interface. It returns a descriptor: when the last copy of it is closed, also by
SIGKILL, the program is detached. Nothing that others have attached is
replaced. Functions raise OpensnoopError.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import subprocess
import sys
from functools import partial
from typing import Callable, Dict

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.kernel import bpf_objects, tc_filter

# enum bpf_attach_type; flags of a link: if_link.h, bpf.h
_BPF_XDP, _TCX_INGRESS, _TCX_EGRESS = 37, 46, 47
_GENERIC_MODE, _BEFORE_OTHERS = 1 << 1, 1 << 3

# Options of sockets: asm-generic/socket.h
_SO_ATTACH_BPF = 50
_ETH_P_ALL = 3

# Errors of kernels without tc filters, or without those that are programs.
_NOT_BUILT = dict.fromkeys(
    [errno.ENOENT, errno.EOPNOTSUPP],
    "this kernel has no tc filters that are BPF programs (it needs "
    "CONFIG_NET_SCH_INGRESS and CONFIG_NET_CLS_BPF)",
)


def _index(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError:
        names = [name for _, name in socket.if_nameindex()]
        raise OpensnoopError(
            f"there is no network interface {interface}"
            + did_you_mean(interface, names)
        ) from None


def _refusal(interface: str, error: OSError, right: str) -> OpensnoopError:
    why = error.strerror
    if error.errno in (errno.EPERM, errno.EACCES):
        why += f" (this takes the capability {right})"
    return OpensnoopError(f"cannot attach to {interface}: {why}")


def attach_xdp(program: int, interface: str) -> int:
    """Attach by a link, in the driver or else, for any driver, behind it."""
    index = _index(interface)
    for mode in (0, _GENERIC_MODE):
        try:
            return bpf_objects.link_create(program, index, _BPF_XDP, mode)
        except OSError as error:
            found = tc_filter.xdp_program(index)
            if found:
                name = bpf_objects.program_name(found)
                raise OpensnoopError(
                    f"{interface} has an XDP program already: {name} (id "
                    f"{found}); it was not replaced: detach it, or choose "
                    "another interface"
                ) from None
            refused = _refusal(interface, error, "CAP_NET_ADMIN")
    raise refused


def attach_tc(program: int, interface: str, is_ingress: bool) -> int:
    """Attach by a link, or before Linux 6.6 by a tc filter.

    The program sees packets before other programs and filters do, which see
    those for which it returns TC_ACT_UNSPEC.
    """
    index = _index(interface)
    where = _TCX_INGRESS if is_ingress else _TCX_EGRESS
    try:
        return bpf_objects.link_create(program, index, where, _BEFORE_OTHERS)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise _refusal(interface, error, "CAP_NET_ADMIN") from None
    return attach_filter(program, interface, is_ingress)


def attach_filter(program: int, interface: str, is_ingress: bool) -> int:
    """Attach by a tc filter, which a keeper removes: see tc_filter.py."""
    index = _index(interface)
    ours, keepers = socket.socketpair()
    numbers = [
        keepers.fileno(),
        program,
        bpf_objects.program_id(program),
        index,
        tc_filter.INGRESS if is_ingress else tc_filter.EGRESS,
    ]
    # Nobody waits for it: it is to outlive this process.
    subprocess.Popen(  # pylint: disable=consider-using-with
        [sys.executable, "-I", "-S", tc_filter.__file__, *map(str, numbers)],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=numbers[:2],
        start_new_session=True,
    )
    keepers.close()
    answer = ours.recv(4)
    number = struct.unpack("=i", answer)[0] if answer else errno.ECHILD
    if number:
        ours.close()
        error = OSError(number, _NOT_BUILT.get(number) or os.strerror(number))
        raise _refusal(interface, error, "CAP_NET_ADMIN")
    return ours.detach()


def attach_socket(program: int, interface: str) -> int:
    """Attach to a socket that gets copies of packets, in both directions.

    On the interface lo, a packet is seen twice: as it goes out, and as it
    comes in. The copies that the program lets pass are read by nobody.
    """
    _index(interface)
    try:
        # It gets packets when it is bound to a protocol, and not before.
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as packets:
            packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
            packets.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_BPF, program)
            packets.bind((interface, _ETH_P_ALL))
            return packets.detach()
    except OSError as error:
        raise _refusal(interface, error, "CAP_NET_RAW") from None


# By the words of source/hook_words.py.
ATTACH: Dict[str, Callable[[int, str], int]] = {
    "xdp": attach_xdp,
    "tc_ingress": partial(attach_tc, is_ingress=True),
    "tc_egress": partial(attach_tc, is_ingress=False),
    "socket_filter": attach_socket,
}
