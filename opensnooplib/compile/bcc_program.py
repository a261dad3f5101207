# SPDX-License-Identifier: Apache-2.0
"""What BCC makes of the C: programs that are loaded and attached, and maps.

Only in the compile room: the trace room must never load bcc.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
from typing import (
    AbstractSet,
    Any,
    Callable,
    Container,
    Dict,
    List,
    Mapping,
    NoReturn,
    Optional,
    Tuple,
)

from opensnooplib.kernel import bpf_objects
from opensnooplib.source import known_maps
from opensnooplib.kernel.bpf_objects import StartMap
from opensnooplib.source.known_maps import (
    REQUESTS_MAP,
    START_MAP,
    TAIL_CALLS_MAP,
    MapFacts,
)
from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.kernel import refusals, hooks, this_kernel, similar_hooks
from opensnooplib.explain import verifier_log
from opensnooplib.compile import stub
from opensnooplib.rows.schema import Schema
from opensnooplib.kernel import program_names
from opensnooplib.source import members, submits
from opensnooplib.compile import own_source
from opensnooplib.source.declarations import Declaration
from opensnooplib.source.members import Member

# What the frontend needs of the C, by name. The value of the last one is
# struct event: BCC tells a map's layout, and so the struct's. Other maps it
# reads if they are there: known_maps.py.
EVENTS_MAP = "events"
EVENT_BUFFER_MAP = "scratch"
# Of bpf_src/extra/summary.h, with --summary.
SUMMARY_MAPS = (
    "generation",
    "files",
    "short_names",
    "long_names",
    "processes",
    "errors",
    "times",
    "summary_counters",
)


class CompilerError(OpensnoopError):
    """What BCC printed belongs to the sentence."""


class VerifierError(CompilerError):
    """The kernel refuses a program; its log has been printed."""

    def __init__(self, sentence: str, c_line: str) -> None:
        super().__init__(sentence)
        self.c_line = c_line  # where, if the log doesn't say


# Of the kernel's log. A buffer that is too small keeps its end since Linux
# 6.4, and its begin before.
_LOG_SIZE = 64 * 1024
_WHOLE_LOG_SIZE = 4 << 20

# Of bcc_func_load() in those versions of BCC that take an attach type.
_LOAD_ARGUMENTS = 12

# enum bpf_attach_type: BPF_TRACE_KPROBE_MULTI; and BCC's to choose.
_KPROBE_MULTI, _BY_NAME = 42, -1

# A misspelled helper is taken for a function that is somewhere else.
_FLAGS = ["-Werror=implicit-function-declaration", "-Wuninitialized"]

# enum bpf_map_type of include/uapi/linux/bpf.h, of what BCC has macros for.
_TYPES = {
    1: "hash",
    2: "array",
    3: "program array",
    4: "perf event array",
    5: "per-CPU hash",
    6: "per-CPU array",
    7: "stack trace",
    8: "cgroup array",
    9: "LRU hash",
    10: "LRU per-CPU hash",
    11: "LPM trie",
    27: "ring buffer",
}


def printed_from(offset: int) -> str:
    """BCC prints to the compiler output, see compile_room.py."""
    size = os.fstat(2).st_size
    return os.pread(2, size - offset, offset).decode(errors="replace")


# BCC makes the maps while it compiles.
_MAP_REFUSED = re.compile(r"^could not open bpf map: (.*), error: (.*)$", re.M)


def _check_maps(printed: str) -> None:
    """Raises OpensnoopError where one is refused that the C can't mend."""
    refused = _MAP_REFUSED.search(printed)
    if not refused:
        return
    name, why = refused.groups()
    if why == os.strerror(errno.EPERM):
        raise OpensnoopError(refusals.why_no_bpf(errno.EPERM)) from None
    if why == os.strerror(errno.ENOMEM):
        raise OpensnoopError(
            f"the kernel has no memory for the map {name}: free some, or give "
            "the map fewer entries in the C"
        ) from None


