# SPDX-License-Identifier: Apache-2.0
"""The stubs of --live are loaded, in place of programs: see stub_code.py."""

from __future__ import annotations

import ctypes
import os

from opensnooplib.compile import stub_code
from opensnooplib.compile.bcc_program import BccProgram
from opensnooplib.compile.compiler_output import CompilerError
from opensnooplib.kernel import bpf_objects


# What a stub returns where it has no program to call, by the kind of hook: a
# packet passes (XDP_PASS, TC_ACT_UNSPEC).
_RESULTS = {"xdp": 2, "tc": -1}


def load(
    program: BccProgram, name: str, tool_pid: int | None
) -> dict[str, int]:
    """Load a stub that is attached in place of the program `name`.

    Returns the descriptors of its parts, each by the name and the part with a
    blank between. Without the tool's PID, it has no sorter: its programs are
    not proven. Raises OpensnoopError.
    """
    slots = bpf_objects.create_slots(stub_code.SLOTS)
    selector = bpf_objects.create_number()
    result = _RESULTS.get(program.hooks_of(name)[0].kind, 0)
    code = stub_code.of_stub(slots, selector, result)
    parts = {
        "program": _load(program, name, code),
        "slots": slots,
        "selector": selector,
    }
    if tool_pid is not None:
        sorter = stub_code.of_sorter(slots, tool_pid)
        parts["sorter"] = _load(program, name, sorter)
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
