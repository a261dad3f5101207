# SPDX-License-Identifier: Apache-2.0
"""Opens that the kernel skips while --live replaces programs are counted."""

from __future__ import annotations

import pytest

from opensnooplib.compile.handover import Handover
from opensnooplib.kernel import bpf_objects
from opensnooplib.trace.switchboard import Switchboard

_PARTS = ("program", "slots", "selector")


def test_a_stub_that_stays_is_skipped_at_any_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also between two readings. No real kernel does it at will."""
    stubs = {f"one {part}": number for number, part in enumerate(_PARTS)}
    stubs.update({f"two {part}": 10 for part in _PARTS})
    handover = Handover(
        [], [], [], [], {}, "", [], [], {}, {}, {}, {}, {}, stubs
    )
    board = Switchboard(lambda name, all_names: True)
    board.take(handover)
    skipped = {0: 0, 10: 7}

    def program_misses(program_fd: int) -> int:
        skipped[0] += 98
        return skipped[program_fd]

    monkeypatch.setattr(bpf_objects, "program_misses", program_misses)
    assert board.remove_others({"one": 1}) == [10, 10, 10]
    assert board.misses() == skipped[0] + 7
    assert board.remove_others({"one": 1}) == []
    assert board.misses() == skipped[0] + 7