class Compiled:
    """The C, compiled by BCC. Methods raise OpensnoopError."""

    def __init__(
        self,
        text: str,
        flags: List[str],
        where: Callable[[str], str],
        kprobe_multi: bool = False,
    ) -> None:
        """`where` tells where the C has a program: own_source.place_of().

        kprobe_multi: have kprobes attach so, if BCC can load for it.
        """
        import bcc

        class Program(bcc.BPF):  # type: ignore[misc]
            """BCC would attach at once what it compiled; rings go first."""

            def _trace_autoload(self) -> None:
                pass

        self._bcc = bcc
        self._kprobe_multi = (
            kprobe_multi
            and len(bcc.lib.bcc_func_load.argtypes) == _LOAD_ARGUMENTS
        )
        self._where = where
        self.known_maps: Dict[str, MapFacts] = {}
        try:
            self._program = Program(
                text=text.encode(errors="surrogateescape"),
                cflags=[*_FLAGS, *flags],
            )
        except Exception:
            _check_maps(printed_from(0))
            hints = similar_hooks.instead_of_unknown(printed_from(0))
            raise SourceError(
                "the C does not compile", "\n".join(hints)
            ) from None
        self.programs: Dict[str, int] = {}
        self.attachments: Dict[str, int] = {}
        self.stubs: Dict[str, int] = {}
        self.sorters: Dict[str, int] = {}
        self.ways: Dict[str, int] = {}
        self.slots: Dict[str, int] = {}

    def _names(self) -> List[str]:
        lib, module = self._bcc.lib, self._program.module
        count = lib.bpf_num_functions(module)
        return [
            lib.bpf_function_name(module, i).decode() for i in range(count)
        ]

    def _type_of(self, name: str) -> int:
        hook = program_names.hook_of(name, self._where)
        program_type: int = getattr(self._bcc.BPF, hook.program_type)
        return program_type

    def _is_multi(self, name: str) -> bool:
        is_kprobe = program_names.hook_of(name).kind == "kprobe"
        return self._kprobe_multi and is_kprobe

    def load(self, with_log: bool = False) -> None:
        """with_log: have BCC print what the verifier says, whatever it is."""
        if with_log:
            self._program.debug = (
                self._bcc.DEBUG_BPF | self._bcc.DEBUG_BPF_REGISTER_STATE
            )
        for name in self._names():
            how = [name.encode(), self._type_of(name)]
            if self._is_multi(name):
                how += [None, _KPROBE_MULTI]
            try:
                function = self._program.load_func(*how)
            except Exception:
                self._refuse_to_load(name)
            self.programs[name] = function.fd
        if not self.programs:
            raise SourceError(
                "the C has no function that attaches anywhere: write one with "
                "TRACEPOINT_PROBE(category, event) or another of BCC's macros"
            )

    def _load(
        self, name: str, code: bytes, log: Any = None, level: int = 1
    ) -> int:
        """Other instructions under a program's name.

        From the name BCC knows what an fentry is of. Returns a descriptor, or
        a negative number. The arguments are those with which BCC loads its
        own programs; later versions have more of them. `log` is a buffer for
        what the verifier says, at `level`; without one, BCC prints it.
        """
        lib, module = self._bcc.lib, self._program.module
        text = ctypes.create_string_buffer(code, len(code))
        arguments = [
            module,
            self._type_of(name),
            name.encode(),
            ctypes.cast(text, ctypes.c_void_p),
            len(code),
            lib.bpf_module_license(module),
            lib.bpf_module_kern_version(module),
            0 if log is None else level,
            log,
            0 if log is None else len(log),
            None,  # device
            _KPROBE_MULTI if self._is_multi(name) else _BY_NAME,
        ]
        loaded: int = lib.bcc_func_load(
            *arguments[: len(lib.bcc_func_load.argtypes)]
        )
        return loaded

    def _refuse_to_load(self, name: str) -> NoReturn:
        error = ctypes.get_errno()
        self._check_is_there(name)
        if error == errno.EPERM:
            raise OpensnoopError(refusals.why_no_bpf(error)) from None
        if this_kernel.version() < (5, 17, 0):
            self._print_registers(name)
        raise VerifierError(
            f"the kernel refuses the program for the "
            f"{program_names.hook_of(name).what} {program_names.place_of(name)}: "
            + (
                verifier_log.TOO_LARGE
                if error == errno.E2BIG
                else os.strerror(error)
            ),
            self._c_line(name, error),
        ) from None

    def know_maps(self, refuse: Callable[[str, str], None]) -> None:
        """Find those that the frontend reads, once programs are loaded.

        `refuse` is told each other map of such a name, and how the frontend's
        is written.
        """
        counters = 3 if program_names.FOLLOWER in self.programs else 2
        event_size = self._value_size(self._layout_map())
        shapes = known_maps.shapes(event_size, counters)
        self.known_maps = known_maps.choose(self.map_list(), shapes)
        for name, shape in shapes.items():
            if name not in self.known_maps and self._has_map(name):
                refuse(name, shape.written)

    def let_call_again(self, places: Mapping[int, str]) -> None:
        """Put programs into their places in TAIL_CALLS_MAP, if the C has it."""
        if TAIL_CALLS_MAP in self.known_maps:
            for place, name in places.items():
                bpf_objects.set_slot(
                    self.map_fd(TAIL_CALLS_MAP), place, self.programs[name]
                )

    def _code(self, name: str) -> bytes:
        lib, module = self._bcc.lib, self._program.module
        size = lib.bpf_function_size(module, name.encode())
        start = lib.bpf_function_start(module, name.encode())
        return ctypes.string_at(start, size)

    def _print_registers(self, name: str) -> None:
        """The log again, as older kernels tell it at level 2 alone."""
        log = ctypes.create_string_buffer(_WHOLE_LOG_SIZE)
        self._load(name, self._code(name), log, 2)
        if len(log.value) < _WHOLE_LOG_SIZE - 1:
            os.write(2, log.value)

    def _c_line(self, name: str, error: int) -> str:
        """Where the program is refused, as the verifier would say it.

        BCC takes EINVAL and E2BIG for a kernel without BTF, and tries again
        without line numbers. So the very instruction is exchanged for one that
        the verifier refuses with another errno: it reads outside of the stack.
        """
        code = bytearray(self._code(name))
        if error == errno.EINVAL:
            place = verifier_log.last_instruction(printed_from(0))
        elif error == errno.E2BIG and this_kernel.version() >= (6, 4, 0):
            tail = ctypes.create_string_buffer(_LOG_SIZE)
            self._load(name, bytes(code), tail)
            place = verifier_log.last_instruction(tail.value.decode())
        else:
            return ""
        if place is None or 8 * place >= len(code):
            return ""
        code[8 * place : 8 * place + 8] = stub.instruction(0x79, 0, 10, 8)
        before = os.fstat(2).st_size
        fd = self._load(name, bytes(code))
        if fd >= 0:
            os.close(fd)
        log = printed_from(before)
        os.ftruncate(2, before)
        os.lseek(2, before, os.SEEK_SET)
        return verifier_log.last_c_line(log)

    def _check_is_there(self, name: str) -> None:
        """Raises OpensnoopError where the kernel has no such hook."""
        hook, place = program_names.hook_of(name), program_names.place_of(name)
        similar_hooks.check(hook, place, lambda: self._where(name))
        why_not = hooks.KINDS[hook.kind]()
        if why_not:
            raise OpensnoopError(
                f"{self._where(name)}no program can attach to the {hook.what} "
                f"{place} here: {why_not}"
            ) from None

    def attach(self) -> None:
        """Begins last: one without its end would be counted as missed."""
        for name in sorted(self.programs, key=self._sees_first):
            self._attach_one(name)

    def attach_for_swaps(self, have_slots: Container[str], pid: int) -> None:
        """With a stub in place of each program that a swap exchanges.

        Those in `have_slots` have one already. Slots stay empty here.
        """
        for name in sorted(self.programs, key=self._sees_first):
            # A follower keeps the map of its own generation.
            if self._only_ends(name) or name == program_names.FOLLOWER:
                self._attach_one(name)
            elif name not in have_slots:
                self._put_stub(name, pid)
                self._attach_one(name)

    def _sees_first(self, name: str) -> bool:
        return program_names.sees_first(name, self.programs)

    def _only_ends(self, name: str) -> bool:
        """An end does nothing where it finds no begin in the map."""
        if name == program_names.REQUEST_END:
            return REQUESTS_MAP in self.known_maps
        return START_MAP in self.known_maps and program_names.only_ends(
            name, self.programs
        )

    def _put_stub(self, name: str, tool_pid: int) -> None:
        """From here on BCC takes the stub for the program."""
        slots = bpf_objects.create_slots(stub.SLOTS)
        way = bpf_objects.create_number()
        fd = self._load_stub(name, stub.of_stub(slots, way))
        self.ways[name] = way
        self.slots[name] = slots
        self.stubs[name] = fd
        self.sorters[name] = self._load_stub(
            name, stub.of_sorter(slots, tool_pid)
        )
        self._program.funcs[name.encode()] = self._bcc.BPF.Function(
            self._program, name.encode(), fd
        )

    def _load_stub(self, name: str, code: bytes) -> int:
        fd = self._load(name, code)
        if fd < 0:
            raise CompilerError(
                f"the kernel refuses a stub for {name} "
                f"({os.strerror(ctypes.get_errno())}), so it can't be swapped:"
                " leave out --live"
            )
        return fd

    def _attach_one(self, name: str) -> None:
        if self._is_multi(name):
            self._attach_multi(name)
            return
        hook = program_names.hook_of(name)
        place = program_names.place_of(name)
        arguments = {"fn_name": name.encode()}
        if hook.place:
            arguments[hook.place] = place.encode()
        if hook.place == "event" and place.startswith("sys_"):
            # sys_openat, for example, is __x64_sys_openat here.
            arguments["event"] = self._program.get_syscall_fnname(
                place[len("sys_") :].encode()
            )
        before = self._attached_fds(hook)
        try:
            getattr(self._program, hook.attach)(**arguments)
        except Exception:
            self._check_is_there(name)
            raise CompilerError(
                f"cannot attach to the {hook.what} {place}"
            ) from None
        (self.attachments[name],) = self._attached_fds(hook) - before

    def _attach_multi(self, name: str) -> None:
        fd = self.stubs.get(name, self.programs[name])
        hook, place = program_names.hook_of(name), program_names.place_of(name)
        at_return = hook.attach == "attach_kretprobe"
        try:
            self.attachments[name] = bpf_objects.kprobe_multi_attach(
                fd, place, at_return
            )
        except OSError as error:
            raise OpensnoopError(
                f"cannot attach to the {hook.what} {place}: {error.strerror}"
            ) from None

    def _attached_fds(self, hook: program_names.Hook) -> AbstractSet[int]:
        fds = set()
        for found in getattr(self._program, hook.fds).values():
            # BCC 0.19 and later can have several programs in one place.
            fds |= set(found.values() if isinstance(found, dict) else [found])
        return fds

    def _has_map(self, name: str) -> bool:
        fd: int = self._bcc.lib.bpf_table_fd(
            self._program.module, name.encode()
        )
        return fd >= 0

    def map_fd(self, name: str) -> int:
        fd: int = self._bcc.lib.bpf_table_fd(
            self._program.module, name.encode()
        )
        if fd < 0:
            raise SourceError(
                f'the C has no map "{name}", which the frontend reads: see '
                "bpf_src/record.h and bpf_src/counters.h"
            )
        return fd

    def map_list(self) -> List[MapFacts]:
        """All that the C has, in its order."""
        lib, module = self._bcc.lib, self._program.module

        def ask(what: str, number: int, answer: Any) -> Any:
            function = getattr(lib, what)
            function.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
            function.restype = answer
            return function(module, number)

        return [
            MapFacts(
                ask("bpf_table_name", i, ctypes.c_char_p).decode(),
                _TYPES.get(ask("bpf_table_type_id", i, ctypes.c_int), "other"),
                ask("bpf_table_key_size_id", i, ctypes.c_size_t),
                ask("bpf_table_leaf_size_id", i, ctypes.c_size_t),
                ask("bpf_table_max_entries_id", i, ctypes.c_size_t),
            )
            for i in range(lib.bpf_num_tables(module))
        ]

    def start_map(self) -> Optional[StartMap]:
        """None where the C has no such map."""
        facts = self.known_maps.get(START_MAP)
        if facts is None:
            return None
        flag_offset, flag_size = self._flag_of(facts)
        return StartMap(
            facts.key_size, facts.value_size, flag_offset, flag_size
        )

    def _flag_of(self, facts: MapFacts) -> Tuple[int, int]:
        """Where the field under_way lies in a value, and its size; or 0, 0."""
        try:
            leaf = self._program.get_table(facts.name.encode()).Leaf
        except Exception:  # of a type that BCC's Python can't tell
            return 0, 0
        flag = getattr(leaf, "under_way", None)
        # A bit field has a size beyond any value's.
        if flag is None or flag.offset + flag.size > facts.value_size:
            return 0, 0
        return flag.offset, flag.size

    def requests_map(self) -> Optional[StartMap]:
        """Of its entries each is under way."""
        facts = self.known_maps.get(REQUESTS_MAP)
        if facts is None:
            return None
        return StartMap(facts.key_size, facts.value_size, 0, 0)

    def kept_for_ends(self) -> Dict[str, str]:
        """Hash maps in which a program finds what that of its begin put there.

        The program for the end by map. START_MAP is not among them.
        """
        hashes = {
            self.map_fd(facts.name): facts.name
            for facts in self.map_list()
            if facts.kind in ("hash", "LRU hash")
        }
        kept = {}
        for name in self.programs:
            begin = program_names.begin_of(name)
            if begin in self.programs:
                put = submits.maps(self._code(begin), submits.UPDATE)
                found = submits.maps(self._code(name), submits.LOOKUP)
                for fd in put & found & set(hashes):
                    kept[hashes[fd]] = name
        kept.pop(START_MAP, None)
        return kept

    def _value_size(self, name: str) -> int:
        size: Any = self._bcc.lib.bpf_table_leaf_size
        size.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        size.restype = ctypes.c_size_t
        found: int = size(self._program.module, name.encode())
        return found

    def _layout_map(self) -> str:
        """Whose values are struct event."""
        if self._has_map(own_source.LAYOUT_MAP):
            return own_source.LAYOUT_MAP
        self.map_fd(EVENT_BUFFER_MAP)
        return EVENT_BUFFER_MAP

    def schema(self, declared: Mapping[str, Declaration]) -> Schema:
        """Of struct event, which the text declares so."""
        map_name = self._layout_map()
        size = self._value_size(map_name)
        found = self._members(size)
        if found is not None:
            return Schema.from_members(found, declared)
        module = self._program.module
        describe: Any = self._bcc.lib.bpf_table_leaf_desc
        description: bytes = describe(module, map_name.encode())
        return Schema.from_bcc(description.decode(), size, declared)

    def sent_sizes(self) -> List[int]:
        """Of records, in bytes; empty where one's is no constant."""
        found = [
            size
            for name in self.programs
            for size in submits.sizes(
                self._code(name), self.map_fd(EVENTS_MAP)
            )
        ]
        known = [size for size in found if size is not None]
        return known if len(known) == len(found) else []

    def _members(self, size: int) -> Optional[List[Member]]:
        """Of struct event; None where nobody has its BTF, or can read it."""
        try:
            for fd in self.programs.values():
                btf_id = bpf_objects.program_code(fd)[2]
                if btf_id:
                    data = bpf_objects.btf_data(btf_id)
                    return members.of_struct(data, "event", size)
        except (OSError, OpensnoopError):
            pass  # without CAP_SYS_ADMIN; libbpf is not there, or too old
        return None
