# SPDX-License-Identifier: Apache-2.0
"""The compile room: a child process that holds BCC, and is gone after launch.

It compiles the C, loads and attaches the programs, hands their descriptors
over, and exits. The trace keeps none of the compiler's memory, and no failure
of the compiler can end the trace. launch.py starts the room.
"""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING, NoReturn, Sequence

from opensnooplib.base import child
from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.compile import handover, headers_folder, outputs
from opensnooplib.compile.attachments import Attachments
from opensnooplib.compile.bcc_maps import BccMaps
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.compile.compiler_output import (
    ERROR,
    CompilerError,
    VerifierError,
    add_to_printed,
    forget_printed,
    printed,
)
from opensnooplib.compile.handover import Handover
from opensnooplib.compile.job import Job
from opensnooplib.compile.make_source import (
    calls_of,
    compiled,
    find_ways,
    make_source,
)
from opensnooplib.compile.timeout import COMPILE_TIMEOUT_SECONDS
from opensnooplib.kernel import open_calls, ran_out, tracefs
from opensnooplib.rows.schema import Output
from opensnooplib.selection import criteria
from opensnooplib.source import (
    c_text,
    kernel_headers,
    locations,
    small_headers,
)
from opensnooplib.source.comments import without_comments
from opensnooplib.source.kernel_headers import Headers
from opensnooplib.source.known_maps import PRINTK_PROGRAM

if TYPE_CHECKING:
    from opensnooplib.rows.map_values import MapLayout

# clang optimizes, and then BCC does so again: without the first, a compile
# takes 30 ms less, but a verifier may refuse the result.
_OPTIMIZE_ONCE = ["-Xclang", "-disable-llvm-passes"]

# The compiler's warnings, as far as they are shown: nobody reads more.
_WARNINGS_SIZE = 1 << 16

# The size of the longest path: include/uapi/linux/limits.h.
_PATH_MAX = 4096


def run(job: Job, connection: socket.socket, compiler_output: int) -> NoReturn:
    """Do the job, hand over the result or the failure, and exit."""
    try:
        _become_room(compiler_output)
        _work_and_hand_over(job, connection)
    finally:
        headers_folder.remove(job)  # last, while nobody waits for it
        # A normal exit would let BCC detach what was just handed over.
        os._exit(0)


def _work_and_hand_over(job: Job, connection: socket.socket) -> None:
    try:
        handover.send(connection, _work(job))
    except Exception as error:  # whatever BCC raises must reach the user
        handover.send(connection, _failure(error, job))


def _failure(error: Exception, job: Job) -> OpensnoopError:
    without_descriptor = ran_out.errno_of(error, printed())
    if without_descriptor:
        return OpensnoopError(ran_out.sentence(without_descriptor))
    if not isinstance(error, OpensnoopError):
        without_memory = ran_out.why_no_memory(f"{error!r} {printed()}")
        if without_memory:
            return OpensnoopError(without_memory)
        error = CompilerError(f"BCC failed: {type(error).__name__}: {error}")
    error.detail = _explained(error, job)
    return error


def _explained(error: OpensnoopError, job: Job) -> str:
    """What BCC printed about the error, for a person."""
    if not isinstance(error, (CompilerError, SourceError)):
        return error.detail
    from opensnooplib.explain import compiler_messages  # seldom needed

    error.sentence = compiler_messages.with_short_names(
        error.sentence, job.source
    )
    if isinstance(error, VerifierError) and not job.options.probe.verifier_log:
        return compiler_messages.of_verifier(
            printed(), error.sentence, compiled(job)
        )
    return compiler_messages.of_compiler(
        printed(), compiled(job), error.detail
    )


def _warnings(maps: BccMaps, found: list[Output]) -> list[str]:
    """Those of the compiler, and more, for whoever writes the C."""
    job = maps.job
    if job.have_slots is None and job.plan.runs_bpf_src:
        return []
    from opensnooplib.compile import doubts  # seldom needed
    from opensnooplib.explain import compiler_messages

    said = compiler_messages.warnings(printed(), job.source)
    return [*filter(None, [said[:_WARNINGS_SIZE]]), *doubts.find(maps, found)]


def _become_room(compiler_output: int) -> None:
    # If the trace room is stopped, nothing else ends a compiler that hangs.
    signal.alarm(2 * COMPILE_TIMEOUT_SECONDS)
    for number in child.ENDING_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    # Ctrl-C is for the trace room, which then ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # BCC and LLVM write their messages to these descriptors, from C++.
    os.dup2(compiler_output, 1)
    os.dup2(compiler_output, 2)
    if not _folder_has_name():
        os.chdir("/")


