# SPDX-License-Identifier: Apache-2.0
"""A trace: attached programs, the rings they write to, and what is counted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable, Container

from opensnooplib.base import native_library
from opensnooplib.base.errors import as_sentence
from opensnooplib.base.messages import Messages, counted
from opensnooplib.compile.launch import Launched
from opensnooplib.kernel import bpf_objects, program_names
from opensnooplib.options import Options
from opensnooplib.reader import Reader, State
from opensnooplib.recording.recorder import Recorder
from opensnooplib.trace import proof, under_way
from opensnooplib.trace.online_cpus import CpuFollower
from opensnooplib.trace.program_set import ProgramSet
from opensnooplib.trace.switchboard import Switchboard

if TYPE_CHECKING:
    from opensnooplib.summary.summing import Summing

# A program that has taken its record's time completes it within this, also
# in a virtual machine whose CPU stands still for a while.
_COMPLETION_SECONDS = 0.02

# Opens under way that are named at the end, at most.
_MOST_NAMED = 10


class Trace:
    """A trace from begin() to end(); then tell() says what was shown."""

    def __init__(
        self,
        rings: Reader,
        launched: Launched,
        options: Options,
        messages: Messages,
    ) -> None:
        """Raises OpensnoopError for a struct event that can't be shown."""
        self.rings = rings
        self.job = launched.job
        self.rooms = [launched.room]
        self.compiler_said = launched.messages
        self.options = options
        self._messages = messages
        rings.add_own_process(launched.room.pid)
        self._cpus = CpuFollower(rings)
        self._recorder: Recorder | None = None
        self._summing: Summing | None = None
        self._left: list[str] = []  # opens that were under way at the end
        with as_sentence("the C has too many outputs"):
            more = [rings.add_stream() for _ in launched.handover.outputs[1:]]
        self.newest = ProgramSet(rings, [0, *more], launched.handover, options)
        self.older: list[ProgramSet] = []
        # Counts of program sets that are gone.
        self.past_lost = self.past_missed = self.past_not_followed = 0
        self.stubs = Switchboard(self._counts_if_skipped)
        self.stubs.take(launched.handover)

    def prove(self) -> proof.Result:
        """Prove that opens are seen; the trace begins at the last of them."""

        def lost() -> int:
            return self.lost() + self.missed()

        result = self.try_out(self.newest, self._count_from_here, lost)
        self.stubs.switch(self.newest.programs)
        self._began = time.monotonic()
        taken = self.newest.taken
        return result._replace(unproven=taken.unproven, why_not=taken.unseen)

    def try_out(
        self,
        program_set: ProgramSet,
        count_from_here: Callable[[], None],
        lost: Callable[[], int],
    ) -> proof.Result:
        """Let a program set see opens by the tool, and by nobody else.

        The C of --source is not tried: only its author knows what it should
        see. See proof.prove() for the rest.
        """
        if not self.job.plan.runs_bpf_src:
            count_from_here()
            return proof.Result(program_set.taken.calls, [], [])
        self.stubs.show_tool(program_set.programs)
        calls, columns = program_set.taken.calls, self.options.columns
        return proof.prove(self.rings, calls, columns, count_from_here, lost)

    def _count_from_here(self) -> None:
        self.newest.count_from_here()
        self._skipped_before = self._skipped()

    def begin(self, output: int) -> None:
        """Begin with rows, a recording or a summary, to `output`.

        Nothing is written before put_heading().
        """
        options = self.options
        self.rings.set_output(output)
        self.rings.start(options.output)
        if options.output.record:
            self.rings.done = "recorded"
            how = self.rings, options.output, output
            self._recorder = Recorder(*how, self._missing, self._messages)
        if options.output.summary or options.output.once:
            from opensnooplib.summary.summing import Summing  # not for rows

            now_ns = native_library.kernel_clock_ns()
            self._summing = Summing(self.rings, options, now_ns)

    def put_heading(self) -> None:
        """Write the heading of the rows, which the next poll() writes."""
        self.newest.put_headings()

    def poll(self, timeout_ms: int) -> State:
        """Wait for records, and write the rows of those that came."""
        self._cpus.follow(self.lost)
        self._leave_rooms()
        if self._recorder and self._recorder.step():
            self.put_heading()
        state = self.rings.poll(timeout_ms)
        if self._summing and not self._summing.step(
            self.rings.read_until_ns()
        ):
            state = max(state, State.OUTPUT_CLOSED)  # by q
        return state

    def _leave_rooms(self) -> None:
        """Forget compile rooms that have ended, some time after their work."""
        for room in list(self.rooms):
            if room.has_ended():
                self.rooms.remove(room)
                self.rings.end_own_process(room.pid)

    def _skipped(self) -> int:
        """Opens that the kernel ran no program for."""
        if self.stubs.names:
            return self.stubs.misses()
        programs = self.newest.programs
        return sum(
            bpf_objects.program_misses(fd)
            for name, fd in programs.items()
            if self._counts_if_skipped(name, programs)
        )

    def _counts_if_skipped(self, name: str, programs: Container[str]) -> bool:
        """Does an event count as missed if the kernel skips this program?

        In the tool's own C, a skipped end is counted by the C. In that of
        --source, each program may be what its author looks for.
        """
        return not self.job.plan.runs_bpf_src or program_names.sees_first(
            name, programs
        )

    def program_sets(self) -> list[ProgramSet]:
        return [*self.older, self.newest]

    def lost(self) -> int:
        """Records that found no room in the rings."""
        return self.past_lost + sum(one.lost() for one in self.program_sets())

    def missed(self) -> int:
        """Opens that found the map full, and programs that were skipped."""
        skipped = self._skipped() - self._skipped_before
        missed = sum(one.missed() for one in self.program_sets())
        return self.past_missed + skipped + missed

    def _missing(self) -> tuple[int, int]:
        return self.lost(), self.missed()

    def not_followed(self) -> int:
        """Processes that --children asks for, and that are not traced."""
        return self.past_not_followed + sum(
            one.not_followed() for one in self.program_sets()
        )

    def end(self) -> State:
        """Write the rows of all opens until now."""
        until_ns = native_library.kernel_clock_ns()
        self._seconds = time.monotonic() - self._began
        time.sleep(_COMPLETION_SECONDS)
        sets = self.program_sets()
        requests = sum(one.unended_requests(until_ns) for one in sets)
        self.past_missed += requests
        how = until_ns, _MOST_NAMED
        left = [open for one in sets for open in under_way.find(one, *how)]
        self._left = [open.text(until_ns) for open in left[:_MOST_NAMED]]
        known = requests + sum(one.thread > 0 for one in left)
        if known > len(self._left):
            self._left.append(f"{known - len(self._left)} more")
        if self._summing:
            return self._summing.end(until_ns)
        state = self.rings.finish(until_ns)
        if self._recorder:
            self._recorder.put_counts(ended=True)
            state = max(state, self.rings.finish(until_ns))
        return state

    def tell(self) -> None:
        """The last line: what was shown, and what was not."""
        if self.not_followed():
            many = counted(self.not_followed(), "process", "processes")
            self._messages.warn(
                f"opens by {many} that could not be followed are missing"
            )
        for open_left in self._left:
            self._messages.note(f"still under way: {open_left}")
        more = ""
        if not self.newest.counts_itself:
            more = "; lost only as the kernel reports it"
            if any(one.is_ring_buffer for one in self.newest.outputs):
                more += ", which it does not for BPF ring buffers"
            more += ": the C has no counters"
        missing = self._missing()
        tell_end(self._messages, self.rings, *missing, self._seconds, more)

    def detach(self) -> None:
        """Detach the programs, which takes a while."""
        self.stubs.close()
        for program_set in self.program_sets():
            program_set.detach()

    def close(self) -> None:
        """Detach, and give the programs and maps back."""
        self.detach()
        self._cpus.close()
        for program_set in self.program_sets():
            program_set.close()


