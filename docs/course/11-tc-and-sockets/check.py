# SPDX-License-Identifier: Apache-2.0
"""Packets both ways, of lengths and with marks that can't be guessed."""

import random
from ctypes import addressof, c_ulong
from socket import SO_BINDTODEVICE, SO_BROADCAST, SO_MARK, SOL_SOCKET, socket
from opensnooplib.course.check import ROWS, Case, Check, Hint
from opensnooplib.course.network import exchange, packets

_random = random.SystemRandom()
LIMIT, MARK = _random.randrange(100, 300), _random.randrange(1 << 31, 1 << 32)
PASS = {"ingress": "that arrive", "egress": "that leave with the mark"}
TYPE = b"\x88\xb5"  # of Ethernet, for experiments
# For SO_ATTACH_FILTER, 26: four instructions that accept only the mark.
OPS = (c_ulong * 4)(-4076 << 32 | 32, MARK << 32 | 0x1000015, 1 << 50 | 6, 6)


def work(case: Case) -> None:
    case.expect_all(ROWS)
    with packets("lesson0", 0x88B5) as here, packets("lesson1", 0x88B5) as far:
        far.setsockopt(SOL_SOCKET, 26, bytes((c_ulong * 2)(4, addressof(OPS))))
        for tc, sender, to in ("ingress", far, here), ("egress", here, far):
            # What arrives can have that mark already.
            leaves = tc == "egress"
            mark = case.number(1, 2**31 - 1) if leaves else MARK
            sender.setsockopt(SOL_SOCKET, SO_MARK, mark.to_bytes(4, "little"))
            sizes = [*range(LIMIT + 2, LIMIT - 3, -1)] * case.number(2, 4)
            sizes = [LIMIT + 256, 60, *sizes]
            macs = [to.getsockname()[4], b"\xff" * 6, bytes(6)] * 9
            sent = [
                mac + bytes(6) + TYPE + _random.randbytes(size - 14)
                for mac, size in zip(macs, sizes)
            ]
            came = [len(frame) for frame in exchange(sender, to, sent)]
            short = [size for size in sizes if size <= LIMIT]
            case.observe(f"limit {LIMIT}, lengths {PASS[tc]}", short, came)
            for size in sizes:
                case.expect(hook=tc, leaves=leaves, length=size, mark=mark)
            for n in short if leaves else sizes:
                new = MARK if leaves else mark
                case.expect(hook="socket", leaves=leaves, length=n, mark=new)
    # What is sent to all comes back, as IP: tc sees it arrive, sockets don't.
    with socket(type=2) as udp:
        udp.setsockopt(SOL_SOCKET, SO_BROADCAST, 1)
        udp.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b"lesson0")
        udp.sendto(b"x", ("255.255.255.255", 9))
    case.expect(hook="egress", leaves=True, length=43, mark=0)
    case.expect(hook="socket", leaves=True, length=43, mark=MARK)
    case.expect(hook="ingress", leaves=False, length=29, mark=0)


HINTS = {
    "marked-before-seen": Hint(
        "send the row before you write the new mark", came=rf"egress .*={MARK}"
    ),
    "one-direction": Hint(
        "sockets see packets that leave, too: look at ctx->pkt_type",
        came=rf"unexpected .*socket  leaves=False .*={MARK}",
    ),
    "verdict-of-xdp": Hint(
        "the verdicts of tc are TC_ACT_..., not XDP_...", c=r"return.*\bXDP_"
    ),
}
OPTIONS = ("--set", f"limit={LIMIT}", "--set", f"mark={MARK}")
SHOWN = ("--set", "limit=100", "--set", "mark=7")
HOOKS = ("tc", "socket filter")
CHECK = Check(HOOKS, work, HINTS, OPTIONS, SHOWN, ("ip",), network=True)
