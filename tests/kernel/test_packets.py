# SPDX-License-Identifier: Apache-2.0
"""Programs at network interfaces: real packets, counted exactly.

Each test has a network namespace of its own, with a pair of interfaces: what
one sends, the other receives.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Iterator, List

import pytest

from opensnooplib.base import libc
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import attach, bpf_objects, packet_hooks
from tests.kernel.tool import loaded_objects, wait_until

pytestmark = pytest.mark.every_kernel

_CLONE_NEWNET = 0x40000000

# include/uapi/linux/bpf.h: the types of programs for each hook.
TYPES = {"xdp": 6, "tc_ingress": 3, "tc_egress": 3, "socket_filter": 1}

# An Ethernet frame to everybody, of a type that is for experiments: nothing
# else sends one.
TYPE = 0x88B5
FRAME = b"\xff" * 6 + b"\x02" * 6 + TYPE.to_bytes(2, "big") + bytes(50)

# For tc(8): one that lets all packets pass.
A_FILTER = "protocol all u32 match u32 0 0 classid 1:1"


def shell(command: str) -> str:
    return subprocess.run(
        command, shell=True, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(autouse=True)
def _network() -> Iterator[None]:
    """A namespace for this thread, and for all that it starts."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    libc.unshare(_CLONE_NEWNET)
    try:
        # The kernel itself sends packets over IPv6.
        with suppress(FileNotFoundError):
            Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text(
                "1"
            )
        shell("ip link add here type veth peer name there")
        shell("ip link set here up; ip link set there up")
        wait_until(lambda: "state UP" in shell("ip link show here"))
        yield
    finally:
        assert ctypes.CDLL(None).setns(before, _CLONE_NEWNET) == 0
        os.close(before)


def send(interface: str, count: int) -> None:
    """Send frames, no faster than the other side takes them."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((interface, 0))
        for number in range(count):
            sender.send(FRAME)
            if number % 32 == 31:
                time.sleep(0.001)


def attached() -> str:
    """All that is attached to the interfaces here, and their qdiscs."""
    return "".join(
        shell(f"tc qdisc show dev {name}")
        + shell(f"tc filter show dev {name} ingress")
        + shell(f"tc filter show dev {name} egress")
        + shell(f"bpftool net show dev {name}")
        + shell(f"ip -d link show {name} | grep xdp || true")
        for name in ("here", "there")
    )


def a_program(hook: str) -> int:
    # pylint: disable=protected-access
    return bpf_objects._load_nothing(TYPES[hook], 0)


def program_id(program: int) -> int:
    info = Path(f"/proc/self/fdinfo/{program}").read_text()
    found = re.search(r"prog_id:\s+(\d+)", info)
    assert found
    return int(found[1])


def keepers() -> List[int]:
    """Those that have been started in this network namespace."""
    own = os.readlink("/proc/thread-self/ns/net")
    found = []
    for entry in os.scandir("/proc"):
        with suppress(OSError):
            line = Path(entry.path, "cmdline").read_bytes()
            is_here = os.readlink(f"{entry.path}/ns/net") == own
            if is_here and b"\0-I\0-S\0-\0" in line:
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize("hook", TYPES)
def test_closing_detaches(hook: str) -> None:
    """The last copy of the descriptor."""
    before = attached()
    program = a_program(hook)
    number = program_id(program)
    (fd,) = attach.BY_WORD[hook](program, "here")
    os.close(program)
    held = os.dup(fd)
    os.close(fd)
    time.sleep(0.05)
    # What is attached holds the program.
    assert ("prog", number) in loaded_objects()
    os.close(held)
    wait_until(lambda: ("prog", number) not in loaded_objects())
    wait_until(lambda: attached() == before)


@pytest.mark.parametrize("is_ingress", [True, False])
def test_filter_is_removed(is_ingress: bool) -> None:
    """By its keeper, which signals don't end."""
    before = attached()
    program = a_program("tc_ingress")
    (fd,) = packet_hooks.attach_filter(program, "here", is_ingress)
    os.close(program)
    side, other = ("ingress", "egress")[:: 1 if is_ingress else -1]
    assert "opensnoop" in shell(f"tc filter show dev here {side}")
    assert not shell(f"tc filter show dev here {other}")
    (keeper,) = keepers()
    assert os.getsid(keeper) == keeper
    assert not re.search(
        r"prog_id|map_id", "".join(_fdinfo(keeper))
    ), "the keeper holds a program"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(keeper, number)
    time.sleep(0.05)
    assert attached() != before
    os.close(fd)
    wait_until(lambda: attached() == before)
    wait_until(lambda: not _running([keeper]))


