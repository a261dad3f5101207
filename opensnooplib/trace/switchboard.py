# SPDX-License-Identifier: Apache-2.0
"""The stubs of a --live trace, and which programs are in their slots.

See stub_code.py. After one write into a slot, each open goes to the new
program: none to both, none to neither.
"""

from __future__ import annotations

import time
from typing import Callable, Container, Mapping, NamedTuple

from opensnooplib.base import libc
from opensnooplib.compile.handover import Handover
from opensnooplib.compile.stub_code import DIRECT, EVERYBODY, FRONT, OWN
from opensnooplib.kernel import bpf_objects

# Time for running stubs to end: far more than they take.
_TO_LEAVE_SECONDS = 0.005


class _Stub(NamedTuple):
    """Descriptors of one stub."""

    program: int
    slots: int
    selector: int
    attachments: list[int]
    sorter: int = -1  # none


class Switchboard:
    """All stubs, by the name of the program that each calls."""

    def __init__(
        self, counts_if_skipped: Callable[[str, Container[str]], bool]
    ) -> None:
        self._counts_if_skipped = counts_if_skipped
        self._stubs: dict[str, _Stub] = {}
        self._are_direct = False
        self._past_misses = 0  # of stubs that are gone

    @property
    def names(self) -> list[str]:
        return list(self._stubs)

    def take(self, handover: Handover) -> None:
        """Take over the stubs that came with a program set."""
        parts: dict[str, dict[str, int]] = {}
        for key, fd in handover.stubs.items():
            name, part = key.split()
            parts.setdefault(name, {})[part] = fd
        for name, fds in parts.items():
            attachments = handover.take_attachments(name)
            self._stubs[name] = _Stub(**fds, attachments=attachments)
        handover.stubs.clear()

    def show_tool(self, programs: Mapping[str, int]) -> None:
        """Send the tool's own opens to these programs, until switch()."""
        self._leave_direct()
        for name, one in self._stubs.items():
            bpf_objects.set_slot(one.slots, OWN, programs.get(name, -1))
            bpf_objects.set_slot(one.slots, FRONT, one.sorter)

    def switch(self, programs: Mapping[str, int]) -> None:
        """Send all opens to these programs."""
        self._leave_direct()
        for name, one in self._stubs.items():
            for slot in (FRONT, EVERYBODY, OWN, DIRECT):
                bpf_objects.set_slot(one.slots, slot, programs.get(name, -1))
            bpf_objects.array_set(one.selector, 0, DIRECT)
        self._are_direct = True

    def _leave_direct(self) -> None:
        """Use the slot FRONT, which has the same program as DIRECT."""
        if not self._are_direct:
            return
        for one in self._stubs.values():
            bpf_objects.array_set(one.selector, 0, FRONT)
        self._are_direct = False
        time.sleep(_TO_LEAVE_SECONDS)

    def remove_others(self, programs: Mapping[str, int]) -> list[int]:
        """Forget the stubs that none of `programs` needs.

        Returns descriptors whose closing detaches them, which may wait.
        """
        fds: list[int] = []
        skipped = self._skipped()
        counted = self._counted(skipped)
        for name in [name for name in self._stubs if name not in programs]:
            one = self._stubs.pop(name)
            fds += [*one.attachments, one.program, one.slots, one.selector]
            fds += [one.sorter] if one.sorter >= 0 else []
        # Of one reading: stubs that stay are skipped meanwhile, too.
        self._past_misses += counted - self._counted(skipped)
        return fds

    def misses(self) -> int:
        """How often the kernel skipped a stub where that counts."""
        return self._past_misses + self._counted(self._skipped())

    def _skipped(self) -> dict[str, int]:
        """How often the kernel skipped each stub."""
        return {
            name: bpf_objects.program_misses(one.program)
            for name, one in self._stubs.items()
        }

    def _counted(self, skipped: Mapping[str, int]) -> int:
        """The sum for the stubs that are there, where it counts."""
        return sum(
            skipped[name]
            for name in self._stubs
            if self._counts_if_skipped(name, self._stubs)
        )

    def close(self) -> None:
        for fd in self.remove_others({}):
            libc.hang_up(fd)
