# SPDX-License-Identifier: Apache-2.0
"""Programs at network interfaces: real packets, counted exactly.

Each test has a network namespace of its own, with a pair of interfaces: what
one sends, the other receives.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from opensnooplib.base import libc
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import (
    attach,
    bpf_objects,
    packet_hooks,
    this_kernel,
)
from tests.kernel.live import await_reload
from tests.kernel.tool import (
    Ended,
    Tool,
    children,
    loaded_objects,
    objects_held_by,
    replace_in,
    run,
    wait_until,
)

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
    return bpf_objects._load(TYPES[hook], bpf_objects._DO_NOTHING)


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


@pytest.mark.every_kernel
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


@pytest.mark.every_kernel
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


@pytest.mark.every_kernel
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


@pytest.mark.every_kernel
def test_qdisc_ingress_in_place_of_clsact() -> None:
    """It has filters for one direction, and takes them for the other, too."""
    shell("tc qdisc add dev here ingress")
    before = attached()
    program = a_program("tc_ingress")
    (fd,) = packet_hooks.attach_filter(program, "here", True)
    with pytest.raises(OSError) as caught:
        packet_hooks.attach_filter(program, "here", False)
    assert caught.value.strerror == (
        "it has the qdisc ingress in place of clsact (see tc(8))"
    )
    os.close(fd)
    wait_until(lambda: attached() == before)
    os.close(program)


@pytest.mark.every_kernel
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


@pytest.mark.every_kernel
def test_clsact_that_others_use_by_now_stays() -> None:
    program = a_program("tc_ingress")
    (fd,) = packet_hooks.attach_filter(program, "here", True)
    shell(f"tc filter add dev here egress {A_FILTER}")
    os.close(fd)
    wait_until(lambda: not shell("tc filter show dev here ingress"))
    assert "u32" in shell("tc filter show dev here egress")


@pytest.mark.every_kernel
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


@pytest.mark.every_kernel
def test_interface_goes_away() -> None:
    program = a_program("tc_ingress")
    (fd,) = packet_hooks.attach_filter(program, "here", True)
    shell("ip link del here")
    os.close(fd)
    wait_until(lambda: not _running(keepers()))


@pytest.mark.every_kernel
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


@pytest.mark.every_kernel
def test_xdp_without_the_driver() -> None:
    """lo has no XDP of its own, so the kernel's generic one is taken."""
    program = a_program("xdp")
    (fd,) = packet_hooks.attach_xdp(program, "lo")
    assert "xdpgeneric" in shell("ip link show lo")
    os.close(fd)
    os.close(program)


@pytest.mark.every_kernel
@pytest.mark.parametrize("hook", TYPES)
def test_wrong_type_of_program(hook: str) -> None:
    """The kernel refuses it, in the keeper as well."""
    before = attached()
    wrong = a_program("socket_filter" if hook != "socket_filter" else "xdp")
    with pytest.raises(OSError):
        attach.BY_WORD[hook](wrong, "here")
    os.close(wrong)
    wait_until(lambda: attached() == before)


# C with the four hooks. A row has the hook, the number that the frame carries
# behind its header, and the version of the C; a map counts them as well.
SOURCE = """
struct seen {
	u32 hook;
	u32 number;
	u32 version;
};
BPF_PERF_OUTPUT(seen);
BPF_ARRAY(count, u64, 4);

static int see(void *ctx, u32 hook, u32 number)
{
	struct seen one = {.hook = hook, .number = number, .version = VERSION};

	u64 *counted = count.lookup(&hook);

	if (counted)
		__sync_fetch_and_add(counted, 1);
	seen.perf_submit(ctx, &one, sizeof(one));
	return 0;
}

static int see_buffer(struct __sk_buff *ctx, u32 hook)
{
	u32 number;

	if (ctx->len == SIZE && !bpf_skb_load_bytes(ctx, 14, &number, 4))
		see(ctx, hook, number);
	return 0;
}

XDP("here")
{
	u32 *number = (void *)(long)ctx->data + 14;

	if ((void *)(number + 1) <= (void *)(long)ctx->data_end &&
	    ctx->data_end - ctx->data == SIZE)
		see(ctx, 0, *number);
	return XDP_PASS;
}

TC_INGRESS("here")
{
	see_buffer(ctx, 1);
	return TC_ACT_UNSPEC;
}

TC_EGRESS("here")
{
	see_buffer(ctx, 2);
	return TC_ACT_UNSPEC;
}

SOCKET_FILTER("here")
{
	see_buffer(ctx, 3);
	return 0;
}
"""
SWAPS = STAGES = int(os.environ.get("OPENSNOOP_SWAPS", "5"))
SIZE = 77  # no other packet here has this size