def tell_limits(options: Options, messages: Messages, full_path: bool) -> None:
    """Say what is not found. `full_path`: have records the directories?"""
    if options.selection.by_root and not full_path:
        messages.note(
            "a pattern that starts with / doesn't match opens by relative "
            "names: their directories, which -F adds, are unknown here"
        )
    asks = options.selection.failed or options.output.summary
    if asks and options.probe.source is None and not options.output.top:
        messages.note(
            "only opens are seen, not what programs look for with stat or "
            "access"
        )


def tell_end(
    messages: Messages,
    shown: Reader,
    lost: int,
    missed: int,
    seconds: float,
    more: str = "",
) -> None:
    """The last line of a trace or of a replay: what was shown, what was not.

    It is a warning where something is missing. `seconds` is how long it took;
    `more` is what it ends with.
    """
    counts = shown.counts()
    parts = [
        f"{counts.shown} {shown.done}, {lost} lost, {counts.unreadable} "
        f"unreadable, {missed} missed"
    ]
    for count, what in (
        (shown.repeated, "repeated"),
        (counts.cut, "cut"),
        (counts.unsure, "unsure"),
        (shown.no_place, "not in the tables"),
        (counts.unwritten, "not written"),
    ):
        parts += [f"{count} {what}"] if count else []
    is_whole = not (lost or missed or counts.are_incomplete or shown.no_place)
    say = messages.note if is_whole else messages.warn
    say(f"{', '.join(parts)}, in {seconds:.1f} s{more}")
