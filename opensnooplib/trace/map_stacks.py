# SPDX-License-Identifier: Apache-2.0
"""The stacks that IDs in maps stand for: the contents of BPF_STACK_TRACE."""

from __future__ import annotations

import os
import re
import struct
from typing import Any, Iterator

from opensnooplib.kernel import function_names
from opensnooplib.reader import Reader

# The names of fields that have an ID of bpf_get_stackid().
_STACK_ID = re.compile(r"(stack_?id|stack|_sid)$")

# From here on, addresses are the kernel's.
_KERNEL = 1 << 63


def add(
    entry: dict[str, Any], maps: dict[str, dict[bytes, bytes]], rings: Reader
) -> None:
    """Add to an entry the stacks whose IDs are in its fields, as "stacks".

    `maps` are the contents of maps of stacks, by name. A user stack is that of
    the process in the field tgid or pid.
    """
    pid = entry.get("tgid", entry.get("pid", 0))
    stacks = []
    for name, number in entry.items():
        if maps and _STACK_ID.search(name) and isinstance(number, int):
            # Of several maps, the one whose name is most like the field's.
            like = max(
                maps, key=lambda one: len(os.path.commonprefix([one, name]))
            )
            key = struct.pack("=I", number % (1 << 32))
            if key in maps[like]:
                stacks.append([*_functions(maps[like][key], pid, rings)])
    if stacks:
        entry["stacks"] = stacks


def _functions(stack: bytes, pid: Any, rings: Reader) -> Iterator[str]:
    for at, (address,) in enumerate(struct.iter_unpack("=Q", stack)):
        if address >= _KERNEL:
            yield function_names.at_address(address)
        elif address:
            # All but the first are addresses to which calls return.
            yield rings.caller_text(pid, address, at > 0)
