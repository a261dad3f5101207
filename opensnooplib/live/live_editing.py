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
from typing import List, Optional, Tuple

from opensnooplib.base.errors import OpensnoopError, as_sentence
from opensnooplib.base.messages import Messages, counted
from opensnooplib.base.privileged import ask
from opensnooplib.compile.launch import Launched, Room
from opensnooplib.kernel import limits
from opensnooplib.live import changes
from opensnooplib.live.retirement import Retirement
from opensnooplib.live.watcher import NOT_RELOADED, Save, Watcher
from opensnooplib.source import c_text
from opensnooplib.source.c_text import Source
from opensnooplib.trace import proof
from opensnooplib.trace.program_set import ProgramSet
from opensnooplib.trace.proof import Result
from opensnooplib.trace.running_trace import Trace

_NOTHING = Source("", {})


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
        self._messages = messages
        self._path = c_text.path_of(trace.options.probe)
        self._shown = trace.job.source  # what the trace runs
        self._tried = self._shown  # the last C that could be read
        self._stream = 0  # of the C that is being reloaded
        self._work: Optional[Room] = None
        self._launched: Optional[Launched] = None
        self._saved = 0.0
        self._old: List[Retirement] = []
        with as_sentence("cannot watch the C"):
            watcher = Watcher(trace.job)
        trace.rings.add_own_process(watcher.pid)
        self._watcher: Optional[Watcher] = watcher
        self._stuck = ""  # a file whose file system doesn't answer
        messages.note(
            f"{changes.names(trace.newest.taken.files)} will be reloaded when "
            "saved"
        )

    def step(self) -> None:
        """Do what is due, without waiting for anything."""
        self._old = [one for one in self._old if not self._is_gone(one)]
        if self._watcher:
            self._hear(self._watcher)
        if self._work and self._work.is_done():
            self._take_over(self._work)
        if self._launched:
            self._swap(self._launched)

    def _is_gone(self, old: Retirement) -> bool:
        """Is it gone? One that fails to go stays until the trace ends."""
        try:
            with as_sentence("old programs stay until the trace ends"):
                return old.step()
        except OpensnoopError as error:
            self._messages.report(error)
            return True

    def stop(self) -> None:
        """Give up what is being compiled: the trace ends."""
        if self._watcher:
            self._watcher.end()
        if self._work:
            self._work.give_up()
            self._trace.rooms.append(self._work)
        if self._launched:
            self._drop(self._launched)
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
                "save is noticed; begin a new trace"
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
        """Begin to compile if the C has changed."""
        if save.why_not:
            self._give_up()
            self._tried = _NOTHING
            self._tell(OpensnoopError(save.why_not, save.detail))
            return
        found = save.source
        if found.text == self._tried.text:
            return
        self._give_up()
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
        self._saved = save.at
        try:
            with as_sentence(NOT_RELOADED):
                self._begin(found, size)
        except OpensnoopError as error:
            self._tried = _NOTHING  # a later save of the same C may work
            self._tell(error)

    def _give_up(self) -> None:
        """Give up the reload of an earlier save, if there is one."""
        work, self._work = self._work, None
        if work:
            self._messages.note("saved again: stopped the earlier compile")
            work.give_up()
            self._trace.rooms.append(work)
            self._trace.rings.drop_stream(self._stream)
        if self._launched:
            self._drop(self._launched)

    def _begin(self, found: Source, size: int) -> None:
        """Begin to compile the save in memory, which takes `size` bytes."""
        rings = self._trace.rings
        try:
            self._stream = rings.add_stream()
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            raise OpensnoopError(
                "cannot reload: "
                f"{counted(len(self._old), 'old program set')} still waiting "
                "for opens to end that they hold in the map start or "
                "requests: begin a new trace, with C that deletes entries "
                "when opens end"
            ) from None
        try:
            slots = self._trace.stubs.names
            self._work = Room(
                self._trace.job._replace(source=found, have_slots=slots),
                lambda *fds: int(ask("compile", fds, size, *slots)),
            )
        except BaseException:
            rings.drop_stream(self._stream)
            raise
        rings.add_own_process(self._work.pid)

    def _take_over(self, work: Room) -> None:
        self._work = None
        try:
            with as_sentence(NOT_RELOADED):
                self._launched = work.wait()
        except OpensnoopError as error:
            self._trace.rooms.append(work)
            self._trace.rings.drop_stream(self._stream)
            self._tell(error)
            return
        self._messages.show("\n".join(self._launched.handover.warnings))

    def _tell(self, error: OpensnoopError) -> None:
        self._messages.report(limits.explained(error) or error)
        self._messages.warn("the trace continues with the previous C")

    def _swap(self, launched: Launched) -> None:
        try:
            with as_sentence(NOT_RELOADED):
                try:
                    new, result = self._prove(launched)
                except BlockingIOError:
                    return  # the output has no room now: try in the next round
                self._trace.stubs.switch(new.programs)
        except OpensnoopError as error:
            self._drop(launched)
            self._tell(error)
            return
        self._launched = None
        trace, old = self._trace, self._trace.newest
        trace.rooms.append(launched.room)
        trace.newest = new
        trace.older.append(old)
        gone = trace.stubs.remove_others(new.programs)
        self._old.append(Retirement(trace, old, gone))
        self._say(old, new)
        self._warn(result)
        self._shown = self._tried

    def _prove(self, launched: Launched) -> Tuple[ProgramSet, Result]:
        """Let the new programs see opens by the tool. Raises OpensnoopError.

        Raises BlockingIOError where the output has no room for rows.
        """
        trace = self._trace
        new = ProgramSet(
            trace.rings,
            self._stream,
            launched.handover,
            trace.options,
            older=trace.newest,
        )
        new.put_heading()
        trace.stubs.take(launched.handover)
        trace.stubs.show_tool(new.programs)
        if not trace.job.plan.runs_bpf_src:
            new.count_from_here()
            return new, Result([], [], [])
        try:
            result = proof.prove(
                trace.rings,
                new.taken.calls,
                trace.options.columns,
                new.count_from_here,
                lambda: new.lost() + new.missed(),
            )
        except BlockingIOError:
            trace.stubs.switch(trace.newest.programs)
            raise
        return new, result

    def _drop(self, launched: Launched) -> None:
        """Leave the trace as it was before."""
        trace = self._trace
        self._launched = None
        trace.stubs.switch(trace.newest.programs)
        close_aside(trace.stubs.remove_others(trace.newest.programs))
        trace.rings.drop_stream(self._stream)
        trace.rooms.append(launched.room)
        _thread.start_new_thread(launched.handover.close, ())

    def _say(self, old: ProgramSet, new: ProgramSet) -> None:
        took = time.monotonic() - self._saved
        used = {*old.taken.files, *new.taken.files}
        changed = changes.files(self._shown, self._tried)
        files = changes.names(path for path in changed if path in used)
        # Where only a folder was renamed, no file has changed.
        files = files or c_text.shown_name(self._path)
        self._messages.note(
            f"{files}: reloaded in {took:.2f} s, "
            + changes.of_columns(old.format.columns, new.format.columns)
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


def close_aside(fds: List[int]) -> None:
    """Close in a thread: detaching waits for the kernel's RCU."""

    def close() -> None:
        for fd in fds:
            os.close(fd)

    if fds:
        _thread.start_new_thread(close, ())
