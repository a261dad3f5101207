# SPDX-License-Identifier: Apache-2.0
"""The stubs of --live are loaded, in place of programs: see stub_code.py."""

from __future__ import annotations

import ctypes
import os
from typing import Dict

from opensnooplib.compile import stub_code
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.compile.compiler_output import CompilerError
from opensnooplib.kernel import bpf_objects


class Stubs:
    """Descriptors, by the name of the program that a stub stands for."""

    def __init__(self, program: BccProgram) -> None:
        self._program = program
        self.programs: Dict[str, int] = {}
        self.sorters: Dict[str, int] = {}
        self.selectors: Dict[str, int] = {}
        self.slots: Dict[str, int] = {}

    def put(self, name: str, tool_pid: int) -> None:
        """Load a stub, which BCC takes for the program from now on.

        Raises OpensnoopError.
        """
        slots = bpf_objects.create_slots(stub_code.SLOTS)
        selector = bpf_objects.create_number()
        fd = self._load(name, stub_code.of_stub(slots, selector))
        self.selectors[name] = selector
        self.slots[name] = slots
        self.programs[name] = fd
        self.sorters[name] = self._load(
            name, stub_code.of_sorter(slots, tool_pid)
        )
        bpf = self._program.bpf
        bpf.funcs[name.encode()] = self._program.bcc.BPF.Function(
            bpf, name.encode(), fd
        )

    def _load(self, name: str, code: bytes) -> int:
        fd = self._program.load_code(name, code)
        if fd < 0:
            raise CompilerError(
                f"the kernel refuses a stub for {name} "
                f"({os.strerror(ctypes.get_errno())}), so it can't be "
                "replaced while it runs: leave out --live"
            )
        return fd
