# SPDX-License-Identifier: Apache-2.0
"""The compile room: a child process that holds BCC, and is gone after launch.

It compiles the C, loads and attaches the programs, hands their descriptors
over, and leaves. The trace keeps none of the compiler's memory, and nothing
that goes wrong in the compiler can end it. launch.py starts it.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
from typing import (
    Any,
    Callable,
    Container,
    Dict,
    List,
    Mapping,
    NamedTuple,
    NoReturn,
)

from opensnooplib import (
    declarations,
    defines,
    diagnosis,
    handover,
    headers,
    source,
    tracefs,
)
from opensnooplib.options import Options
from opensnooplib.errors import OpensnoopError, SourceError
from opensnooplib.handover import Handover, RoomFailure
from opensnooplib.schema import Schema

# A compile takes 0.3 s on a host and 7 s in an emulator.
PATIENCE_SECONDS = 120

# What the frontend needs of the C, by name. The value of the last one is
# struct event: BCC tells a map's layout, and so the struct's.
EVENTS_MAP = "events"
COUNTERS_MAP = "counters"
EVENT_BUFFER_MAP = "scratch"


class _Hook(NamedTuple):
    """How BCC's names for functions say where they attach."""

    prefix: str
    what: str
    program_type: str  # attribute of bcc.BPF
    attach: str  # method of bcc.BPF
    fds: str  # where it keeps the descriptors


_HOOKS = (
    _Hook(
        "tracepoint__",
        "tracepoint",
        "TRACEPOINT",
        "attach_tracepoint",
        "tracepoint_fds",
    ),
    _Hook(
        "kprobe__", "kernel function", "KPROBE", "attach_kprobe", "kprobe_fds"
    ),
    _Hook(
        "kretprobe__",
        "return of the kernel function",
        "KPROBE",
        "attach_kretprobe",
        "kprobe_fds",
    ),
    _Hook(
        "kretfunc__",
        "exit of the kernel function",
        "TRACING",
        "attach_kretfunc",
        "kfunc_exit_fds",
    ),
)


def _hook_of(name: str) -> _Hook:
    for hook in _HOOKS:
        if name.startswith(hook.prefix):
            return hook
    raise OpensnoopError(
        f"the name of {name} in the C doesn't say where it attaches: use "
        "TRACEPOINT_PROBE, KRETFUNC_PROBE, or begin it with kprobe__ or "
        "kretprobe__"
    )


# The program that sees the end of something, and the one for its begin.
_PAIRS = (
    ("tracepoint__syscalls__sys_exit_", "tracepoint__syscalls__sys_enter_"),
    ("kretprobe__", "kprobe__"),
    ("kretfunc__", "kfunc__"),
)


def sees_first(name: str, programs: Container[str]) -> bool:
    """Is this the first of `programs` that sees an open?"""
    for end, begin in _PAIRS:
        if name.startswith(end):
            return name.replace(end, begin, 1) not in programs
    return name.startswith(tuple(begin for _, begin in _PAIRS))


class Job(NamedTuple):
    options: Options
    plan: str
    functions: Mapping[str, str]  # of the kernel, see hooks.py
    tool_pid: int
    folder: str  # for headers, see remove_headers()
    install_rings: Callable[[int], None]


class _CompilerError(OpensnoopError):
    """What BCC printed belongs to the sentence."""


def make_source(job: Job) -> str:
    """The C for this job on this kernel; tracefs must be mounted."""
    return source.assemble(
        source.default_path(),
        defines.plan(job.plan, _calls(job), job.functions, job.tool_pid)
        + defines.selection(job.options)
        + defines.columns(job.options),
    )


def _calls(job: Job) -> List[str]:
    """Which syscalls the plan sees."""
    if not job.functions:
        return tracefs.open_calls() or list(tracefs.OPEN_CALLS)
    return list(tracefs.OPEN_CALLS)


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
    except OpensnoopError as error:
        failure = RoomFailure(
            error.sentence,
            compiler_spoke=isinstance(error, (_CompilerError, SourceError)),
            source_is_wrong=isinstance(error, SourceError),
        )
        handover.send_failure(connection, failure)
    except Exception as error:  # whatever BCC raises must reach the person
        sentence = f"BCC failed: {type(error).__name__}: {error}"
        handover.send_failure(connection, RoomFailure(sentence, True))


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


def _work(job: Job) -> Handover:
    _prepare_tracefs(job)
    text = make_source(job)
    chosen = headers.choose()
    flags: List[str] = []
    for name in ("BCC_KERNEL_SOURCE", "BCC_LINUX_VERSION_CODE"):
        os.environ.pop(name, None)  # what we say was taken must be taken
    if chosen.kind == headers.Kind.UNPACKED:
        os.environ["BCC_KERNEL_SOURCE"] = chosen.folder
    elif chosen.kind == headers.Kind.SMALL_TREE:
        _make_small_tree(job.folder, text)
        flags = headers.small_tree_flags(job.folder)
        os.environ["BCC_KERNEL_SOURCE"] = job.folder
    try:
        compiled = _Compiled(text, flags)
    finally:
        remove_headers(job)
    compiled.load()
    job.install_rings(compiled.map_fd(EVENTS_MAP))
    compiled.attach()
    return Handover(
        schema=compiled.schema(declarations.of_event(text)),
        calls=_calls(job),
        headers=chosen.reason,
        maps={
            name: compiled.map_fd(name) for name in (EVENTS_MAP, COUNTERS_MAP)
        },
        programs=compiled.programs,
        attachments=compiled.attachments,
    )


