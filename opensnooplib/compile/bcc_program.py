# SPDX-License-Identifier: Apache-2.0
"""The C as BCC compiles and loads it.

It is used only in the compile room: the trace room must never import bcc.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
from typing import Callable, Dict, List

from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.compile import few_symbols
from opensnooplib.compile.compiler_output import VerifierError, printed
from opensnooplib.explain import plain_words
from opensnooplib.kernel import hooks, program_names, similar_hooks, why_no_bpf

# The number of arguments of bcc_func_load() in versions of BCC that take an
# attach type.
_LOAD_ARGUMENTS = 12

# Attach types: BPF_TRACE_KPROBE_MULTI of enum bpf_attach_type, and the number
# by which BCC chooses from the name.
_KPROBE_MULTI, _BY_NAME = 42, -1

# Without the first flag, a misspelled helper is taken for an external
# function.
_FLAGS = ["-Werror=implicit-function-declaration", "-Wuninitialized"]

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
        flags: List[str],
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
        try:
            with few_symbols.shown():
                self.bpf = Program(
                    text=text.encode(errors="surrogateescape"),
                    cflags=[*_FLAGS, *flags],
                )
        except Exception:
            _check_maps(printed())
            for tracepoint in _TRACEPOINT.findall(printed()):
                self.check_target(tracepoint)
            hints = similar_hooks.instead_of_unknown(printed())
            raise SourceError(
                "the C does not compile", "\n".join(hints)
            ) from None
        self.fds: Dict[str, int] = {}  # of programs that are loaded, by name

    def _names(self) -> List[str]:
        lib, module = self.bcc.lib, self.bpf.module
        count = lib.bpf_num_functions(module)
        names = [
            lib.bpf_function_name(module, i).decode() for i in range(count)
        ]
        return [name for name in names if not _LACKS_FUNCTION.search(name)]

    def _type_of(self, name: str) -> int:
        hook = program_names.hook_of(name, self.where)
        program_type: int = getattr(self.bcc.BPF, hook.program_type)
        return program_type

    def is_multi(self, name: str) -> bool:
        """Does the program attach by a kprobe.multi link?"""
        is_kprobe = program_names.hook_of(name).kind == "kprobe"
        return self._kprobe_multi and is_kprobe

    def load(self, with_log: bool = False) -> None:
        """Load all programs. `with_log`: BCC prints the verifier's log."""
        if with_log:
            self.bpf.debug = (
                self.bcc.DEBUG_BPF | self.bcc.DEBUG_BPF_REGISTER_STATE
            )
        for name in self._names():
            how = [name.encode(), self._type_of(name)]
            if self.is_multi(name):
                how += [None, _KPROBE_MULTI]
            try:
                function = self.bpf.load_func(*how)
            except Exception:
                error = ctypes.get_errno()
                self.check_target(name)
                raise self._refusal(name, error) from None
            self.fds[name] = function.fd
        if not self.fds:
            raise SourceError(
                "the C has no function that attaches to a hook: write one "
                "with TRACEPOINT_PROBE(category, event) or another of BCC's "
                "macros"
            )

    def check_target(self, name: str) -> None:
        """Raise OpensnoopError if this kernel doesn't have the hook."""
        hook = program_names.hook_of(name)
        target = program_names.target_of(name)
        similar_hooks.check(hook, target, lambda: self.where(name))
        why_not = hooks.KINDS[hook.kind]()
        if why_not:
            raise OpensnoopError(
                f"{self.where(name)}no program can attach to the {hook.what} "
                f"{target} here: {why_not}"
            ) from None

    def _refusal(self, name: str, error: int) -> OpensnoopError:
        """What to raise for a program that the kernel refuses with an errno.

        BCC takes EINVAL and E2BIG as the sign of a kernel without BTF, and
        loads the program again without it. Then the verifier's log has no
        lines of C; so the sentence says where the program is.
        """
        if error == errno.EPERM:
            return OpensnoopError(why_no_bpf.sentence(error))
        why = os.strerror(error)
        if error == errno.E2BIG:
            why = plain_words.of_verifier("too large")
        hook = program_names.hook_of(name)
        return VerifierError(
            f"{self.where(name)}the kernel refuses the program for the "
            f"{hook.what} {program_names.target_of(name)}: {why}"
        )

    def load_code(self, name: str, code: bytes) -> int:
        """Load other instructions under a program's name.

        From the name BCC knows the target of an fentry. Returns a descriptor,
        or a negative number. The arguments are those with which BCC loads its
        own programs; later versions have more of them.
        """
        lib, module = self.bcc.lib, self.bpf.module
        text = ctypes.create_string_buffer(code, len(code))
        arguments = [
            module,
            self._type_of(name),
            name.encode(),
            ctypes.cast(text, ctypes.c_void_p),
            len(code),
            lib.bpf_module_license(module),
            lib.bpf_module_kern_version(module),
            *(0, None, 0),  # the log, which BCC prints
            None,  # device
            _KPROBE_MULTI if self.is_multi(name) else _BY_NAME,
        ]
        loaded: int = lib.bcc_func_load(
            *arguments[: len(lib.bcc_func_load.argtypes)]
        )
        return loaded

    def code(self, name: str) -> bytes:
        """The program's instructions."""
        lib, module = self.bcc.lib, self.bpf.module
        size = lib.bpf_function_size(module, name.encode())
        start = lib.bpf_function_start(module, name.encode())
        return ctypes.string_at(start, size)
