# SPDX-License-Identifier: Apache-2.0
"""A trace, from the options to the last message.

It opens the rings, lets the compile room attach programs that write to them,
proves that opens are seen, and writes rows until something ends it.
"""

from __future__ import annotations

import errno
import math
import mmap
import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Callable, Iterator, Sequence

from opensnooplib.base import child, globs, monitor, output_file
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.messages import Messages, counted
from opensnooplib.kernel import (
    capabilities,
    cgroups,
    confinement,
    lockdown,
    ran_out,
    this_kernel,
    why_no_bpf,
)
from opensnooplib.options import Chosen, Options, Output
from opensnooplib.reader import Reader, State
from opensnooplib.recording import recorder
from opensnooplib.selection import pinned_maps
from opensnooplib.trace import output_destination, ring_size
from opensnooplib.trace.ending_signals import EndingSignals
from opensnooplib.trace.exec_command import Command
from opensnooplib.trace.for_monitor import ReaderWork

if TYPE_CHECKING:
    from opensnooplib.trace.proof import Result
    from opensnooplib.trace.running_trace import Trace

# The interval, in ms, at which the rings are read if few opens happen, so that
# rows come promptly.
_TICK_MS = 40

# A Ctrl-C at a terminal reaches the command of --exec, too. If that ends
# within this, what it opens until then is shown, and its status passed on.
_COMMAND_SECONDS = 0.2

Step = Callable[[], None]


def run(options: Options, messages: Messages, *steps: Step) -> int:
    """Trace as `options` say. Returns the exit status.

    `steps` are taken between rows, too: none may wait. Raises OpensnoopError
    if nothing can be traced.
    """
    ending = EndingSignals(
        _COMMAND_SECONDS if options.selection.command else 0
    )
    if options.output.top:
        from opensnooplib.summary import top_screen  # not needed for a trace

        top_screen.check_terminal()
    selection = options.selection
    looker = 0
    if selection.globs:  # in a child: a file server may not answer
        notes = globs.of_directories(selection.globs)
        looker = child.fork(lambda: [*map(messages.note, notes)])
    pinned_maps.check(selection)
    output = output_destination.open_output(options.output)
    command: Command | None = None
    pids = selection.pids.wanted
    has_ended: Callable[[], bool] = bool
    if selection.command:
        command = Command(
            selection.command, selection.exec_user, selection.follow
        )
        has_ended = command.has_ended
        selection = selection._replace(pids=Chosen([command.pid]))
        options = options._replace(selection=selection)
    elif pids and not (selection.follow_children or selection.tid):
        from opensnooplib.trace import processes  # seldom needed

        has_ended = processes.have_ended(pids)
    rings = open_rings(options, messages)
    # All that compiles: the rings first.
    from opensnooplib.trace import plans, running_trace

    _start_monitor(options, rings, output)
    trace, result = plans.attach(options, rings, messages)
    for warning in result.warnings():
        messages.warn(warning)
    for note in _notes(options, result, rings.lacks_libdw):
        messages.note(note)
    trace.begin(output)
    ending.wait_for_rows()
    at_end = ExitStack()
    steps += tuple(_steps(trace, result, messages, at_end))
    if looker:  # which has ended long ago, unless it hangs
        os.waitpid(looker, os.WNOHANG)
    _import_for_later(options)
    if not options.probe.no_drop:
        confinement.drop_privileges(messages)
    seen = ", ".join([*result.seen, *result.unproven])
    if not options.output.top:  # its screen says how to end it
        plan = trace.job.plan.name
        messages.note(f"watching {seen} (plan {plan}); Ctrl-C ends it")
    running_trace.tell_limits(options, messages, options.columns.full_path)
    if command:
        command.release()
    # After all that can fail:
    if options.output.keep and os.fstat(output).st_size:
        recorder.put_aside(output)
    output_file.empty(output)
    trace.put_heading()
    failure: OpensnoopError | None = None
    try:
        state = _write_rows(options.output, trace, ending, has_ended, steps)
    except OpensnoopError as error:
        failure, state = error, State.RUNNING
    at_end.close()
    state = max(state, trace.end())
    if failure:  # which the screen of --top would have hidden
        messages.report(failure)
    if command and not command.has_ended():
        which = "" if command.status is None else "a descendant of "
        which += f"{command.name} (PID {command.pid})"
        messages.note(f"{which} is still running")
    elif not command and has_ended():
        messages.note(
            "all processes of -p have ended"
            if len(pids) > 1
            else f"process {pids[0]} has ended"
        )
    is_nth_row = rings.counts().shown == options.output.row_limit
    is_last = state == State.COUNT_REACHED and not is_nth_row
    if options.output.until and is_last:
        messages.note("the open that --until waits for has happened")
    trace.tell()
    trace.detach()
    if options.probe.maps:  # now their contents no longer change
        from opensnooplib.trace import maps_view

        maps_view.show_all(trace)
    child.ignore_ending_signals()
    if state != State.OUTPUT_FAILED:
        status = command.status if command else None
        return int(failure is not None) or status or 0
    output_destination.tell_output_error(rings, options.output, messages)
    return 1


