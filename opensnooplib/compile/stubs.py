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


def load(program: BccProgram, name: str, tool_pid: int) -> Dict[str, int]:
    """Load a stub, which BCC takes for the program `name` from now on.

    Returns the descriptors of its parts, each by the name and the part with a
    blank between. Raises OpensnoopError.
    """
    slots = bpf_objects.create_slots(stub_code.SLOTS)
    selector = bpf_objects.create_number()
    parts = {
        "program": _load(program, name, stub_code.of_stub(slots, selector)),
        "sorter": _load(program, name, stub_code.of_sorter(slots, tool_pid)),
        "slots": slots,
        "selector": selector,
    }
    program.bpf.funcs[name.encode()] = program.bcc.BPF.Function(
        program.bpf, name.encode(), parts["program"]
    )
    return {f"{name} {part}": fd for part, fd in parts.items()}


def _load(program: BccProgram, name: str, code: bytes) -> int:
    fd = program.load_code(name, code)
    if fd < 0:
        raise CompilerError(
            f"the kernel refuses a stub for {name} "
            f"({os.strerror(ctypes.get_errno())}), so it can't be "
            "replaced while it runs: leave out --live"
        )
    return fd
