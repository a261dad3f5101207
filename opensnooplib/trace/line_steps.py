# SPDX-License-Identifier: Apache-2.0
"""Lines that come through a descriptor while the trace runs."""

from __future__ import annotations

import os
import select
from typing import Callable, Iterator


def steps(fd: int, take: Callable[[str], None]) -> Iterator[None]:
    """Give each line that isn't empty to `take`, without its newline.

    Take the next step in each round of the trace: none waits for a line.
    """
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    text = b""
    while True:
        if poll.poll(0):
            data = os.read(fd, 1 << 16)
            if not data:
                poll.unregister(fd)
            *lines, text = (text + (data or b"\n")).split(b"\n")
            for line in filter(bytes.strip, lines):
                take(os.fsdecode(line))
        yield
