# SPDX-License-Identifier: Apache-2.0
"""The job of a compile room: what it is to compile and attach."""

from __future__ import annotations

from typing import Callable, Container, Mapping, NamedTuple, Optional

from opensnooplib.kernel import hooks
from opensnooplib.options import Options
from opensnooplib.source.c_text import Source

# The "plan" of --source: its programs attach where their names say.
SOURCE = "source"


class Job(NamedTuple):
    options: Options
    source: Source
    plan: str
    functions: Mapping[str, str]  # of the kernel, see function_names.py
    tool_pid: int
    folder: str  # for headers, see headers_folder.py
    install_rings: Callable[[int], None]
    # With --live: the programs for which the running trace has slots.
    have_slots: Optional[Container[str]] = None

    @property
    def sees_begin(self) -> bool:
        """Do the tool's programs see opens begin?"""
        return self.plan == "syscall" or (
            self.plan in ("fentry", "kprobe")
            and (self.options.needs_begin or self._returns_can_be_missed)
        )

    @property
    def _returns_can_be_missed(self) -> bool:
        """What has begun and not ended is counted then."""
        return self.plan == "kprobe" and not self.links_kprobes

    @property
    def links_kprobes(self) -> bool:
        """Do kprobes attach by links?

        Those of --source don't: a link may not suit their targets.
        """
        return self.plan == "kprobe" and hooks.has_kprobe_multi()
