# SPDX-License-Identifier: Apache-2.0
"""The compile room: a child process that holds BCC, and is gone after launch.

It compiles the C, loads and attaches the programs, hands their descriptors
over, and leaves. The trace keeps none of the compiler's memory, and nothing
that goes wrong in the compiler can end it. launch.py starts it.
"""

from __future__ import annotations

import os
import signal
import socket
from typing import Callable, Container, List, Mapping, NamedTuple, NoReturn
from typing import Optional

from opensnooplib.compile import tail_calls, handover
from opensnooplib.source.known_maps import START_MAP
from opensnooplib.compile.bcc_program import (
    EVENTS_MAP,
    SUMMARY_MAPS,
    Compiled,
    CompilerError,
    VerifierError,
    printed_from,
)
from opensnooplib.compile.handover import Handover
from opensnooplib.explain.room_failure import RoomFailure
from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.kernel import hooks, this_kernel, limits, tracefs, ways
from opensnooplib.kernel.ways import NO_WAYS, Ways
from opensnooplib.options import Options
from opensnooplib.rows.schema import Schema
from opensnooplib.kernel import program_names
from opensnooplib.source import declarations, defines, kernel_headers, c_text
from opensnooplib.compile import own_source
from opensnooplib.selection import kernel_selection
from opensnooplib.source.c_text import Source
from opensnooplib.summary import kernel_counts

# Of include/uapi/linux/limits.h.
_PATH_MAX = 4096

# A compile takes 0.3 s on a host and 7 s in an emulator.
PATIENCE_SECONDS = 120


# Shows the file that was opened, which only the kernel's structs tell.
NEEDS_STRUCTS = "open_by_handle_at"

# The "plan" of --source: its programs attach where their names say.
SOURCE = "source"


class Job(NamedTuple):
    options: Options
    source: Source
    plan: str
    functions: Mapping[str, str]  # of the kernel, see hooks.py
    tool_pid: int
    folder: str  # for headers, see remove_headers()
    install_rings: Callable[[int], None]
    # With --live: the programs for which the running trace has slots.
    have_slots: Optional[Container[str]] = None


def make_source(job: Job, other_ways: Ways = NO_WAYS) -> str:
    """The C for this job on this kernel; tracefs must be mounted."""
    text = c_text.with_defines(
        job.source.text,
        defines.plan(job.plan, _calls(job), job.functions, job.tool_pid)
        + ([("NO_RETURN_IS_MISSED", "1")] if _links_kprobes(job) else [])
        + other_ways.defines
        + kernel_selection.defines(job.options)
        + defines.columns(job.options)
        + (defines.directories(job.options) if has_structs() else [])
        + (kernel_counts.defines() if job.options.summary else []),
    )
    own_source.check_hooks(text, job.source)
    if job.plan == SOURCE:
        own_source.check(job.source, job.options)
        text = own_source.with_layout(text)
    return text


def has_structs() -> bool:
    """Can the C use the kernel's own structs here?"""
    return (
        this_kernel.has_btf()
        or kernel_headers.choose().kind != kernel_headers.Kind.SMALL_TREE
    )


def find_ways(job: Job) -> Ways:
    """What the plan sees besides its syscalls; tracefs must be mounted."""
    if job.plan == SOURCE:
        return NO_WAYS
    return ways.find(job.options.all_ways, job.functions)


def _calls(job: Job) -> List[str]:
    """Which syscalls the plan sees."""
    calls = tracefs.open_calls() or list(tracefs.OPEN_CALLS)
    if job.functions:
        calls = [
            call
            for call in tracefs.OPEN_CALLS
            if f"{call.upper()}_FUNCTION" in job.functions
        ]
    needs = () if has_structs() else (NEEDS_STRUCTS,)
    return [call for call in calls if call not in needs]


