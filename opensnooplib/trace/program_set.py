# SPDX-License-Identifier: Apache-2.0
"""A program set: the programs, maps and streams of one compile.

A trace has one. With --live, each save of the C makes the next, and an old one
stays until all opens that it saw begin have ended.
"""

from __future__ import annotations

from typing import Sequence

from opensnooplib.base import libc, native_library
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.compile.handover import Handover
from opensnooplib.kernel import bpf_objects, function_names, program_names
from opensnooplib.kernel.bpf_objects import HashCount
from opensnooplib.options import Options
from opensnooplib.reader import Reader
from opensnooplib.recording import description
from opensnooplib.rows import row_format
from opensnooplib.rows.column_choice import Column
from opensnooplib.rows.row_format import LINES
from opensnooplib.rows.schema import Schema
from opensnooplib.selection import criteria, reader_filter
from opensnooplib.source import known_maps

# enum counter of bpf_src/record.h
LOST, MISSED, NOT_FOLLOWED = 0, 1, 2


class ProgramSet:
    """Programs, maps, and the streams of records that they send."""

    def __init__(
        self,
        rings: Reader,
        streams: Sequence[int],
        taken: Handover,
        options: Options,
        older: ProgramSet | None = None,
    ) -> None:
        """For `streams` of `rings`, one for each output.

        `older` is the program set that it replaces, if there is one.
        Raises OpensnoopError for a struct event that can't be shown.
        """
        self.taken = taken
        self.streams = streams
        self._rings = rings
        self._options = options
        self._before = [0, 0]
        self.from_ns = 0
        lines_map = known_maps.PRINTK_MAP
        self.outputs = [o for o in taken.outputs if o.name != lines_map]
        _check_number([one.name for one in self.outputs], options)
        if not self.outputs:  # then what was asked for lacks its fields
            reader_filter.of_selection(options, Schema(()), taken.decided)
        are_several = len(self.outputs) > 1
        self.formats = [
            row_format.choose(one.schema, options, one.name * are_several)
            for one in self.outputs
        ]
        if lines_map in taken.maps:
            lines = LINES._replace(shows_own=options.selection.own)
            rings.set_format(streams[-1], lines)
            rings.install(streams[-1], taken.maps[lines_map])
        for stream, output, one in zip(streams, self.outputs, self.formats):
            one = one._replace(in_any_task=taken.sees_packets)
            how = options, output.schema, taken.decided
            fits = reader_filter.of_selection(*how)
            until = reader_filter.of_until(options, output.schema)
            rings.set_format(stream, one, fits, until)
            put = rings.map_buffer if output.is_ring_buffer else rings.install
            put(stream, taken.maps[output.name])
        has_callers = any(one.has_callers for one in self.formats)
        names_callers = has_callers and not options.output.record
        kinds = [one.facts.kind for one in taken.map_list]
        has_stacks = options.probe.maps and known_maps.STACK_TRACE in kinds
        if names_callers or has_stacks:
            rings.name_callers()
        if has_stacks:
            function_names.by_address()  # later, the trace can't read them
        older_maps = older.taken.maps if older else None
        criteria.fill_maps(options.selection, taken.maps, older_maps)
        # What --set has set while the trace ran, by its beginning.
        self._settings: dict[str, str] = {}
        for text in older._settings.values() if older else ():
            self.set_element(text)

    def set_element(self, text: str) -> None:
        """Set MAP[KEY]=VALUE, here and in sets that replace this one.

        Raises OpensnoopError.
        """
        from opensnooplib.compile import map_settings  # seldom needed

        taken = self.taken
        map_settings.set_element(text, taken.map_list, taken.map_fds)
        self._settings[text.partition("=")[0]] = text

    @property
    def programs(self) -> dict[str, int]:
        return self.taken.programs

    @property
    def columns(self) -> list[Column]:
        """Those of all outputs."""
        return [column for one in self.formats for column in one.columns]

    def put_headings(self) -> None:
        """Write headings of the rows, or the description of the records."""
        for stream, one in zip(self.streams, self.formats):
            heading = one.heading()
            if self._options.output.record:
                heading = description.describe(
                    one.schema, self.taken.calls, self._options
                )
            self._rings.put_heading(stream, heading)

    def _counter(self, index: int) -> int:
        counters = self.taken.maps.get(known_maps.COUNTERS_MAP)
        if counters is None:  # the C of --source may have none
            lost = sum(map(self._rings.lost_of, self.streams))
            return lost if index == LOST else 0
        return bpf_objects.percpu_array_sum(counters, index)

    @property
    def counts_itself(self) -> bool:
        """Does the C count? If not, only the kernel's reports are known."""
        return known_maps.COUNTERS_MAP in self.taken.maps or not self.outputs

    def count_from_here(self) -> None:
        """Leave out what was counted before the trace."""
        self._before = [self._counter(LOST), self._counter(MISSED)]
        self.from_ns = native_library.kernel_clock_ns()

    def lost(self) -> int:
        return self._counter(LOST) - self._before[LOST]

    def missed(self) -> int:
        return self._counter(MISSED) - self._before[MISSED]

    def not_followed(self) -> int:
        """Children that were not seen, or for which the map had no room."""
        follower = self.programs.get(program_names.FOLLOWER)
        if follower is None or not self.counts_itself:
            return 0
        return self._counter(NOT_FOLLOWED) + bpf_objects.program_misses(
            follower
        )

    def is_under_way(self) -> bool:
        """Has it seen an open begin that hasn't ended yet?"""
        return any(self._count(one).flagged for one in self.taken.under_way)

    def start_count(self) -> HashCount | None:
        """The entries of the map "start", and those that are under way."""
        name = known_maps.START_MAP
        return self._count(name) if name in self.taken.under_way else None

    def _count(self, name: str) -> HashCount:
        map_fd, flag = self.taken.maps[name], self.taken.under_way[name][:2]
        return HashCount(*bpf_objects.hash_count(map_fd, *flag))

    def unended_requests(self, until_ns: int) -> int:
        """Opens through io_uring that began in the trace and haven't ended.

        Later ones than `until_ns` are left out. The end of some was not seen.
        """
        name = known_maps.REQUESTS_MAP
        layout = self.taken.under_way.get(name)
        if layout is None or layout.began < 0:
            return 0
        return bpf_objects.hash_count_between(
            self.taken.maps[name], layout.began, self.from_ns, until_ns
        )

    def detach(self) -> None:
        """Detach the programs.

        Each waits for the kernel's RCU, so they are detached in threads: half
        of the time, or less.
        """
        import threading  # not needed before

        threads = []
        for fd in self.taken.attachments.values():
            thread = threading.Thread(target=libc.hang_up, args=(fd,))
            try:
                thread.start()
            except RuntimeError:  # this user may have no more threads
                libc.hang_up(fd)
            else:
                threads.append(thread)
        for thread in threads:
            thread.join()
        self.taken.attachments.clear()

    def close(self) -> None:
        """Detach, and give the programs and maps back."""
        self.taken.close()


def _check_number(outputs: Sequence[str], options: Options) -> None:
    """Raise OpensnoopError for options that need one output, or any."""
    output = options.output
    needs_one = output.record or output.summary or output.once
    needs_any = options.columns.names or output.row_limit or output.output_file
    if (needs_one and len(outputs) != 1) or (needs_any and not outputs):
        raise OpensnoopError(
            "--record, --summary, --top and --once need C with one output, "
            "--columns, --count and -o need at least one: this C has "
            + (" and ".join(outputs) or "none")
        )
