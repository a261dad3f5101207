# SPDX-License-Identifier: Apache-2.0
"""--replay: the rows of a recording, as if its opens were made now.

Nothing here needs root, BCC, or the kernel that the recording is from.
"""

from __future__ import annotations

import datetime
import os
import shlex
from typing import Callable

from opensnooplib.base import child, monitor, output_file
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.messages import Messages, counted
from opensnooplib.cli.column_list import OPTIONS
from opensnooplib.kernel import confinement
from opensnooplib.options import Columns, Options
from opensnooplib.reader import COUNTS_BLOCK, State
from opensnooplib.recording import description, recording_reader
from opensnooplib.recording.description import PATHS, Counts, Description
from opensnooplib.recording.recording_reader import RecordingReader
from opensnooplib.rows import row_format
from opensnooplib.selection import reader_filter
from opensnooplib.summary.summing import Summing
from opensnooplib.trace import output_destination
from opensnooplib.trace.ending_signals import EndingSignals
from opensnooplib.trace.for_monitor import ReaderWork
from opensnooplib.trace.running_trace import tell_end, tell_limits

_GIVEN, _FULL, _REAL = PATHS

# What a recording has in place of the paths that -F or -R asks for.
_INSTEAD = {
    _GIVEN: "has paths as programs gave them, without directories",
    _FULL: "has full paths (-F), but not those of the files really opened",
    _REAL: "has the paths of the files really opened (-R)",
    "": "doesn't say which kind of paths it has",
}

# How long to wait for a pipe before signals are checked.
_TICK_MS = 40


def run(options: Options, messages: Messages) -> int:
    """Replay as `options` say. Returns the exit status.

    Raises OpensnoopError for a file that is not a recording.
    """
    ending = EndingSignals()
    if options.output.top:
        from opensnooplib.summary import top_screen  # before rights are gone

        top_screen.check_terminal()
    replay = _Replay(options, messages)
    output = output_destination.open_output(options.output)
    replay.open_output(output)
    if not options.probe.no_drop:
        ReaderWork()
        monitor.start()  # it starts what finds names of users
        confinement.drop_privileges(messages)
    replay.await_start()
    replay.begin()
    ending.wait_for_rows()
    output_file.empty(output)
    replay.put_heading()
    try:
        while replay.is_running and not ending.received:
            replay.step()
    except OpensnoopError:  # a later description lacks what was asked for
        replay.end()
        raise
    status = replay.end(lambda: not ending.received)
    child.ignore_ending_signals()
    return status