def _fdinfo(pid: int) -> Iterator[str]:
    for path in Path(f"/proc/{pid}/fdinfo").iterdir():
        yield path.read_text()


def test_filters_of_others_stay() -> None:
    """And a clsact that is theirs; ours come first, and may share it."""
    shell("tc qdisc add dev here clsact")
    shell(f"tc filter add dev here ingress prio 7 {A_FILTER}")
    before = attached()
    program = a_program("tc_ingress")
    fds = [
        packet_hooks.attach_filter(program, "here", is_ingress)[0]
        for is_ingress in (True, True, False)
    ]
    order = re.findall(
        r"pref (\d+) (\w+)", shell("tc filter show dev here ingress")
    )
    assert list(dict.fromkeys(order)) == [
        ("5", "bpf"),
        ("6", "bpf"),
        ("7", "u32"),
    ]
    for fd in fds:
        os.close(fd)
    wait_until(lambda: attached() == before)
    os.close(program)


@pytest.mark.parametrize("first", [0, 1])
def test_last_filter_removes_clsact(first: int) -> None:
    before = attached()
    fds = []
    for is_ingress in (True, False):
        program = a_program("tc_ingress")
        fds += packet_hooks.attach_filter(program, "here", is_ingress)
        os.close(program)
    os.close(fds[first])
    wait_until(lambda: len(re.findall("handle 0x1", attached())) == 1)
    assert "clsact" in attached()
    os.close(fds[1 - first])
    wait_until(lambda: attached() == before)


def test_clsact_that_others_use_by_now_stays() -> None:
    program = a_program("tc_ingress")
    (fd,) = packet_hooks.attach_filter(program, "here", True)
    shell(f"tc filter add dev here egress {A_FILTER}")
    os.close(fd)
    wait_until(lambda: not shell("tc filter show dev here ingress"))
    assert "u32" in shell("tc filter show dev here egress")


def test_filter_in_place_of_ours_stays() -> None:
    """Somebody removes ours, and theirs gets its priority and handle."""
    program = a_program("tc_ingress")
    (fd,) = packet_hooks.attach_filter(program, "here", True)
    shell("tc qdisc del dev here clsact; tc qdisc add dev here clsact")
    (other,) = packet_hooks.attach_filter(
        a_program("tc_ingress"), "here", True
    )
    theirs = shell("tc filter show dev here ingress")
    assert "pref 49152" in theirs
    os.close(fd)
    wait_until(lambda: len(_running(keepers())) == 1)
    assert shell("tc filter show dev here ingress") == theirs
    os.close(other)


def _running(pids: List[int]) -> List[int]:
    """Those that have not ended; nobody may have waited for the others."""
    running = []
    for pid in pids:
        with suppress(OSError):
            if ") Z" not in Path(f"/proc/{pid}/stat").read_text():
                running.append(pid)
    return running


def test_interface_goes_away() -> None:
    program = a_program("tc_ingress")
    (fd,) = packet_hooks.attach_filter(program, "here", True)
    shell("ip link del here")
    os.close(fd)
    wait_until(lambda: not _running(keepers()))


@pytest.mark.parametrize("mode", ["xdp", "xdpgeneric"])
def test_existing_xdp_program_is_named(mode: str) -> None:
    """Whoever attached it, and in whatever mode: it stays."""
    program = a_program("xdp")
    number = program_id(program)
    shell(f"bpftool net attach {mode} id {number} dev here")
    os.close(program)
    before = attached()
    other = a_program("xdp")
    with pytest.raises(OpensnoopError) as caught:
        packet_hooks.attach_xdp(other, "here")
    assert "here has an XDP program already: " in caught.value.sentence
    assert f"(id {number})" in caught.value.sentence
    assert attached() == before
    os.close(other)


def test_xdp_without_the_driver() -> None:
    """lo has no XDP of its own, so the kernel's generic one is taken."""
    program = a_program("xdp")
    (fd,) = packet_hooks.attach_xdp(program, "lo")
    assert "xdpgeneric" in shell("ip link show lo")
    os.close(fd)
    os.close(program)


@pytest.mark.parametrize("hook", TYPES)
def test_wrong_type_of_program(hook: str) -> None:
    """The kernel refuses it, in the keeper as well."""
    before = attached()
    wrong = a_program("socket_filter" if hook != "socket_filter" else "xdp")
    with pytest.raises(OSError):
        attach.BY_WORD[hook](wrong, "here")
    os.close(wrong)
    wait_until(lambda: attached() == before)
