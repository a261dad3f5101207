# SPDX-License-Identifier: Apache-2.0
"""What the compile room hands over to the trace room, through a socket.

It is one message: a byte with the file descriptors, as SCM_RIGHTS (unix(7)),
then a Handover or an OpensnoopError as pickle writes it. The room is a fork of
the trace room, and nobody else has the socket, so what it sends can be loaded.
A program stays attached as long as a process holds the descriptor of its
attachment.
"""

from __future__ import annotations

import errno
import os
import pickle
import socket
from typing import TYPE_CHECKING, NamedTuple

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import ran_out
from opensnooplib.kernel.bpf_objects import StartMap
from opensnooplib.rows.schema import Output

if TYPE_CHECKING:
    from opensnooplib.rows.map_values import MapLayout

# The number of descriptors in a message, at most: SCM_MAX_FD of the kernel's
# include/net/scm.h.
_FD_LIMIT = 253

# The kinds of descriptors, in the order in which they are closed: closing the
# first ones detaches the programs.
_KINDS = ("attachments", "stubs", "programs", "maps", "map_fds")


class Handover(NamedTuple):
    """All that the trace room needs of a compiled program."""

    outputs: list[Output]
    warnings: list[str]  # about the C
    calls: list[str]  # the syscalls and ways, or targets, that are hooked
    unproven: list[str]  # ways that are hooked, but that the tool can't test
    unseen: dict[str, str]  # way: why it isn't hooked
    headers: str  # which headers were used, and why
    files: list[str]  # that are compiled; empty without --live
    map_list: list[MapLayout]  # empty without --maps and --set
    map_fds: dict[str, int]  # of these
    under_way: dict[str, StartMap]  # maps that keep what is, by name
    maps: dict[str, int]  # those that the frontend knows, by name
    programs: dict[str, int]
    attachments: dict[str, int]  # by program and target, with a blank between
    stubs: dict[str, int]  # by the program that they stand for, and part
    # The options that the C decides by macros; None: all that the kernel can.
    decided: list[str] | None = None
    sees_packets: bool = False  # in whichever task is running

    def take_attachments(self, program: str) -> list[int]:
        """The descriptors of these, which are the caller's from now on."""
        names = [n for n in self.attachments if n.split()[0] == program]
        return [self.attachments.pop(name) for name in names]

    def fds(self) -> list[int]:
        return [fd for kind in _KINDS for fd in getattr(self, kind).values()]

    def take_fds(self, fds: list[int]) -> None:
        """Take the descriptors as this process has them, in fds()'s order."""
        numbers = iter(fds)
        for kind in _KINDS:
            taken = getattr(self, kind)
            for name in taken:
                taken[name] = next(numbers)

    def close(self) -> None:
        """Close all descriptors, which detaches the programs."""
        for kind in _KINDS:
            fds = getattr(self, kind)
            for fd in fds.values():
                os.close(fd)
            fds.clear()


def send(connection: socket.socket, result: Handover | OpensnoopError) -> None:
    """Send the message. Raises OpensnoopError for too many descriptors."""
    fds = result.fds() if isinstance(result, Handover) else []
    if len(fds) > _FD_LIMIT:
        raise OpensnoopError(
            f"the C has too many programs and maps: they need {len(fds)} "
            f"descriptors, and at most {_FD_LIMIT} can be passed"
        )
    socket.send_fds(connection, [b"\n"], fds)
    connection.sendall(pickle.dumps(result))


def receive(connection: socket.socket) -> Handover | OpensnoopError:
    """Wait for the message.

    Raises EOFError if the room ended without one, and TimeoutError
    (socket.timeout) after the timeout of the socket.
    """
    _, fds, _, _ = socket.recv_fds(
        connection, 1, _FD_LIMIT, socket.MSG_CMSG_CLOEXEC
    )
    received: None | Handover | OpensnoopError = None
    try:
        with connection.makefile("rb") as file:
            received = pickle.load(file)
        assert received
        if isinstance(received, Handover):
            if len(fds) < len(received.fds()):
                received = OpensnoopError(ran_out.sentence(errno.EMFILE))
            else:
                received.take_fds(fds)
        return received
    except pickle.UnpicklingError:  # only its beginning was sent
        raise EOFError from None
    finally:
        if not isinstance(received, Handover):
            for fd in fds:  # nothing else holds them
                os.close(fd)
