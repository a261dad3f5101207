# SPDX-License-Identifier: Apache-2.0
"""How many bytes a program sends with each record, from its instructions.

The kernel pads a record, so the reader can't distinguish a field that was sent
as 0 from one that wasn't sent. But the size is often a constant in the
program: then fields beyond it are no columns.
"""

from __future__ import annotations

from typing import Iterator

from opensnooplib.source import instructions

# Helpers of enum bpf_func_id, with the registers of the map and of the size:
# perf_event_output, ringbuf_output, ringbuf_reserve.
_OUTPUTS = {25: (2, 5), 130: (1, 3), 131: (1, 2)}


def sizes(code: bytes, map_fd: int) -> Iterator[int | None]:
    """The sizes of the records sent to the map; None if not a constant."""
    for _, helper, known in instructions.calls(code):
        at_map, at_size = _OUTPUTS.get(helper, (0, 0))
        if at_map and known.get(at_map, map_fd) == map_fd:
            size = known.get(at_size)
            yield None if size == instructions.FROM_CONTEXT else size
