# SPDX-License-Identifier: Apache-2.0
"""--live: reload the C into the running trace; no open is lost or shown twice.

The saved C is compiled in a compile room of its own while the trace continues.
Then:

1. New programs that only end opens are attached beside the old ones. Each
   looks for the begin in the map "start" of its own program set, so that an
   open belongs to the set that saw it begin.
2. The new programs get the tool's own opens (the proof). If they don't see
   them, that is reported, and the trace stays as it was.
3. One write into the slot of each stub (stub_code.py) sends all opens to the
   new set.
4. The old set is removed when all opens that it saw begin have ended. The open
   of a FIFO that nobody else opens can last as long as the trace.
"""

from __future__ import annotations

import _thread
import errno
import os
import time
from contextlib import ExitStack
from typing import Generator

from opensnooplib.base.errors import OpensnoopError, as_sentence
from opensnooplib.base.messages import Messages, counted
from opensnooplib.base.privileged import ask
from opensnooplib.compile.handover import Handover
from opensnooplib.compile.launch import Room
from opensnooplib.kernel import ran_out
from opensnooplib.live import changes, retirement
from opensnooplib.live.status_area import StatusArea
from opensnooplib.live.watcher import NOT_RELOADED, Save, Watcher
from opensnooplib.source import c_text
from opensnooplib.source.c_text import Source
from opensnooplib.trace.program_set import ProgramSet
from opensnooplib.trace.proof import Result
from opensnooplib.trace.running_trace import Trace

_NOTHING = Source("", {})

# Work that is done in steps, none of which waits.
_Steps = Generator[None, None, None]