def run(job: Job, connection: socket.socket, compiler_output: int) -> NoReturn:
    """The room's whole life. Hands over what it made, or why it couldn't."""
    try:
        _become_room(compiler_output)
        _work_and_hand_over(job, connection)
    finally:
        # A normal exit would let BCC detach what was just handed over.
        os._exit(0)


def remove_headers(job: Job) -> None:
    """The room does it when it has compiled, the trace room if it crashed."""
    if os.path.lexists(job.folder):
        import shutil  # costs a launch 3 ms

        shutil.rmtree(job.folder, ignore_errors=True)


def _work_and_hand_over(job: Job, connection: socket.socket) -> None:
    try:
        handover.send(connection, _work(job))
    except Exception as error:  # whatever BCC raises must reach the person
        handover.send_failure(connection, _failure(error))


def _failure(error: Exception) -> RoomFailure:
    without_descriptor = limits.ran_out(error, printed_from(0))
    if without_descriptor:
        return RoomFailure(limits.sentence(without_descriptor))
    if not isinstance(error, OpensnoopError):
        sentence = f"BCC failed: {type(error).__name__}: {error}"
        return RoomFailure(sentence, compiler_spoke=True)
    return RoomFailure(
        error.sentence,
        compiler_spoke=isinstance(error, (CompilerError, SourceError)),
        source_is_wrong=isinstance(error, SourceError),
        verifier_spoke=isinstance(error, VerifierError),
        c_line=getattr(error, "c_line", ""),
        hints=error.detail,
    )


def _become_room(compiler_output: int) -> None:
    # Should the trace room be killed, nobody else ends a compiler that hangs.
    signal.alarm(PATIENCE_SECONDS)
    # Ctrl-C is for the trace room, which then ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    # BCC and LLVM write their messages there, from C++.
    os.dup2(compiler_output, 1)
    os.dup2(compiler_output, 2)
    if not _folder_has_name():
        os.chdir("/")


def _folder_has_name() -> bool:
    """BCC asks for the working directory's, and comes back to it.

    It may be gone, or too deep for PATH_MAX.
    """
    try:
        return len(os.getcwdb()) < _PATH_MAX
    except OSError:
        return False


def _work(job: Job) -> Handover:
    without_tracefs = _prepare_tracefs(job)
    other_ways = find_ways(job)
    text = make_source(job, other_ways)
    if without_tracefs and own_source.tracepoints(text):
        raise without_tracefs
    chosen = kernel_headers.choose()
    flags: List[str] = []
    for name in ("BCC_KERNEL_SOURCE", "BCC_LINUX_VERSION_CODE"):
        os.environ.pop(name, None)  # what we say was taken must be taken
    if chosen.kind == kernel_headers.Kind.UNPACKED:
        os.environ["BCC_KERNEL_SOURCE"] = chosen.folder
    elif chosen.kind == kernel_headers.Kind.SMALL_TREE:
        _make_small_tree(job.folder, text)
        flags = kernel_headers.small_tree_flags(job.folder)
        os.environ["BCC_KERNEL_SOURCE"] = job.folder
    try:
        compiled = Compiled(
            text,
            flags,
            lambda program: own_source.place_of(program, job.source),
            _links_kprobes(job),
        )
    except SourceError as error:
        hint = kernel_headers.hint(printed_from(0), chosen)
        error.detail = "\n".join(filter(None, [error.detail, hint]))
        raise
    finally:
        remove_headers(job)
    compiled.load(job.options.verifier_log)
    compiled.know_maps(lambda name, way: _refuse_map(job, name, way))
    compiled.let_call_again(
        tail_calls.places(compiled.programs, job.functions)
    )
    job.install_rings(compiled.map_fd(EVENTS_MAP))
    if job.have_slots is None:
        compiled.attach()
    else:
        compiled.attach_for_swaps(job.have_slots, job.tool_pid)
    declared = declarations.of_event(text)
    schema = compiled.schema(declared)
    schema.check_fields(declared)
    if job.plan != SOURCE:
        schema.check_path_is_last(declared)
    sizes = compiled.sent_sizes()
    return Handover(
        schema=schema.as_sent(max(sizes)) if sizes else schema,
        doubts=_doubts(schema, sizes, job) + _doubts_of_pairs(compiled, job),
        calls=_calls(job) + other_ways.seen,
        unproven=other_ways.unproven,
        unseen=other_ways.unseen,
        headers=chosen.reason,
        map_list=compiled.map_list() if job.options.watch_maps else [],
        start_map=compiled.start_map(),
        requests_map=compiled.requests_map(),
        maps={
            name: compiled.map_fd(name)
            for name in (
                EVENTS_MAP,
                # Programs in one would be forgotten if nobody held it.
                *compiled.known_maps,
                *kernel_selection.map_names(job.options),
                *(SUMMARY_MAPS if job.options.summary else ()),
            )
        },
        programs=compiled.programs,
        attachments=compiled.attachments,
        stubs=compiled.stubs,
        sorters=compiled.sorters,
        ways=compiled.ways,
        slots=compiled.slots,
    )