def _notes(
    options: Options, result: Result, lacks_libdw: bool
) -> Iterator[str]:
    """What to know about the rows, before they come."""
    selection = options.selection
    yield from result.notes()
    if lacks_libdw:
        yield "install libdw1 to see functions by name, not by file and offset"
    if this_kernel.pid_namespace() is not None:
        yield "running in a PID namespace: processes outside it have PID 0"
    for unit in map(os.fsdecode, selection.units.wanted):
        version_2 = [h for h in cgroups.hierarchies() if h.version == 2]
        if not cgroups.named(unit, version_2):
            then = "its opens are shown when it starts"
            yield (
                f"--unit {unit}: no cgroup of version 2 has this name now; "
                + (then if version_2 else "none is mounted here at all")
            )
    if keep := options.output.keep:
        name = options.output.record
        yield f"keeping the newest {keep.text}, in {name} and {name}.1"
    is_alone = selection.command and not selection.follow_children
    if is_alone and options.probe.source:
        yield (
            f"only {selection.command[0]} itself is traced: what its children "
            "do is shown with --children, if the C has FOLLOW_CHILDREN"
        )


def _start_monitor(options: Options, rings: Reader, output: int) -> None:
    """Start the child that keeps the privileges which the trace gives up."""
    at_end: Callable[[], object] = bool
    if options.probe.live:
        from opensnooplib.live.for_monitor import LiveWork

        at_end = LiveWork().end
    if options.output.keep:
        recorder.let_monitor_turn(options.output.record or "", output)
    ReaderWork(rings.pages)
    rings.add_own_process(os.getpid())
    rings.add_own_process(monitor.start(at_end))


def _import_for_later(options: Options) -> None:
    """Import what a trace may need later.

    Then it can open no file: for lack of rights, or since too many are open.
    """
    # pylint: disable=unused-import
    import json  # noqa: F401
    import threading  # noqa: F401

    this_kernel.possible_cpu_count()  # which is then known
    if "-" in options.probe.settings:
        import difflib  # noqa: F401

        from opensnooplib.compile import map_settings  # noqa: F401
    if options.probe.live:
        from opensnooplib.base import compiler_colors  # noqa: F401
        from opensnooplib.explain import compiler_messages  # noqa: F401


def _steps(
    trace: Trace, result: Result, messages: Messages, at_end: ExitStack
) -> Iterator[Step]:
    """What --live, --maps, --set and --hanging do between rows."""
    if trace.options.probe.live:
        from opensnooplib.live.live_editing import Live  # seldom needed

        live = Live(trace, result, messages)
        at_end.callback(live.stop)
        yield live.step
    if trace.options.probe.maps:
        from opensnooplib.trace import maps_view

        yield maps_view.steps(trace).__next__
    if seconds := trace.options.output.hanging:
        from opensnooplib.trace import under_way

        how = trace.rings, trace.program_sets, seconds
        yield under_way.rows(*how).__next__
    if "-" in trace.options.probe.settings:
        from opensnooplib.trace import set_lines

        yield set_lines.steps(trace, messages).__next__


def open_rings(options: Options, messages: Messages) -> Reader:
    """Open the perf rings of all CPUs. Raises OpensnoopError."""
    if lockdown.forbids_tracing() and capabilities.may_trace():
        raise OpensnoopError(lockdown.LOCKED_DOWN)
    cpus = this_kernel.online_cpus()
    pages = ring_size.pages_for_each_cpu(options.probe.buffer_pages, len(cpus))
    try:
        rings = ring_size.open_largest(cpus, pages, options)
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise OpensnoopError(
                f"no memory for {counted(pages, 'page')} for each CPU: choose "
                "a smaller -b"
            ) from None
        raise OpensnoopError(why_no_bpf.sentence(error.errno or 0)) from None
    messages.detail(
        f"perf rings: {counted(len(cpus), 'CPU')}, "
        f"{counted(rings.pages, 'page')} each"
    )
    if rings.pages < pages:
        kib = rings.pages * mmap.PAGESIZE >> 10
        messages.note(
            f"perf rings of {kib} KiB instead of "
            f"{pages * mmap.PAGESIZE >> 10} KiB for each CPU: this user may "
            "lock no more memory; "
            f"{ran_out.MORE_LOCKED_MEMORY} for larger ones"
        )
    return rings


def _write_rows(
    output: Output,
    trace: Trace,
    ending: EndingSignals,
    has_ended: Callable[[], bool],
    steps: Sequence[Step],
) -> State:
    """Write rows until a signal or a limit, or what is traced has ended."""
    end = time.monotonic() + (output.duration or math.inf)
    state = State.RUNNING
    while state == State.RUNNING:
        left_ms = (min(end, ending.deadline) - time.monotonic()) * 1000
        if left_ms < 1 or has_ended():
            break
        state = trace.poll(int(min(_TICK_MS, left_ms)))
        for step in steps:
            step()
    return state
