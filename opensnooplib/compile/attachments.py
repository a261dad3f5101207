# SPDX-License-Identifier: Apache-2.0
"""Loaded programs are attached to their targets, themselves or by a stub."""

from __future__ import annotations

from typing import AbstractSet, Container, Dict, List, Optional, Sequence

from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.compile import stubs
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.compile.compiler_output import CompilerError
from opensnooplib.kernel import bpf_objects, program_names
from opensnooplib.source.known_maps import REQUESTS_MAP, START_MAP


class Attachments:
    """The attachments of one BccProgram. Methods raise OpensnoopError."""

    def __init__(
        self,
        program: BccProgram,
        known_maps: Container[str],
        calls: Sequence[str],
    ) -> None:
        """`known_maps`: those maps of the C that the frontend reads.

        `calls`: the syscalls that share the program SYSCALL_EXIT, but for
        those with such a program of their own.
        """
        self._program = program
        self._known_maps = known_maps
        self._calls = calls
        self.fds: Dict[str, int] = {}  # by program and target
        self.stubs: Dict[str, int] = {}  # by program and part

    def attach(self, have_slots: Optional[Container[str]], pid: int) -> None:
        """Attach all programs, those that see opens begin last.

        An open that was seen to begin, but not to end, is counted as missed.

        With --live, a stub is attached in place of each program that it can
        replace, but for those in `have_slots`, which have one already. Slots
        stay empty here; `pid` is the tool's.
        """
        if have_slots is not None:
            self._refuse_other_exits(have_slots)
        for name in sorted(self._program.fds, key=self._sees_first):
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

    def _sees_first(self, name: str) -> bool:
        return program_names.sees_first(name, self._program.fds)

    def _is_replaceable(self, name: str) -> bool:
        """Does another program take its place when the C is saved?

        Not if it only ends what it finds in a map of its own set: it does
        nothing if it finds nothing there.
        """
        # The program for --children keeps the map of its own program set.
        if name == program_names.FOLLOWER:
            return False
        if name in program_names.REQUEST_ENDS:
            return REQUESTS_MAP not in self._known_maps
        only_ends = program_names.only_ends(name, self._program.fds)
        return START_MAP not in self._known_maps or not only_ends

    def _attach_one(self, name: str) -> None:
        if self._program.is_multi(name):
            self._attach_multi(name)
            return
        for target in self._targets(name):
            self.fds[f"{name} {target}"] = self._attach_to(target, name)

    def _targets(self, name: str) -> List[str]:
        names = [name]
        if name == program_names.SYSCALL_EXIT:
            exits = map(program_names.exit_of, self._calls)
            # Where a call has a program of its own, it gets no second one.
            names += [one for one in exits if one not in self._program.fds]
        return [program_names.target_of(one) for one in names]

    def _attach_to(self, target: str, name: str) -> int:
        bpf = self._program.bpf
        hook = program_names.hook_of(name)
        arguments = {"fn_name": name.encode()}
        if hook.argument:
            arguments[hook.argument] = target.encode()
        if hook.argument == "event" and target.startswith("sys_"):
            # sys_openat, for example, is __x64_sys_openat on x86-64.
            arguments["event"] = bpf.get_syscall_fnname(
                target[len("sys_") :].encode()
            )
        before = self._attached_fds()
        try:
            getattr(bpf, hook.attach)(**arguments)
        except Exception:
            if target == program_names.target_of(name):
                self._program.check_target(name)
            raise CompilerError(
                f"cannot attach to the {hook.what} {target}"
            ) from None
        (fd,) = self._attached_fds() - before
        return fd

    def _attach_multi(self, name: str) -> None:
        fd = self.stubs.get(f"{name} program", self._program.fds[name])
        hook = program_names.hook_of(name)
        target = program_names.target_of(name)
        at_return = hook.attach == "attach_kretprobe"
        try:
            self.fds[f"{name} {target}"] = bpf_objects.kprobe_multi_attach(
                fd, target, at_return
            )
        except OSError as error:
            raise OpensnoopError(
                f"cannot attach to the {hook.what} {target}: {error.strerror}"
            ) from None

    def _attached_fds(self) -> AbstractSet[int]:
        """All descriptors that BCC keeps, by hook, in dictionaries."""
        fds = set()
        for name, found in vars(self._program.bpf).items():
            if not name.endswith("_fds"):
                continue
            for one in found.values():
                # BCC 0.19 and later can have several programs on one target.
                fds |= set(one.values() if isinstance(one, dict) else [one])
        return fds