def write_c(path: Path, version: int) -> None:
    text = SOURCE.replace("SIZE", str(SIZE))
    saved = path.with_suffix(".saved")
    saved.write_text(text.replace("VERSION", str(version)))
    saved.rename(path)


_HAS_LINKS = this_kernel.version() >= (6, 6, 0)


@pytest.fixture(
    params=[
        "links",  # or filters, before Linux 6.6
        pytest.param(
            "filters",
            marks=pytest.mark.skipif(not _HAS_LINKS, reason="the same"),
        ),
    ]
)
def checkout(request: pytest.FixtureRequest, checkout_copy: Path) -> Path:
    """The tool: as it is, and with tc filters where there are links, too."""
    if request.param == "filters":
        hooks = checkout_copy / "opensnooplib" / "kernel" / "packet_hooks.py"
        replace_in(hooks, "= 37, 46, 47", "= 37, 999, 999")
        # The end of a trace waits for its filters' removal.
        keeper = checkout_copy / "opensnooplib" / "kernel" / "tc_filter.py"
        wait = "import time\n        time.sleep(0.3)\n        "
        replace_in(keeper, "for handle, parent", f"{wait}for handle, parent")
    return checkout_copy


class Sender:
    """Sends numbered frames: even ones to `here`, odd ones from there.

    It also counts those that arrive, behind XDP and tc.
    """

    def __init__(self) -> None:
        self.count = self.arrived = 0
        self._sockets = []
        for name in ("there", "here"):
            one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            one.bind((name, TYPE))
            one.setblocking(False)
            self._sockets.append(one)

    def send(self, count: int) -> None:
        """No faster than the other side takes them."""
        for _ in range(count):
            frame = FRAME[:14] + struct.pack("=I", self.count)
            self._sockets[self.count % 2].send(frame.ljust(SIZE, b"."))
            self.count += 1
            if self.count % 32 == 0:
                time.sleep(0.005)
                self.receive()

    def receive(self) -> None:
        for one in self._sockets:
            with suppress(BlockingIOError):
                while one.recv(SIZE):
                    self.arrived += 1

    def have_arrived(self) -> bool:
        """Have all of them arrived by now?"""
        self.receive()
        return self.arrived == self.count

    def close(self) -> None:
        for one in self._sockets:
            one.close()

    def assert_all_seen(
        self, ended: Ended, since: int = 0
    ) -> List[Dict[str, int]]:
        """Assert that each hook has seen each of its frames once.

        That is from the number `since`, or from an earlier one that it saw.
        """
        rows = [json.loads(line) for line in ended.lines]
        assert " 0 lost, " in ended.messages
        for hook, (first, step) in enumerate([(0, 2), (0, 2), (1, 2), (0, 1)]):
            numbers = sorted(
                row["number"] for row in rows if row["hook"] == hook
            )
            every = range(min(numbers[0], since + first), self.count, step)
            assert numbers == list(every)
        return rows


@pytest.fixture
def sender() -> Iterator[Sender]:
    one = Sender()
    yield one
    one.close()


@pytest.mark.every_kernel
def test_exact_counts(checkout: Path, sender: Sender, tmp_path: Path) -> None:
    before = attached()
    write_c(tmp_path / "my.c", 0)
    words = ("--source", tmp_path / "my.c", "--format", "json")
    with Tool(*words, checkout=checkout) as tool:
        sender.send(2000)
        in_map = counts_in_map(tool.pid)
        ended = tool.stop()
    assert attached() == before
    sender.assert_all_seen(ended)
    assert in_map == [1000, 1000, 1000, 2000]


def counts_in_map(pid: int) -> List[int]:
    """The values of the map `count` of a process."""
    for kind, number in objects_held_by(pid):
        shown = f"bpftool -j {kind} show id {number}"
        if kind == "map" and json.loads(shell(shown))["name"] == "count":
            dumped = json.loads(shell(f"bpftool -j map dump id {number}"))
            return [one["formatted"]["value"] for one in dumped]
    raise AssertionError(f"process {pid} has no such map")


