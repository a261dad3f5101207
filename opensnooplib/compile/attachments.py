# SPDX-License-Identifier: Apache-2.0
"""Loaded programs are attached to their targets, themselves or by a stub."""

from __future__ import annotations

import re
from typing import Container, Sequence

from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.compile import stubs
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.kernel import (
    attach,
    bpf_objects,
    perf_events,
    program_names,
)
from opensnooplib.source import hook_words
from opensnooplib.source.hook_words import Attachment
from opensnooplib.source.known_maps import REQUESTS_MAP, START_MAP


class Attachments:
    """The attachments of one BccProgram. Methods raise OpensnoopError."""

    def __init__(
        self,
        program: BccProgram,
        known_maps: Container[str],
        calls: Sequence[str],
        pids: Sequence[int] = (),
    ) -> None:
        """`known_maps`: those maps of the C that the frontend reads.

        `calls`: the syscalls that share the program SYSCALL_EXIT, but for
        those with such a program of their own. `pids`: processes in which
        functions of files are hooked; empty: in all.
        """
        self._program = program
        self._pids = pids
        self._known_maps = known_maps
        self._calls = calls
        self.fds: dict[str, int] = {}  # by program and target
        self.stubs: dict[str, int] = {}  # by program and part

    def attach(
        self, have_slots: Container[str] | None, pid: int | None
    ) -> None:
        """Attach all programs, those that see opens begin last.

        An open that was seen to begin, but not to end, is counted as missed.

        With --live, a stub is attached in place of each program that it can
        replace, but for those in `have_slots`, which have one already. Slots
        stay empty here; `pid` is the tool's, if the programs are proven.
        """
        if have_slots is not None:
            self._refuse_other_exits(have_slots)
        for name in self._program.fds:
            self._fill_slots(name)
        names = self._program.fds
        for name in sorted(
            names, key=lambda name: program_names.sees_first(name, names)
        ):
            if have_slots is None or not self._is_replaceable(name):
                self._attach_one(name)
            elif name not in have_slots:
                self.stubs.update(stubs.load(self._program, name, pid))
                self._attach_one(name)

    def _refuse_other_exits(self, have_slots: Container[str]) -> None:
        """Raise SourceError if SYSCALL_EXIT's stub needs other targets."""
        if program_names.SYSCALL_EXIT not in have_slots:
            return
        for name in map(program_names.exit_of, self._calls):
            if (name in have_slots) != (name in self._program.fds):
                raise SourceError(
                    f"{self._program.where(name)}a program at "
                    f"{program_names.target_of(name)} can't be added or "
                    "removed while this plan runs: end the trace, and start "
                    "it again"
                )

    def _is_replaceable(self, name: str) -> bool:
        """Does another program take its place when the C is saved?

        Not if it only ends what it finds in a map of its own set: it does
        nothing if it finds nothing there.
        """
        if not self._program.hooks_of(name):
            return False  # it is only called from slots of its own set
        # The program for --children keeps the map of its own program set.
        if name == program_names.FOLLOWER:
            return False
        if name in program_names.REQUEST_ENDS:
            return REQUESTS_MAP not in self._known_maps
        only_ends = program_names.only_ends(name, self._program.fds)
        return START_MAP not in self._known_maps or not only_ends

    def _fill_slots(self, name: str) -> None:
        """Put a program into the slots of program arrays that it names."""
        for one in self._program.attachments_of(name):
            if one.hook:
                continue
            slot = re.fullmatch(r"(\w+)\[(\w+)\]", one.target)
            array = self._program.map_fd(slot[1]) if slot else -1
            try:
                if not slot or array < 0:
                    raise ValueError
                bpf_objects.set_slot(
                    array, int(slot[2], 0), self._program.fds[name]
                )
            except (ValueError, OSError):
                raise SourceError(
                    f"{self._program.where(name)}cannot fill the {one}: it "
                    "must be a slot of a BPF_PROG_ARRAY that the C has, as in "
                    "jumps[3], for a program of the type of the others"
                ) from None

    def _attach_one(self, name: str) -> None:
        program = self._program
        fd = self.stubs.get(f"{name} program", program.fds[name])
        for one in self._targets(name):
            for number, attached in enumerate(self._attach_to(one, name, fd)):
                self.fds[f"{name} {one} {number}"] = attached

    def _targets(self, name: str) -> list[Attachment]:
        found = self._program.attachments_of(name)
        if name == program_names.SYSCALL_EXIT:
            exits = map(program_names.exit_of, self._calls)
            for one in exits:
                # Where a call has a program of its own, it gets no second one.
                if one not in self._program.fds:
                    found = found + hook_words.by_name(one)
        return [one for one in found if one.hook]

    def _attach_to(self, one: Attachment, name: str, fd: int) -> list[int]:
        """Returns a descriptor for each attachment to this target."""
        assert one.hook
        try:
            if self._program.is_multi(name):
                how = one.target, one.hook.at_return
                return [bpf_objects.kprobe_multi_attach(fd, *how)]
            if one.hook.kind == "uprobe":
                return self._uprobe(one, name, fd)
            return attach.BY_WORD[one.hook.word](fd, *one.words)
        except TypeError:
            where = self._program.where(name)
            raise SourceError(
                f"{where}too few or too many words for the {one}"
            ) from None
        except OSError as error:
            self._program.check_targets(self._program.fds)
            raise OpensnoopError(
                f"{self._program.where(name)}cannot attach to the {one}: "
                f"{error.strerror}"
            ) from None
        except OpensnoopError as error:
            error.sentence = self._program.where(name) + error.sentence
            raise

    def _uprobe(self, one: Attachment, name: str, fd: int) -> list[int]:
        """In each of the processes of -p, or in all."""
        probe = self._program.usdt_of(name)
        if probe:
            path, offsets, semaphore, _ = probe
        elif len(one.words) == 2:
            path, offset = self._program.resolve(*one.words)
            offsets, semaphore = [offset], 0
        else:
            raise SourceError(
                f'{one}: two words are needed, as in UPROBE("/bin/bash", '
                "readline)"
            )
        at_return = bool(one.hook and one.hook.at_return)
        config = int(at_return) | semaphore << 32
        return [
            attach.run_at(
                perf_events.open_probe("uprobe", path, offset, config, pid), fd
            )
            for offset in offsets
            for pid in self._pids or [-1]
        ]
