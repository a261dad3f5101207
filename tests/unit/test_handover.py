# SPDX-License-Identifier: Apache-2.0
"""What goes through the door between the rooms comes out the same."""

from __future__ import annotations

import os
import pickle
import resource
import socket
import threading
from typing import Iterator, List, Tuple

import pytest

from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.compile import handover
from opensnooplib.compile.handover import Handover
from opensnooplib.kernel.bpf_objects import StartMap
from opensnooplib.rows.field import Field
from opensnooplib.rows.map_values import MapLayout
from opensnooplib.rows.schema import Output, Schema
from opensnooplib.source.known_maps import MapFacts

Pair = Tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    inside, outside = socket.socketpair()
    outside.settimeout(10)
    yield inside, outside
    inside.close()
    outside.close()


def _output(fields: Tuple[Field, ...]) -> Output:
    return Output("events", False, Schema(fields))


def _handover(fds: List[int]) -> Handover:
    return Handover(
        outputs=[_output((Field("pid", 0, 4, "unsigned"),))],
        warnings=["my.c:1: warning: why?"],
        calls=["open", "openat"],
        unproven=["exec"],
        unseen={"io_uring": "not there"},
        headers="none needed",
        files=["a.c", "\udcff.h"],
        map_list=[
            MapLayout(
                MapFacts("start", "hash", 4, 176, 16384),
                [Field("key", 0, 4, "unsigned")],
                [Field("comm", 0, 16, "text")],
                "table",
            )
        ],
        map_fds={},
        under_way={"start": StartMap(0, 1)},
        stubs={},
        maps={"events": fds[0], "counters": fds[1]},
        programs={"tracepoint__a": fds[2]},
        attachments={f"tracepoint {n}": fd for n, fd in enumerate(fds[3:])},
    )


def _memory_files(count: int) -> List[int]:
    """Each holds its own number."""
    fds = []
    for number in range(count):
        fd = os.memfd_create("numbered")
        os.write(fd, str(number).encode())
        fds.append(fd)
    return fds


def _contents(received: Handover) -> List[bytes]:
    fds = [
        *received.maps.values(),
        *received.programs.values(),
        *received.attachments.values(),
    ]
    return [os.pread(fd, 16, 0) for fd in fds]


def _close(received: Handover) -> None:
    for part in (received.maps, received.programs, received.attachments):
        for fd in part.values():
            os.close(fd)


@pytest.mark.parametrize("count", [4, 11, 253])
def test_descriptors_arrive_under_their_names(pair: Pair, count: int) -> None:
    fds = _memory_files(count)
    sent = _handover(fds)
    handover.send(pair[0], sent)
    # The room is gone before the other side looks.
    pair[0].close()
    for fd in fds:
        os.close(fd)

    received = handover.receive(pair[1])
    assert isinstance(received, Handover)
    numbers = [str(number).encode() for number in range(count)]
    assert _contents(received) == numbers
    for kind in ("maps", "programs", "attachments"):
        assert list(getattr(received, kind)) == list(getattr(sent, kind))
    for fact in ("outputs", "calls", "headers"):
        assert getattr(received, fact) == getattr(sent, fact)
    _close(received)


def test_a_description_larger_than_the_socket_takes_at_once(
    pair: Pair,
) -> None:
    fds = _memory_files(4)
    many = tuple(Field(f"f{n}", n, 1, "bytes") for n in range(50_000))
    sent = _handover(fds)._replace(outputs=[_output(many)])
    sender = threading.Thread(target=handover.send, args=(pair[0], sent))
    sender.start()
    received = handover.receive(pair[1])
    assert isinstance(received, Handover)
    sender.join()
    assert received.outputs == sent.outputs
    _close(received)
    for fd in fds:
        os.close(fd)


def test_a_failure_arrives_as_it_was_said(pair: Pair) -> None:
    failure = SourceError("the C does not compile: \u00fc", "why")
    handover.send(pair[0], failure)
    received = handover.receive(pair[1])
    assert isinstance(received, SourceError)
    assert vars(received) == vars(failure)


def test_a_room_that_ends_without_a_word(pair: Pair) -> None:
    pair[0].close()
    with pytest.raises(EOFError):
        handover.receive(pair[1])


def test_a_room_that_ends_within_its_words(pair: Pair) -> None:
    words = pickle.dumps(OpensnoopError("the C does not compile"))
    pair[0].sendall(b"\n" + words[:-3])
    pair[0].close()
    with pytest.raises(EOFError):
        handover.receive(pair[1])


def test_a_room_that_says_nothing(pair: Pair) -> None:
    pair[1].settimeout(0.05)
    with pytest.raises(socket.timeout):
        handover.receive(pair[1])


def test_descriptors_that_nobody_takes_are_given_back(pair: Pair) -> None:
    fds = _memory_files(4)
    socket.send_fds(pair[0], [b"\n"], fds)
    pair[0].close()
    before = os.listdir("/proc/self/fd")
    with pytest.raises(EOFError):
        handover.receive(pair[1])
    assert os.listdir("/proc/self/fd") == before
    for fd in fds:
        os.close(fd)


def test_descriptors_that_got_lost_are_noticed(pair: Pair) -> None:
    """A process at its limit gets fewer than were sent, in silence."""
    fds = _memory_files(12)
    handover.send(pair[0], _handover(fds))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(fds) + 3, hard))
    try:
        assert isinstance(handover.receive(pair[1]), OpensnoopError)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for fd in fds:
            os.close(fd)
