# SPDX-License-Identifier: Apache-2.0
"""Packets of all kinds, with ports that can't be guessed: see packets.txt."""

import random
from collections import Counter
from pathlib import Path

from opensnooplib.course.check import Case, Check, Hint
from opensnooplib.course.network import exchange, packets

_random = random.SystemRandom()
PORT = _random.randrange(1024, 65536)
WORDS = {"PORT": f"{PORT:04x}", "ELSE": ""}  # another one each time


def work(case: Case) -> None:
    frames = {}
    table = Path(__file__).with_name("packets.txt").read_text("utf-8")
    for line in table.splitlines()[3:]:
        what, passes, kind, protocol, rest = line.split("|")
        key = int(kind, 16), int(protocol)
        for number in range(case.number(16, 24)):  # each bit of the port
            WORDS["ELSE"] = f"{PORT ^ 1 << number % 16:04x}"
            text = " ".join(WORDS.get(word, word) for word in rest.split())
            frame = _random.randbytes(12) + bytes.fromhex(kind + text)
            frames[frame] = what.rstrip(), passes == "+", key
    # In a random order; but the last one passes.
    sent = sorted(frames, key=lambda frame: (frames[frame][0] == "ARP", frame))
    with packets("lesson1") as sender, packets("lesson0") as receiver:
        came = Counter(map(frames.get, exchange(sender, receiver, sent)))
    for one, count in Counter(frames.values()).items():
        case.observe(f"passed: {one[0]}", count * one[1], came[one])
    case.expect_all("packets")
    for key, value in Counter(one[2] for one in frames.values()).items():
        case.expect("packets", type=key[0], protocol=key[1], value=value)


HINTS = {
    "outside-of-packet": Hint(
        "a packet may end anywhere: first compare the end of what you read "
        "with data_end",
        says="invalid access to packet|outside of the packet",
    ),
    "aborted": Hint(
        "0 is XDP_ABORTED, which drops: name the verdict that you mean",
        c=r"XDP\([\s\S]*return 0;",
    ),
    "byte-order": Hint(
        "packets have the big end of a number first: see ntohs()",
        c=r"[^(\w]\w+->dest [!=]=|== \w+->dest|= \w+->h_proto;",
    ),
    "no-options": Hint(
        "ihl is how many words of 4 bytes the header has: it may have options",
        c=r"\A(?![\s\S]*\bihl\b)",
        came=r"options, from it",
    ),
}
OPTIONS = ("--maps", "--set", f"port={PORT}")
SHOWN = ("--set", "port=7777", "--interval", "5")
CHECK = Check(("xdp",), work, HINTS, OPTIONS, SHOWN, ("ip",), network=True)