def _refuse_map(job: Job, name: str, written: str) -> None:
    """Raises SourceError for a map that must be as the frontend reads it.

    In somebody's own C, one that no option needs is something else.
    """
    if job.plan != SOURCE or name in kernel_selection.map_names(job.options):
        raise SourceError(
            f"{own_source.place_of_map(name, job.source)}the frontend reads "
            f"the map {name}, which must be {written}: give a map of another "
            "kind another name"
        )


def _doubts(schema: Schema, sizes: List[int], job: Job) -> List[str]:
    """Fields that are not sent: who leaves them out seldom wants to."""
    size = min(sizes, default=0)
    unsent = [f.name for f in schema.as_sent(size).fields if not f.is_sent]
    if not sizes or not unsent:
        return []
    return [
        f"{own_source.place_of_submit(job.source)}: warning: a record is sent "
        f"with {size} bytes of struct event, too few for "
        f"{', '.join(unsent)}: write sizeof(struct event)"
    ]


def _doubts_of_pairs(compiled: Compiled, job: Job) -> List[str]:
    """Of what begins before a save and ends after it, the map start tells."""
    if job.have_slots is None:
        return []
    start = compiled.start_map()
    if start and not start.flag_size and job.plan != SOURCE:
        return [
            f"{own_source.place_of_map(START_MAP, job.source)}warning: the "
            f"values of the map {START_MAP} have no field under_way, by which "
            "the frontend knows what hasn't ended: programs from before a "
            "save never go"
        ]
    if start or job.plan != SOURCE:
        return []
    return [
        f"{own_source.place_of_map(name, job.source)}warning: the map {name} "
        f"keeps what began for {program_names.place_of(end)}: call it start, or "
        "each save loses what is under way"
        for name, end in compiled.kept_for_ends().items()
    ]


def _links_kprobes(job: Job) -> bool:
    """What somebody's own kprobes are put on needn't suit a link."""
    return job.plan == "kprobe" and hooks.has_kprobe_multi()


def _make_small_tree(folder: str, text: str) -> None:
    try:
        os.mkdir(folder, mode=0o700)
        kernel_headers.make_small_tree(folder, text)
    except OSError as error:
        raise OpensnoopError(
            f"cannot write headers for the compiler to {folder}: "
            f"{error.strerror}; make room there"
        ) from None


def _prepare_tracefs(job: Job) -> Optional[OpensnoopError]:
    """Returns why there is none, for what can do without."""
    try:
        tracefs.mount_for_this_process()
    except OpensnoopError as error:
        return error
    needs_calls = job.plan != SOURCE and not job.functions
    if needs_calls and not tracefs.open_calls():
        raise OpensnoopError(
            "this kernel has no tracepoints for syscalls: it needs "
            "CONFIG_FTRACE_SYSCALLS"
        )
    return None
