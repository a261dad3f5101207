# SPDX-License-Identifier: Apache-2.0
"""The C as BCC compiles and loads it.

It is used only in the compile room: the trace room must never import bcc.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
from typing import TYPE_CHECKING, Callable, Iterable

from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.compile import few_symbols
from opensnooplib.compile.compiler_output import (
    VerifierError,
    add_to_printed,
    forget_printed,
    printed,
)
from opensnooplib.kernel import program_names, similar_hooks, why_no_bpf
from opensnooplib.kernel.attach import offset_of
from opensnooplib.kernel.hooks import Hook
from opensnooplib.source import hook_words
from opensnooplib.source.hook_words import Attachment
from opensnooplib.source.known_maps import PRINTK_PROGRAM

if TYPE_CHECKING:
    from opensnooplib.compile.usdt import Probe

# The number of arguments of bcc_func_load() in versions of BCC that take an
# attach type.
_LOAD_ARGUMENTS = 12

# Attach types: BPF_TRACE_KPROBE_MULTI of enum bpf_attach_type, and the number
# by which BCC chooses from the name.
_KPROBE_MULTI, _BY_NAME = 42, -1
_KPROBE = 2  # of enum bpf_prog_type

# The level of the verifier's log: with 1, it lacks what has no errors.
_ALL_INSTRUCTIONS = 2

# Without the first flag, a misspelled helper is taken for an external
# function. The last is about the struct of a tracepoint that isn't there.
_FLAGS = (
    "-Werror=implicit-function-declaration -Wuninitialized "
    "-Wunused-comparison -Wno-visibility"
).split()

# A probe of bpf_src/plans/function_probes.h whose function isn't there.
_LACKS_FUNCTION = re.compile(r"__[A-Z0-9_]+_FUNCTION(_32)?$")

# A tracepoint whose struct clang mentions: it has none of what isn't there.
_TRACEPOINT = re.compile(r"\b(tracepoint__\w+)")

# A message of BCC, which creates the maps while it compiles.
_MAP_REFUSED = re.compile(r"^could not open bpf map: (.*), error: (.*)$", re.M)


def _check_maps(printed: str) -> None:
    """Raise OpensnoopError if a map lacks the rights or the memory."""
    refused = _MAP_REFUSED.search(printed)
    if not refused:
        return
    name, why = refused.groups()
    if why == os.strerror(errno.EPERM):
        raise OpensnoopError(why_no_bpf.sentence(errno.EPERM)) from None
    if why == os.strerror(errno.ENOMEM):
        raise OpensnoopError(
            f"the kernel has no memory for the map {name}: free some memory, "
            "or give the map fewer entries in the C"
        ) from None


class BccProgram:
    """C that is compiled. Methods raise OpensnoopError."""

    def __init__(
        self,
        text: str,
        flags: list[str],
        where: Callable[[str], str],
        kprobe_multi: bool = False,
    ) -> None:
        """Compile it.

        `where` returns the location of a program in the C, for the beginning
        of a message: locations.of_program(). `kprobe_multi`: attach kprobes by
        kprobe.multi links, if BCC can load programs for them.
        """
        import bcc

        class Program(bcc.BPF):  # type: ignore[misc]
            """A BPF that doesn't attach programs at once: rings come first."""

            def _trace_autoload(self) -> None:
                pass

        self.bcc = bcc
        self.where = where
        self._kprobe_multi = (
            kprobe_multi
            and len(bcc.lib.bcc_func_load.argtypes) == _LOAD_ARGUMENTS
        )
        # What macros and comments say, by the function's name.
        self._written = hook_words.of(text)
        self._usdt: dict[str, Probe] = {}
        for name, found in self._written.items():
            for one in found:
                if one.hook and one.hook.word == "usdt":
                    from opensnooplib.compile import usdt  # seldom needed

                    self._usdt[name] = usdt.find(bcc, name, list(one.words))
        readers = "".join(probe.c_text for probe in self._usdt.values())
        try:
            with few_symbols.shown():
                self.bpf = Program(
                    text=(readers + text).encode(errors="surrogateescape"),
                    cflags=[*_FLAGS, *flags],
                )
        except Exception:
            from opensnooplib.explain import plain_words  # seldom needed

            _check_maps(printed())
            self.check_targets(_TRACEPOINT.findall(printed()))
            hints = similar_hooks.instead_of_unknown(printed())
            raise SourceError(
                "the C does not compile",
                "\n".join(map(plain_words.line, hints)),
            ) from None
        self.unattached: list[str] = []  # functions
        self.fds: dict[str, int] = {}  # of programs that are loaded, by name

    def _names(self) -> list[str]:
        """The names of the functions that are programs."""
        lib, module = self.bcc.lib, self.bpf.module
        count = lib.bpf_num_functions(module)
        names = [
            lib.bpf_function_name(module, i).decode() for i in range(count)
        ]
        return [name for name in names if not _LACKS_FUNCTION.search(name)]

    def usdt_of(self, program: str) -> Probe | None:
        """The USDT probe of a program, if it has one."""
        return self._usdt.get(program_names.function_of(program))

    def attachments_of(self, program: str) -> list[Attachment]:
        """Where a program attaches, which is given by its name in `fds`."""
        name = program_names.function_of(program)
        return self._written.get(name) or hook_words.by_name(name)

    def _name_with_targets(self, function: str) -> str:
        """The name of a program.

        If comments say where it attaches, it has these targets in its name: a
        program with other targets is another program.
        """
        written = self._written.get(function, [])
        if not written or program_names.hook_of(function):
            return function
        targets = ",".join(map(str, written))
        return f"{function}@{re.sub(r'[^!-~]+', '_', targets)}"

    def _type_of(self, program: str) -> int:
        """enum bpf_prog_type. Raises SourceError for hooks of several types.

        A program that only fills a slot of a program array has the type of
        the others.
        """
        own = self.hooks_of(program)
        others = [n for n in self._names() if n != PRINTK_PROGRAM]
        found = own or sum(map(self.hooks_of, others), [])
        if len({hook.program_type for hook in own}) > 1:
            raise SourceError(
                f"{self.where(program)}{program_names.function_of(program)} "
                "can't attach to "
                + " and to ".join(sorted({hook.what for hook in own}))
                + ": write a program for each"
            )
        return found[0].program_type if found else _KPROBE

    def hooks_of(self, program: str) -> list[Hook]:
        """The kinds of hook of its attachments."""
        return [one.hook for one in self.attachments_of(program) if one.hook]

    def is_multi(self, program: str) -> bool:
        """Does the program attach by a kprobe.multi link?"""
        hook = program_names.hook_of(program)
        return self._kprobe_multi and bool(hook and hook.kind == "kprobe")

    def load(self, with_log: bool = False) -> None:
        """Load all programs. `with_log`: BCC prints the verifier's log."""
        if with_log:
            self.bpf.debug = (
                self.bcc.DEBUG_BPF | self.bcc.DEBUG_BPF_REGISTER_STATE
            )
        for function in self._names():
            program = self._name_with_targets(function)
            attachments = self.attachments_of(program)
            if not attachments:
                self.unattached.append(function)
                continue
            how = [function.encode(), self._type_of(program)]
            if self.is_multi(program):
                how += [None, _KPROBE_MULTI]
            try:
                loaded = self.bpf.load_func(*how)
            except Exception:
                error = ctypes.get_errno()
                self.check_targets(map(self._name_with_targets, self._names()))
                raise self._refusal(program, error) from None
            self.fds[program] = loaded.fd
        if not self.fds:
            raise SourceError(self.why_unattached())

    def why_unattached(self) -> str:
        """A sentence about functions that don't say where they attach."""
        how = (
            "TRACEPOINT_PROBE(category, event) or another macro of BCC's or "
            "of bpf_src/hooks.h"
        )
        if not self.unattached:
            return (
                "the C has no function that attaches to a hook: write one "
                f"with {how}"
            )
        name = self.unattached[0]
        return (
            f"{self.where(name)}the function {name} doesn't say where it "
            f"attaches: use {how}, write a comment above it such as "
            "// attach: kprobe vfs_read, or make it static"
        )

    def check_targets(self, programs: Iterable[str]) -> None:
        """Raise OpensnoopError if this kernel lacks targets of programs.

        It names all that are missing.
        """
        said = [
            self.where(program) + why_not
            for program in dict.fromkeys(programs)
            for one in self.attachments_of(program)
            if one.hook
            and (why_not := similar_hooks.missing(one.hook, one.target))
        ]
        if said:
            raise OpensnoopError(said.pop(), "\n".join(said)) from None

    def _refusal(self, program: str, error: int) -> OpensnoopError:
        """What to raise for a program that the kernel refuses with an errno.

        BCC takes EINVAL and E2BIG as the sign of a kernel without BTF, and
        loads the program again without it. Then the verifier's log has no
        lines of C; so the sentence says where the program is.
        """
        from opensnooplib.explain import plain_words, verifier_log

        if error == errno.EPERM:
            return OpensnoopError(why_no_bpf.sentence(error))
        why = f": {os.strerror(error)}"
        if error == errno.E2BIG:
            why = f": {plain_words.of_verifier('too large')}"
        elif verifier_log.reason_in(printed()):
            why = ""  # the verifier says more than an errno
        targets = " and the ".join(map(str, self.attachments_of(program)))
        return VerifierError(
            f"{self.where(program)}the kernel refuses the program for the "
            f"{targets}{why}"
        )

    def log_of(self, program: str) -> str:
        """The verifier's log for a program that it has accepted.

        It is loaded again, until this process ends.
        """
        before = printed()
        self.load_code(program, self.code(program), _ALL_INSTRUCTIONS)
        log = printed()[len(before) :]
        forget_printed()
        add_to_printed(before)
        return log

    def map_fd(self, name: str) -> int:
        """The descriptor of a map, negative if the C has none of this name."""
        fd: int = self.bcc.lib.bpf_table_fd(self.bpf.module, name.encode())
        return fd

    def resolve(self, path: str, symbol: str) -> tuple[str, int]:
        """The file and the offset in it of symbol+OFFSET, found by BCC.

        `path` is that of a program or a library, or a library's name. Raises
        SourceError.
        """
        bpf = self.bcc.BPF
        if "/" not in path:
            names = (path, path.removeprefix("lib"))
            found = next(filter(None, map(bpf.find_library, names)), None)
            if not found:
                raise SourceError(
                    f"there is no library {path}: write its path, or its name "
                    "as the linker knows it, such as c or ssl"
                )
            path = os.fsdecode(found)
        elif not os.path.exists(path):
            raise SourceError(f"there is no file {path}")
        function, offset = symbol.partition("+")[0], offset_of(symbol)
        try:
            found, offset = bpf._check_path_symbol(
                path, function, 0, -1, offset
            )
        except Exception:  # as BCC raises it
            alike = bpf.get_user_functions(path, f"{function[:2]}.*")
            raise SourceError(
                f"{path} has no function {symbol}"
                + did_you_mean(function, (one.decode() for one in alike))
            ) from None
        return os.fsdecode(found), int(offset)

    def load_code(self, program: str, code: bytes, log_level: int = 0) -> int:
        """Load other instructions in place of a program.

        From its name BCC knows the target of an fentry. Returns a descriptor,
        or a negative number. With a log level, BCC prints the verifier's log.
        The arguments are those with which BCC loads its own programs; later
        versions have more of them.
        """
        lib, module = self.bcc.lib, self.bpf.module
        text = ctypes.create_string_buffer(code, len(code))
        arguments = [
            module,
            self._type_of(program),
            program_names.function_of(program).encode(),
            ctypes.cast(text, ctypes.c_void_p),
            len(code),
            lib.bpf_module_license(module),
            lib.bpf_module_kern_version(module),
            *(log_level, None, 0),
            None,  # device
            _KPROBE_MULTI if self.is_multi(program) else _BY_NAME,
        ]
        loaded: int = lib.bcc_func_load(
            *arguments[: len(lib.bcc_func_load.argtypes)]
        )
        return loaded

    def code(self, program: str) -> bytes:
        """The program's instructions."""
        lib, module = self.bcc.lib, self.bpf.module
        name = program_names.function_of(program).encode()
        size = lib.bpf_function_size(module, name)
        start = lib.bpf_function_start(module, name)
        return ctypes.string_at(start, size)