@pytest.mark.one_kernel
def test_swaps_under_load(
    checkout: Path, sender: Sender, tmp_path: Path
) -> None:
    """Each packet is seen by the old program or by the new one.

    And it arrives, also while the programs are being attached.
    """
    before = attached()
    write_c(tmp_path / "my.c", 0)
    words = ("--source", tmp_path / "my.c", "--live", "--format", "json")
    is_over = threading.Event()

    def load() -> None:
        while not is_over.is_set():
            sender.send(32)

    thread = threading.Thread(target=load)
    thread.start()
    with Tool(*words, checkout=checkout) as tool:
        since = sender.count // 2 * 2
        try:
            for version in range(1, SWAPS + 1):
                write_c(tmp_path / "my.c", version)
                await_reload(tool, "my.c")
            sent = sender.count
            wait_until(lambda: sender.count > sent + 64)
        finally:
            is_over.set()
            thread.join()
        ended = tool.stop()
    rows = sender.assert_all_seen(ended, since)
    sender.receive()
    wait_until(sender.have_arrived)
    assert {row["version"] for row in rows} == set(range(SWAPS + 1))
    assert attached() == before


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.one_kernel
@pytest.mark.parametrize("victims", ["trace", "monitor", "both"])
def test_killed(checkout: Path, tmp_path: Path, victims: str) -> None:
    before = attached()
    write_c(tmp_path / "my.c", 0)
    with Tool("--source", tmp_path / "my.c", checkout=checkout) as tool:
        assert attached() != before
        held = {one for one in objects_held_by(tool.pid) if one[0] == "prog"}
        assert len(held) == 4
        # The compile room ends by and by.
        wait_until(lambda: len(children(tool.pid)) == 1)
        (monitor,) = children(tool.pid)
        for pid in (monitor, tool.pid):
            if victims in ("both", "monitor" if pid == monitor else "trace"):
                kill(pid)
        if victims == "monitor":
            tool.stop()
        wait_until(lambda: attached() == before)
        wait_until(lambda: not held & loaded_objects())
    assert not _running(keepers())


@pytest.mark.one_kernel
@pytest.mark.parametrize("checkout", ["filters"], indirect=True)
def test_killed_at_every_stage(checkout: Path, tmp_path: Path) -> None:
    """With the compile room, and without a moment for the others to react.

    What pkill -9 -f opensnoop finds is killed, at the launch or soon after.
    """
    before = attached()
    write_c(tmp_path / "my.c", 0)
    words = ("--source", tmp_path / "my.c")
    began = time.monotonic()
    with Tool(*words, checkout=checkout) as tool:
        seconds = time.monotonic() - began
        tool.stop()
    stages = 0
    for stage in range(1, STAGES + 1):
        with Tool(*words, checkout=checkout, wait=False) as tool:
            time.sleep(seconds * 1.1 * stage / STAGES)
            stages += attached() != before
            found = f"{checkout}/opensnoop"
            subprocess.run(["pkill", "-9", "-f", found], check=True)
            tool.process.wait()
        wait_until(lambda: attached() == before)
        wait_until(lambda: not _running(keepers()))
    assert stages, "nothing was attached yet"


@pytest.mark.every_kernel
def test_xdp_program_of_another_is_refused(
    checkout_copy: Path, tmp_path: Path
) -> None:
    program = a_program("xdp")
    (fd,) = packet_hooks.attach_xdp(program, "here")
    before = attached()
    write_c(tmp_path / "my.c", 0)
    ended = run("--source", tmp_path / "my.c", checkout=checkout_copy)
    assert ended.status == 1
    assert re.search(
        r"^opensnoop: \S+my.c:31: here has an XDP program already: one "
        r"without a name \(id "
        rf"{program_id(program)}\); it was not replaced: ",
        ended.messages,
        re.MULTILINE,
    )
    wait_until(lambda: attached() == before)
    os.close(fd)
    os.close(program)


@pytest.mark.every_kernel
def test_unknown_interface(tmp_path: Path) -> None:
    (tmp_path / "my.c").write_text(
        SOURCE.replace("SIZE", "77")
        .replace("VERSION", "0")
        .replace('TC_EGRESS("here")', 'TC_EGRESS("here0")')
    )
    before = attached()
    ended = run("--source", tmp_path / "my.c")
    assert ended.status == 1
    assert re.search(
        r"my.c:47: this host has no network interface here0; did you "
        r"mean here\?$",
        ended.messages,
        re.MULTILINE,
    )
    wait_until(lambda: attached() == before)