def _folder_has_name() -> bool:
    """Does the working directory have a path? BCC needs it to return there.

    The directory may be removed, or its path longer than PATH_MAX.
    """
    try:
        return len(os.getcwdb()) < _PATH_MAX
    except OSError:
        return False


def _work(job: Job) -> Handover:
    _prepare_tracefs(job)
    other_ways = find_ways(job)
    text = make_source(job, other_ways)
    decided = None
    if not job.plan.runs_bpf_src:
        code = without_comments(job.source.text)
        decided = criteria.decided_by(job.options, code)
    chosen = kernel_headers.choose()
    program = _program(job, text, chosen)
    maps = BccMaps(program, job)
    found = outputs.find(maps)
    layouts: list[MapLayout] = []
    map_fds: dict[str, int] = {}
    if job.options.probe.maps or job.options.probe.settings:
        from opensnooplib.compile import map_layouts  # seldom needed

        layouts, map_fds = map_layouts.prepare(maps)
    shares_exit = job.plan.hook == "tracepoint"
    at_exit = open_calls.traced() if shares_exit else ()
    selection = job.options.selection
    pids = () if selection.follow_children else selection.pids.wanted
    attachments = Attachments(program, maps.known, at_exit, pids)
    if job.plan.runs_bpf_src:
        calls = calls_of(job) + other_ways.seen
    else:
        calls = [
            str(one) if one.hook.sees_packets else one.target
            for name in program.fds
            for one in program.attachments_of(name)
            if one.hook and name != PRINTK_PROGRAM
        ]
    is_live = job.have_slots is not None
    attachments.attach(
        job.have_slots, job.tool_pid if job.plan.runs_bpf_src else None
    )
    return Handover(
        outputs=found,
        warnings=_warnings(maps, found),
        calls=list(dict.fromkeys(calls)),
        unproven=other_ways.unproven,
        unseen=other_ways.unseen,
        headers=chosen.reason,
        files=list(c_text.compiled(text, job.source).files) if is_live else [],
        map_list=layouts,
        map_fds=map_fds,
        under_way=maps.under_way(),
        maps={
            name: maps.fd(name)
            for name in (
                *(one.name for one in found),
                *maps.known,
                # It forgets its programs unless it is held open.
                *(n.name for n in maps.all if n.kind == "program array"),
                *criteria.map_names(job.options.selection),
            )
        },
        programs=program.fds,
        attachments=attachments.fds,
        stubs=attachments.stubs,
        decided=decided,
        sees_packets=any(
            hook.sees_packets
            for name in program.fds
            for hook in program.hooks_of(name)
        ),
    )


def _program(job: Job, text: str, chosen: Headers) -> BccProgram:
    """The C, compiled and loaded.

    The tool's own C is first compiled with few fields of kernel structs and,
    if nobody edits it while it runs, the short way. If that fails, what the
    usual way says is reported.
    """
    if not job.plan.runs_bpf_src:
        return _compile_and_load(job, text, chosen)
    is_edited = job.have_slots is not None
    flags = [] if is_edited else _OPTIMIZE_ONCE
    try:
        return _compile_and_load(job, text, chosen, False, flags)
    except (SourceError, CompilerError) as error:
        is_refused = is_edited and isinstance(error, VerifierError)
        if is_refused or ran_out.errno_of(error, printed()):
            raise  # it would fail again
        forget_printed()
        headers_folder.remove(job)
        program = _compile_and_load(job, text, chosen)
        add_to_printed(f"compiled again, as usual: {error.sentence}\n")
        return program


def _compile_and_load(
    job: Job,
    text: str,
    chosen: Headers,
    all_fields: bool = True,
    more_flags: Sequence[str] = (),
) -> BccProgram:
    flags = headers_folder.prepare(job, chosen, text, all_fields)
    try:
        program = BccProgram(
            text,
            [*flags, *more_flags],
            lambda program: locations.of_program(program, compiled(job)),
            job.links_kprobes,
        )
        # LLVM 11, of BCC 0.18, reports a signed division as an error, and
        # makes a program all the same.
        if ERROR.search(printed()):
            raise SourceError("the C does not compile")
    except SourceError as error:
        from opensnooplib.explain import plain_words  # seldom needed

        hint = kernel_headers.hint(
            printed(), chosen, small_headers.includes_others(text)
        )
        lines = [error.detail, hint and plain_words.line(hint)]
        error.detail = "\n".join(filter(None, lines))
        raise
    program.load(job.options.probe.verifier_log)
    return program


def _prepare_tracefs(job: Job) -> None:
    """Mount tracefs if need be, and look for what the plan needs in it."""
    tracefs.mount_for_this_process()
    if job.plan.hook == "tracepoint" and not open_calls.traced():
        raise OpensnoopError(
            "this kernel has no tracepoints for syscalls: it needs "
            "CONFIG_FTRACE_SYSCALLS"
        )
