# SPDX-License-Identifier: Apache-2.0
"""What the compile room hands over to the trace room, through a socket.

It is one message: 4 bytes (the length, in native order), then that many bytes
of JSON, with file descriptors as SCM_RIGHTS (unix(7)). A program stays
attached as long as a process holds the descriptor of its attachment.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import struct
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import limits
from opensnooplib.kernel.bpf_objects import StartMap
from opensnooplib.rows.schema import Schema
from opensnooplib.source.known_maps import MapFacts

# The number of descriptors in a message, at most: SCM_MAX_FD of the kernel's
# include/net/scm.h.
_FD_LIMIT = 253

# The kinds of descriptors, in the order in which they are closed: closing the
# first ones detaches the programs.
_KINDS = (
    "attachments",
    "stubs",
    "sorters",
    "slots",
    "selectors",
    "programs",
    "maps",
)

_LENGTH = struct.Struct("=I")


class RoomFailure(NamedTuple):
    """The compile room could not do its work; the sentence says why."""

    sentence: str
    compiler_spoke: bool = False  # BCC's messages belong to the sentence
    source_is_wrong: bool = False  # no kernel would accept the C
    verifier_spoke: bool = False  # the messages are the verifier's log
    hints: str = ""  # what this kernel has instead, a line each


class Handover(NamedTuple):
    """All that the trace room needs of a compiled program."""

    schema: Schema  # of struct event
    doubts: List[str]  # about the C, a warning each
    calls: List[str]  # the syscalls and ways that are hooked
    unproven: List[str]  # ways that are hooked, but that the tool can't test
    unseen: Dict[str, str]  # way: why it isn't hooked
    headers: str  # which headers were used, and why
    files: List[str]  # that are compiled; empty without --live
    map_list: List[MapFacts]
    start_map: Optional[StartMap]
    requests_map: Optional[StartMap]
    maps: Dict[str, int]  # name: file descriptor
    programs: Dict[str, int]
    attachments: Dict[str, int]  # by program and target, with a blank between
    stubs: Dict[str, int]  # by the program that they stand for
    sorters: Dict[str, int]
    selectors: Dict[str, int]
    slots: Dict[str, int]

    def take_attachments(self, program: str) -> List[int]:
        """The descriptors of these, which are the caller's from now on."""
        names = [n for n in self.attachments if n.split()[0] == program]
        return [self.attachments.pop(name) for name in names]

    def close(self) -> None:
        """Close all descriptors, which detaches the programs."""
        for kind in _KINDS:
            fds = getattr(self, kind)
            for fd in fds.values():
                os.close(fd)
            fds.clear()


def send(connection: socket.socket, handover: Handover) -> None:
    names: List[Tuple[str, str]] = []
    fds: List[int] = []
    for kind in _KINDS:
        for name, fd in getattr(handover, kind).items():
            names.append((kind, name))
            fds.append(fd)
    if len(fds) > _FD_LIMIT:
        raise OpensnoopError(
            f"the C has too many programs and maps: they need {len(fds)} "
            f"descriptors, and at most {_FD_LIMIT} can be passed"
        )
    facts = {
        "schema": handover.schema.to_plain(),
        "doubts": handover.doubts,
        "calls": handover.calls,
        "unproven": handover.unproven,
        "unseen": handover.unseen,
        "headers": handover.headers,
        "files": handover.files,
        "map_list": handover.map_list,
        "start_map": handover.start_map,
        "requests_map": handover.requests_map,
        "fds": names,
    }
    _send(connection, facts, fds)


def send_failure(connection: socket.socket, failure: RoomFailure) -> None:
    _send(connection, {"failure": failure._asdict()}, [])


def _send(
    connection: socket.socket, facts: Dict[str, Any], fds: List[int]
) -> None:
    body = json.dumps(facts).encode()
    socket.send_fds(connection, [_LENGTH.pack(len(body))], fds)
    connection.sendall(body)


def receive(connection: socket.socket) -> Union[Handover, RoomFailure]:
    """Wait for the message.

    Raises EOFError if the room ended without one, and TimeoutError
    (socket.timeout) after the timeout of the socket.
    """
    head, fds, _, _ = socket.recv_fds(
        connection, _LENGTH.size, _FD_LIMIT, socket.MSG_CMSG_CLOEXEC
    )
    received: Union[None, Handover, RoomFailure] = None
    try:
        received = _received(connection, head, fds)
        return received
    finally:
        if not isinstance(received, Handover):
            for fd in fds:  # nothing else holds them
                os.close(fd)


def _received(
    connection: socket.socket, head: bytes, fds: List[int]
) -> Union[Handover, RoomFailure]:
    if len(head) < _LENGTH.size:
        raise EOFError
    facts = json.loads(_receive_exactly(connection, _LENGTH.unpack(head)[0]))
    if "failure" in facts:
        return RoomFailure(**facts["failure"])
    if len(fds) < len(facts["fds"]):
        return RoomFailure(limits.sentence(errno.EMFILE))
    by_kind: Dict[str, Dict[str, int]] = {kind: {} for kind in _KINDS}
    for (kind, name), fd in zip(facts["fds"], fds):
        by_kind[kind][name] = fd
    return Handover(
        schema=Schema.from_plain(facts["schema"]),
        doubts=facts["doubts"],
        calls=facts["calls"],
        unproven=facts["unproven"],
        unseen=facts["unseen"],
        headers=facts["headers"],
        files=facts["files"],
        map_list=[MapFacts(*one) for one in facts["map_list"]],
        start_map=_start_map(facts["start_map"]),
        requests_map=_start_map(facts["requests_map"]),
        **by_kind,
    )


def _start_map(fact: Optional[List[int]]) -> Optional[StartMap]:
    return StartMap(*fact) if fact else None


def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data