def _make_small_tree(folder: str, text: str) -> None:
    try:
        os.mkdir(folder, mode=0o700)
        headers.make_small_tree(folder, text)
    except OSError as error:
        raise OpensnoopError(
            f"cannot write headers for the compiler to {folder}: "
            f"{error.strerror}; make room there"
        ) from None


def _prepare_tracefs(job: Job) -> None:
    try:
        tracefs.mount_for_this_process()
    except OpensnoopError:
        if not job.functions:
            raise
        return  # the other plans can do without
    if not job.functions and not tracefs.open_calls():
        raise OpensnoopError(
            "this kernel has no tracepoints for syscalls: it needs "
            "CONFIG_FTRACE_SYSCALLS"
        )


class _Compiled:
    """The C, compiled by BCC. Methods raise OpensnoopError."""

    def __init__(self, text: str, flags: List[str]) -> None:
        import bcc  # only here: the trace room must never load it

        class Program(bcc.BPF):  # type: ignore[misc]
            """BCC would attach at once what it compiled; rings go first."""

            def _trace_autoload(self) -> None:
                pass

        self._bcc = bcc
        try:
            self._program = Program(
                text=text.encode(errors="surrogateescape"), cflags=flags
            )
        except Exception:
            raise SourceError("the C does not compile") from None
        self.programs: Dict[str, int] = {}
        self.attachments: Dict[str, int] = {}

    def _names(self) -> List[str]:
        lib, module = self._bcc.lib, self._program.module
        count = lib.bpf_num_functions(module)
        return [
            lib.bpf_function_name(module, i).decode() for i in range(count)
        ]

    def load(self) -> None:
        for name in self._names():
            program_type = getattr(self._bcc.BPF, _hook_of(name).program_type)
            try:
                function = self._program.load_func(name.encode(), program_type)
            except Exception:
                self._refuse_to_load(name)
            self.programs[name] = function.fd

    def _refuse_to_load(self, name: str) -> NoReturn:
        import ctypes

        error = ctypes.get_errno()
        if error == errno.EPERM:
            raise OpensnoopError(diagnosis.why_no_bpf(error)) from None
        raise _CompilerError(
            f"the kernel refuses the program {name}: {os.strerror(error)}"
        ) from None

    def attach(self) -> None:
        """Begins last: one without its end would be counted as missed."""
        by_order = sorted(
            self.programs, key=lambda name: sees_first(name, self.programs)
        )
        for name in by_order:
            hook = _hook_of(name)
            event = name[len(hook.prefix) :]
            try:
                self._attach_one(hook, event, name)
            except Exception:
                raise _CompilerError(
                    f"cannot attach to the {hook.what} {event}"
                ) from None
        for hook in _HOOKS:
            for place, found in getattr(self._program, hook.fds).items():
                # BCC 0.19 and later can have several programs in one place.
                by_program = found if isinstance(found, dict) else {b"": found}
                for program, fd in by_program.items():
                    self.attachments[(place + b" " + program).decode()] = fd

    def _attach_one(self, hook: _Hook, event: str, name: str) -> None:
        attach = getattr(self._program, hook.attach)
        if hook.attach == "attach_tracepoint":
            attach(
                tp=event.replace("__", ":", 1).encode(), fn_name=name.encode()
            )
        elif hook.attach == "attach_kretfunc":
            attach(fn_name=name.encode())
        else:
            attach(event=event.encode(), fn_name=name.encode())

    def map_fd(self, name: str) -> int:
        fd: int = self._bcc.lib.bpf_table_fd(
            self._program.module, name.encode()
        )
        if fd < 0:
            raise OpensnoopError(
                f'the C has no map "{name}", which the frontend reads: see '
                "bpf_src/record.h"
            )
        return fd

    def schema(self, declared: Dict[str, declarations.Declaration]) -> Schema:
        """Of struct event, which the text declares so."""
        self.map_fd(EVENT_BUFFER_MAP)
        description: bytes = self._bcc.lib.bpf_table_leaf_desc(
            self._program.module, EVENT_BUFFER_MAP.encode()
        )
        return Schema.from_bcc(
            description.decode(), self._struct_size(), declared
        )

    def _struct_size(self) -> int:
        import ctypes

        leaf_size: Any = self._bcc.lib.bpf_table_leaf_size
        leaf_size.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        leaf_size.restype = ctypes.c_size_t
        size: int = leaf_size(self._program.module, EVENT_BUFFER_MAP.encode())
        return size
