# SPDX-License-Identifier: Apache-2.0
"""The indexes of programs that call themselves, in the map "tail_calls".

A program of a plan calls itself if a path has many directories
(bpf_src/extra/directory_walk.h), by PROGRAM_INDEX() of bpf_src/open_args.h.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, Mapping, Optional

from opensnooplib.kernel.open_calls import OPEN_CALLS

_CALLS = len(OPEN_CALLS)


def find(
    programs: Iterable[str], functions: Mapping[str, str]
) -> Dict[int, str]:
    """The programs by their indexes, without those that have none.

    `functions` are the kernel's, by #define: see kernel/function_names.py.
    """
    found = {_index(name, functions): name for name in programs}
    return {index: name for index, name in found.items() if index is not None}


def _index(program: str, functions: Mapping[str, str]) -> Optional[int]:
    if program == "tracepoint__raw_syscalls__sys_exit":
        return _CALLS + OPEN_CALLS.index("open_by_handle_at")
    tracepoint = re.fullmatch(r"tracepoint__syscalls__sys_exit_(\w+)", program)
    if tracepoint and tracepoint[1] in OPEN_CALLS:
        return OPEN_CALLS.index(tracepoint[1])
    for define, function in functions.items():
        call, _, bits = define.lower().partition("_function")
        is_its_end = re.fullmatch(rf"kret\w+__{function}", program)
        if is_its_end and call in OPEN_CALLS and not _differs(call, program):
            return OPEN_CALLS.index(call) + (_CALLS if bits else 0)
    return None


def _differs(call: str, program: str) -> bool:
    """Can the program's function have another type than the others?

    Some kernels, such as 6.1, accept only fentry programs in the map whose
    functions have the same type; that of this call may differ in BTF.
    """
    return call == "open_by_handle_at" and program.startswith("kretfunc__")
