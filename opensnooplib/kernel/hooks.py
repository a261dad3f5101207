# SPDX-License-Identifier: Apache-2.0
"""The kinds of hook that programs attach to: hooks.txt."""

from __future__ import annotations

from typing import NamedTuple

from opensnooplib.base import tables


class Hook(NamedTuple):
    """One kind of hook: a row of hooks.txt."""

    word: str  # in a comment "attach:"
    prefix: str  # of a program's name, without the __ behind it
    kind: str  # by what the kernel must offer
    program_type: int  # enum bpf_prog_type of include/uapi/linux/bpf.h
    attach_type: int  # enum bpf_attach_type if the target is in BTF, else 0
    macro: str  # that begins a program
    config: str  # what the kernel must be built with
    what: str

    @property
    def at_return(self) -> bool:
        return self.word in ("kretprobe", "uretprobe")

    @property
    def sees_packets(self) -> bool:
        """Does it run for packets, whichever task is running?"""
        return self.kind in ("xdp", "tc", "socket filter")

    @property
    def is_own(self) -> bool:
        """Is its macro the tool's, not BCC's?"""
        return self.macro == self.word.upper()


HOOKS = [
    Hook(word, prefix, kind, int(program_type), int(attach_type), *rest)
    for word, prefix, kind, program_type, attach_type, *rest in tables.rows(
        __file__, "hooks.txt"
    )
]
