# SPDX-License-Identifier: Apache-2.0
"""The C as BCC compiles it on arm64: which registers of a program it reads.

This needs no such machine, and so tells nothing of how it runs there.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Set

import pytest

from opensnooplib.kernel import this_kernel
from opensnooplib.plan_list import PLANS
from tests.kernel.tool import CHECKOUT

_PROGRAM = CHECKOUT / "tests" / "programs" / "compile_for_arm64.py"

pytestmark = pytest.mark.skipif(
    not this_kernel.has_task_pt_regs(), reason="not tried with BCC before 0.26"
)

# Of the kernel's struct pt_regs (arch/arm64/include/asm/ptrace.h): regs[1] to
# regs[3], and orig_x0, since regs[0] is the result by then.
_X1, _X2, _X3, _ORIG_X0 = 8, 16, 24, 272
_PT_REGS_SIZE = 280  # as far as orig_x0

_READ_AT_EXIT = {
    "open": {_ORIG_X0, _X1, _X2},
    "creat": {_ORIG_X0, _X1},
    "openat": {_ORIG_X0, _X1, _X2, _X3},
    "openat2": {_ORIG_X0, _X1, _X2},
    "open_by_handle_at": {_X2},
}

# include/uapi/linux/bpf.h
_LOAD_U64, _CALL, _MOVE, _SET = 0x79, 0x85, 0xBF, 0xB7
_JUMP_IF_EQUAL, _JUMP_IF_NOT = 0x15, 0x55
_TASK_PT_REGS = 175


class _Instruction(NamedTuple):
    code: int
    to: int
    by: int
    offset: int
    immediate: int


_Programs = Dict[str, List[_Instruction]]
_Compile = Callable[[str], _Programs]


@pytest.fixture(scope="module")
def compiled(
    tmp_path_factory: pytest.TempPathFactory,
) -> _Compile:
    """Of a plan; each plan once."""

    @functools.lru_cache(maxsize=None)
    def compile_plan(plan: str) -> _Programs:
        return _compile(plan, tmp_path_factory.mktemp("tree"))

    return compile_plan


def _compile(plan: str, folder: Path) -> _Programs:
    done = subprocess.run(
        ["/usr/bin/python3", _PROGRAM, plan, folder],
        env={**os.environ, "ARCH": "arm64"},  # BCC heeds it
        stdout=subprocess.PIPE,
        check=True,
    )
    return {
        name: [_Instruction(*fields) for fields in program]
        for name, program in json.loads(done.stdout).items()
    }


def _offsets(program: List[_Instruction], register: int) -> Set[int]:
    """Where the pointer in `register` is read from, until the next call."""
    holders, offsets = {register}, set()
    for one in program:
        if one.code == _CALL:
            break
        if one.code == _LOAD_U64 and one.by in holders:
            offsets.add(one.offset)
        if one.code == _MOVE and one.by in holders:
            holders.add(one.to)
        else:
            holders.discard(one.to)
    return offsets


def _after_call(
    program: List[_Instruction], helper: int
) -> List[_Instruction]:
    indexes = [
        index
        for index, one in enumerate(program)
        if (one.code, one.immediate) == (_CALL, helper)
    ]
    return program[indexes[0] + 1 :]


@pytest.mark.parametrize("plan", PLANS)
def test_it_compiles(compiled: _Compile, plan: str) -> None:
    programs = compiled(plan)
    names = [name for name in programs if "openat" in name]
    assert names and all(programs[name] for name in programs)


def test_arguments_are_those_of_the_entry(compiled: _Compile) -> None:
    found = {}
    for name, program in compiled("fentry").items():
        _, is_there, call = name.partition("__arm64_sys_")
        if is_there:
            found[call] = _offsets(_after_call(program, _TASK_PT_REGS), 0)
    assert found == _READ_AT_EXIT


def test_one_program_reads_those_of_all_calls(compiled: _Compile) -> None:
    """It tells them apart by their numbers; arm64 has no open, no creat."""
    program = compiled("syscall-exit")["tracepoint__syscalls__sys_exit_openat"]
    numbers = {one.immediate for one in program if one.code == _JUMP_IF_EQUAL}
    numbers |= {one.immediate for one in program if one.code == _JUMP_IF_NOT}
    assert {56, 265} <= numbers and 257 not in numbers
    found = _offsets(_after_call(program, _TASK_PT_REGS), 0)
    assert found == set.union(*_READ_AT_EXIT.values())


def test_kprobe_copies_them_at_the_begin(compiled: _Compile) -> None:
    """From where the function's argument points: its own regs[0]."""
    program = compiled("kprobe")["kprobe____arm64_sys_openat"]
    assert _offsets(program, 1) == {0}
    sizes = {
        one.immediate for one in program if (one.code, one.to) == (_SET, 2)
    }
    assert _PT_REGS_SIZE in sizes