class _Replay:
    def __init__(self, options: Options, messages: Messages) -> None:
        assert options.output.replay is not None
        self._options = options
        self._messages = messages
        self._name = (
            "stdin" if options.output.replay == "-" else options.output.replay
        )
        self._state = State.RUNNING
        self._described: Description | None = None
        self._began_ns = 0  # CLOCK_MONOTONIC
        self._damaged_at: int | None = None
        self._counts = Counts()  # the latest
        self._read_error = ""
        self._summing: Summing | None = None
        self._fd = self._open(options.output.replay)
        if os.path.exists(older := f"{options.output.replay}.1"):
            messages.note(f"{older} has what --keep recorded before")
        self._reader = RecordingReader(self._fd)

    def _open(self, path: str) -> int:
        if path == "-":
            return 0
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as error:
            raise self._error(error) from None

    def _error(self, error: OSError) -> OpensnoopError:
        return OpensnoopError(f"cannot read {self._name}: {error.strerror}")

    def open_output(self, output: int) -> None:
        """Write to `output` from now on. Raises OpensnoopError."""
        if output != 1 and os.path.sameopenfile(output, self._fd):
            name = self._options.output.output_file
            raise OpensnoopError(f"-o {name}: this is the recording itself")
        self._reader.set_output(output)

    def await_start(self) -> None:
        """Read up to the first description. Raises OpensnoopError."""
        try:
            why_not = recording_reader.read_header(self._fd)
        except OSError as error:
            raise self._error(error) from None
        if why_not:
            raise OpensnoopError(f"{self._name} {why_not}")
        while self._described is None and self.is_running:
            self.step()
        if self._described is None:
            why = self._trouble() or "has no description of its records"
            raise OpensnoopError(f"{self._name} {why}")

    def begin(self) -> None:
        """Prepare for rows: all that can fail is done here."""
        assert self._described
        self._set_format(self._described)
        self._messages.note(_introduction(self._name, self._described))
        full_path = self._described.paths in (_FULL, _REAL)
        tell_limits(self._options, self._messages, full_path)
        output = self._options.output
        self._reader.start(output)
        if output.summary or output.once:
            self._summing = Summing(
                self._reader, self._options, self._began_ns
            )

    @property
    def is_running(self) -> bool:
        return self._state == State.RUNNING

    def step(self) -> None:
        """Write the next rows, or read the next description."""
        try:
            self._state = self._reader.poll(_TICK_MS)
        except OSError as error:
            self._state = State.INPUT_DAMAGED
            self._read_error = error.strerror or str(error)
        if self._summing and not self._summing.step():
            self._state = State.COUNT_REACHED
        if self._state != State.AT_BLOCK:
            return
        self._state = State.RUNNING
        at = self._reader.counts().offset
        kind, body = self._reader.take_block()
        try:
            if kind == COUNTS_BLOCK:
                self._counts = description.parse_counts(body)
            else:
                self._describe(description.parse_description(body))
        except description.DamagedError:
            self._state = State.INPUT_DAMAGED
            self._damaged_at = at

    def _describe(self, described: Description) -> None:
        if self._described is None:
            self._described = described
            self._began_ns = described.clock.monotonic_ns
        else:
            self._set_format(described)
            self.put_heading()

    def _set_format(self, described: Description) -> None:
        schema = described.schema
        _check_columns(self._options.columns, described)
        if not described.boot or described.boot != description.THIS_BOOT:
            self._reader.forget_cgroups()
        self._format = row_format.choose(schema, self._options)
        clock = described.clock
        self._reader.wall_offset_ns = clock.wall_ns - clock.monotonic_ns
        began = self._began_ns
        fits = reader_filter.of_selection(self._options, schema, (), began)
        until = reader_filter.of_until(self._options, schema, began)
        self._reader.set_format(0, self._format, fits, until)

    def put_heading(self) -> None:
        self._reader.put_heading(0, self._format.heading())

    def end(self, stays: Callable[[], bool] = bool) -> int:
        """Write what is left and the last line. Returns the exit status.

        The screen of --top may stay on while `stays()`.
        """
        ended_ns = self._began_ns + int(self._seconds() * 1e9)
        if self._summing:
            output_state = self._summing.end(ended_ns, stays)
        else:
            output_state = self._reader.finish(ended_ns)
        missing = self._counts.lost, self._counts.missed
        tell_end(self._messages, self._reader, *missing, self._seconds())
        if output_state == State.OUTPUT_FAILED:
            output_destination.tell_output_error(
                self._reader, self._options.output, self._messages
            )
            return 1
        trouble = self._trouble()
        if trouble:
            self._messages.warn(f"{self._name} {trouble}")
        impossible = self._reader.counts().impossible
        if impossible:
            self._messages.warn(
                f"{self._name} has {counted(impossible, 'record')} shorter "
                "than declared, or longer than any, not shown"
            )
        return 1 if trouble or impossible else 0

    def _seconds(self) -> float:
        """How long the trace took, as far as the recording says."""
        ended_ns = self._counts.clock.monotonic_ns
        return max(0, ended_ns - self._began_ns) / 1e9

    def _trouble(self) -> str:
        """What is wrong with the file, or ""."""
        offset = self._damaged_at
        if offset is None:
            offset = self._reader.counts().offset
        if self._read_error:
            return f"can't be read after byte {offset}: {self._read_error}"
        if self._state == State.INPUT_DAMAGED:
            return (
                f"is damaged at byte {offset}: only what precedes it was shown"
            )
        if self._state == State.INPUT_CUT:
            return (
                f"is cut off: no whole record follows byte {offset}, and it "
                "isn't known what was lost at the end of the trace"
            )
        if self._state == State.INPUT_ENDED and not self._counts.ended:
            return (
                "is cut off: its records are whole, but the end of the trace "
                "is missing, and it isn't known what was lost there"
            )
        return ""


def _introduction(name: str, described: Description) -> str:
    words = shlex.join(described.command_line)
    try:
        began = datetime.datetime.fromtimestamp(
            described.clock.wall_ns // 10**9
        ).isoformat(" ")
    except (ValueError, OverflowError, OSError):
        began = "?"
    return (
        f"replaying {name}: recorded {began}, Linux {described.kernel} on "
        f"{described.machine}, by opensnoop {words}"
    )


def _check_columns(columns: Columns, described: Description) -> None:
    """Raises OpensnoopError where the recording lacks what is asked for."""
    for name in columns.beside:
        if described.schema.known(name) is None:
            raise _lacks(OPTIONS[name], f"has no field {name}")
    if not columns.full_path:
        return
    wanted = _REAL if columns.real_path else _FULL
    if described.paths != wanted:
        instead = _INSTEAD.get(described.paths, _INSTEAD[""])
        raise _lacks("-R" if columns.real_path else "-F", instead)


def _lacks(option: str, what: str) -> OpensnoopError:
    return OpensnoopError(
        f"{option}: the recording {what}; record with {option}, or replay "
        "without it"
    )