class Live:
    """Live editing, stepped in each round of the trace."""

    def __init__(
        self, trace: Trace, result: Result, messages: Messages
    ) -> None:
        """Watch what the trace was built from.

        `result` is that of the launch, whose warnings were shown.
        """
        self._trace = trace
        self._told = result.warnings()
        self._area = StatusArea(trace.options.output)
        messages.write = self._area.write
        self._messages = messages
        self._path = c_text.path_of(trace.options.probe)
        self._shown = trace.job.source  # what the trace runs
        self._tried = self._shown  # the last C that could be read
        self._reload: _Steps | None = None
        self._retiring: list[_Steps] = []  # old program sets
        with as_sentence("cannot watch the C"):
            watcher = Watcher(trace.job)
        trace.rings.add_own_process(watcher.pid)
        self._watcher: Watcher | None = watcher
        self._stuck = ""  # a file whose file system doesn't answer
        messages.note(
            f"{changes.names(trace.newest.taken.files)} will be reloaded when "
            "saved"
        )

    def step(self) -> None:
        """Do what is due, without waiting for anything."""
        self._area.draw()
        self._retiring = [one for one in self._retiring if not _is_last(one)]
        if self._watcher:
            self._hear(self._watcher)
        if self._reload and _is_last(self._reload):
            self._reload = None

    def stop(self) -> None:
        """Give up what is being compiled: the trace ends."""
        self._area.leave()
        if self._watcher:
            self._watcher.end()
        if self._reload:
            self._reload.close()
        for room in self._trace.rooms:
            room.wait_for_end()

    def _hear(self, watcher: Watcher) -> None:
        """Hear of a save, or of a file system that doesn't answer."""
        try:
            found = watcher.saved()
        except EOFError:
            self._watcher = None
            self._messages.warn(
                "the process that watches the C was killed: from now on, no "
                "save is noticed; start the trace again"
            )
            return
        if found:
            self._take_in(*found)
            watcher.go_on()
        stuck, self._stuck = self._stuck, watcher.waits_for()
        if self._stuck and not stuck:
            self._messages.warn(
                f"{c_text.shown_name(self._stuck)}: its file system does not "
                "answer, and no save is noticed until it does"
            )

    def _take_in(self, save: Save, size: int) -> None:
        """Begin a reload if the C has changed."""
        found = save.source
        if not save.why_not and found.text == self._tried.text:
            return
        self._area.is_past = True
        if self._reload:
            self._messages.note("saved again: stopped the earlier compile")
            self._reload.close()
            self._reload = None
        if save.why_not:
            self._tried = _NOTHING
            self._tell(OpensnoopError(save.why_not, save.detail))
            return
        self._tried = found
        if found.text == self._shown.text:
            self._messages.note("the C is again that of the running trace")
            return
        changed = changes.files(self._shown, found)
        if changed and not set(changed) & set(self._trace.newest.taken.files):
            plan = self._trace.job.plan
            for path in changed:
                self._messages.note(changes.not_used(path, self._path, plan))
            self._shown = found  # the same, for the running trace
            return
        reload = self._reloading(found, save.at, size)
        # Begun at once: the save stays in memory until the watcher goes on.
        self._reload = None if _is_last(reload) else reload

    def _reloading(self, found: Source, saved_at: float, size: int) -> _Steps:
        """Compile the save, which takes `size` bytes in memory, and switch.

        If that fails or is given up, the trace stays as it was.
        """
        trace = self._trace
        try:
            with as_sentence(NOT_RELOADED), ExitStack() as undo:
                self._tried = _NOTHING  # a later save of the same C may work
                room = self._start_room(found, size)
                undo.callback(trace.rooms.append, room)
                undo.callback(room.give_up)
                self._tried = found
                while not room.is_done():
                    yield
                handover = room.wait().handover
                undo.callback(_thread.start_new_thread, handover.close, ())
                undo.callback(self._run_previous)
                self._messages.show("\n".join(handover.warnings))
                streams = [self._add_stream(undo) for _ in handover.outputs]
                while not (proven := self._prove(handover, streams)):
                    yield
                new, result = proven
                trace.stubs.switch(new.programs)
                undo.pop_all()
        except OpensnoopError as error:
            self._tell(error)
            return
        trace.rooms.append(room)
        old, trace.newest = trace.newest, new
        trace.older.append(old)
        gone = trace.stubs.remove_others(new.programs)
        self._retiring.append(self._retire(old, gone))
        self._say(old, new, time.monotonic() - saved_at)
        self._warn(result)
        self._shown = found

    def _retire(self, old: ProgramSet, stubs: list[int]) -> _Steps:
        """Remove an old program set.

        If that fails, it stays until the trace ends. `stubs` are descriptors
        of those that only this set needed.
        """
        try:
            with as_sentence("old programs stay until the trace ends"):
                yield from retirement.steps(self._trace, old, stubs)
        except OpensnoopError as error:
            self._messages.report(error)

    def _add_stream(self, undo: ExitStack) -> int:
        try:
            stream = self._trace.rings.add_stream()
            undo.callback(self._trace.rings.drop_stream, stream)
            return stream
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            raise OpensnoopError(
                "cannot reload: the programs of "
                f"{counted(len(self._retiring), 'earlier version')} of the C "
                "still wait for opens to end that they hold in the map start "
                "or requests: start the trace again, with C that deletes "
                "entries when opens end"
            ) from None

    def _start_room(self, found: Source, size: int) -> Room:
        slots = self._trace.stubs.names
        room = Room(
            self._trace.job._replace(source=found, have_slots=slots),
            lambda *fds: int(ask("compile", fds, size, *slots)),
        )
        self._trace.rings.add_own_process(room.pid)
        return room

    def _tell(self, error: OpensnoopError) -> None:
        self._messages.report(ran_out.explained(error) or error)
        self._messages.warn("the trace continues with the previous C")

    def _prove(
        self, handover: Handover, streams: list[int]
    ) -> tuple[ProgramSet, Result] | None:
        """Let the new programs see opens by the tool. Raises OpensnoopError.

        Returns None where the output has no room for rows now.
        """
        trace = self._trace
        try:
            new = ProgramSet(
                trace.rings, streams, handover, trace.options, trace.newest
            )
            new.put_headings()
            trace.stubs.take(handover)
            result = trace.try_out(
                new, new.count_from_here, lambda: new.lost() + new.missed()
            )
        except BlockingIOError:
            trace.stubs.switch(trace.newest.programs)
            return None
        return new, result

    def _run_previous(self) -> None:
        """Let the stubs call no other programs than the trace's."""
        programs = self._trace.newest.programs
        self._trace.stubs.switch(programs)
        gone = self._trace.stubs.remove_others(programs)
        _thread.start_new_thread(_close_all, (gone,))

    def _say(self, old: ProgramSet, new: ProgramSet, seconds: float) -> None:
        used = {*old.taken.files, *new.taken.files}
        changed = changes.files(self._shown, self._tried)
        files = changes.names(path for path in changed if path in used)
        # Where only a folder was renamed, no file has changed.
        files = files or c_text.shown_name(self._path)
        self._messages.note(
            f"{files}: reloaded in {seconds:.2f} s, "
            + changes.of_columns(old.columns, new.columns)
        )
        moved = changes.of_targets(old.programs, new.programs)
        if moved:
            self._messages.warn(
                f"{moved}: attached elsewhere now, so that for some ms "
                "neither the old program ran nor the new one"
            )
        unpaired = changes.of_pairs(list(old.programs), list(new.programs))
        if unpaired:
            self._messages.warn(
                f"{unpaired}: opens under way may be shown twice or not at "
                "all, since their entry and exit are now paired differently"
            )

    def _warn(self, result: Result) -> None:
        """Warn of what the old programs saw and the new ones don't see."""
        told, self._told = self._told, result.warnings()
        for warning in self._told:
            if warning not in told:
                self._messages.warn(warning)


def _is_last(steps: _Steps) -> bool:
    """Take the next step. Returns whether it was the last."""
    over = object()
    return next(steps, over) is over


def _close_all(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)
