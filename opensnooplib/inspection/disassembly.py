# SPDX-License-Identifier: Apache-2.0
"""--disasm: the instructions of a loaded program, with the lines of C.

The kernel returns the program as it runs it, after the verifier has changed
it in places, with a table of the line that each instruction comes from.
Instructions are written as the verifier writes them: kernel/bpf/disasm.c and
Documentation/bpf/standardization/instruction-set.rst.
"""

from __future__ import annotations

import functools
import os
import struct
from typing import Any, Dict, List, Tuple, Union

from opensnooplib.kernel import bpf_objects

_ALU = {
    0x00: "+=",
    0x10: "-=",
    0x20: "*=",
    0x30: "/=",
    0x40: "|=",
    0x50: "&=",
    0x60: "<<=",
    0x70: ">>=",
    0x90: "%=",
    0xA0: "^=",
    0xB0: "=",
    0xC0: "s>>=",
}
_JUMP = {
    0x10: "==",
    0x20: ">",
    0x30: ">=",
    0x40: "&",
    0x50: "!=",
    0x60: "s>",
    0x70: "s>=",
    0xA0: "<",
    0xB0: "<=",
    0xC0: "s<",
    0xD0: "s<=",
}
_SIZES = {0x00: "u32", 0x08: "u16", 0x10: "u8", 0x18: "u64"}
_ATOMIC = {0x00: "+=", 0x40: "|=", 0x50: "&=", 0xA0: "^="}

_LD, _LDX, _ST, _STX, _ALU32, _JMP, _JMP32, _ALU64 = range(8)
_MEM, _MEMSX, _ATOMIC_MODE = 0x60, 0x80, 0xC0
_PSEUDO_MAP_FD, _PSEUDO_MAP_VALUE = 1, 2

_LINE = struct.Struct("=IIII")  # struct bpf_line_info
_BTF_HEADER = struct.Struct("=HBBIIIII")  # struct btf_header
_INSTRUCTION = struct.Struct("=BBhi")


def of_program(name: str, fd: int) -> str:
    """The text of one program. Raises OSError."""
    code, lines, btf_id = bpf_objects.program_code(fd)
    comments = _c_lines(lines, _btf_of(btf_id)) if lines else {}
    text = [f"{name}:"]
    index = 0
    while index < len(code) // 8:
        if index in comments:
            text.append(f"; {comments[index]}")
        words = instruction(code[8 * index : 8 * index + 16])
        text.append(f"{index:5}: ({code[8 * index]:02x}) {words}")
        index += 2 if code[8 * index] == 0x18 else 1
    return "\n".join(text) + "\n"


def _btf_of(btf_id: int) -> bytes:
    btf_fd = bpf_objects.open_btf(btf_id)
    try:
        return bpf_objects.btf_data(btf_fd)
    finally:
        os.close(btf_fd)


def _c_lines(lines: bytes, btf: bytes) -> Dict[int, str]:
    """The line of C to write before an instruction, by its index."""
    header = _BTF_HEADER.unpack_from(btf)
    strings = btf[header[3] + header[6] :][: header[7]]

    def text(offset: int) -> str:
        end = strings.index(b"\0", offset)
        return strings[offset:end].decode(errors="replace").strip()

    comments: Dict[int, str] = {}
    last: Tuple[int, int] = (0, 0)
    for index, file, line, column in _LINE.iter_unpack(lines):
        number = column >> 10
        if number and (file, number) != last:
            last = (file, number)
            name = text(file).rpartition("/")[2]
            comments[index] = f"{text(line)} @ {name}:{number}"
    return comments


def instruction(code: bytes) -> str:
    """The first instruction in `code`, as text; a wide one has two halves."""
    op, registers, offset, number = _INSTRUCTION.unpack_from(code)
    destination, source = registers & 15, registers >> 4
    kind = op & 7
    if kind in (_ALU32, _ALU64):
        return _alu(op, destination, source, number)
    if kind in (_JMP, _JMP32):
        return _jump(op, destination, source, offset, number)
    if op == 0x18:
        return _load_64(code, destination, source)
    return _memory(op, destination, source, offset, number)


def _alu(op: int, destination: int, source: int, number: int) -> str:
    letter = "r" if op & 7 == _ALU64 else "w"
    operand = f"{letter}{source}" if op & 8 else str(number)
    if op & 0xF0 == 0x80:
        return f"{letter}{destination} = -{letter}{destination}"
    if op & 0xF0 == 0xD0:
        order = "be" if op & 8 else "le"
        return f"r{destination} = {order}{number} r{destination}"
    return f"{letter}{destination} {_ALU.get(op & 0xF0, '?')} {operand}"


def _jump(
    op: int, destination: int, source: int, offset: int, number: int
) -> str:
    if op == 0x95:
        return "exit"
    if op == 0x85:
        return f"call pc{number:+}" if source == 1 else _call(number)
    if op in (0x05, 0x06):
        return f"goto pc{number if op == 0x06 else offset:+}"
    letter = "w" if op & 7 == _JMP32 else "r"
    operand = f"{letter}{source}" if op & 8 else str(number)
    how = _JUMP.get(op & 0xF0, "?")
    return f"if {letter}{destination} {how} {operand} goto pc{offset:+}"


def _call(offset: int) -> str:
    """A call of a helper: `offset` is counted from __bpf_call_base."""
    addresses = _addresses()
    name = addresses.get(addresses.get("__bpf_call_base", 0) + offset)
    return f"call {name or offset}"


@functools.lru_cache(maxsize=None)
def _addresses() -> Dict[Union[int, str], Any]:
    """Names by address, and addresses by name: /proc/kallsyms."""
    found: Dict[Union[int, str], Any] = {}
    try:
        with open(
            "/proc/kallsyms", encoding="ascii", errors="replace"
        ) as file:
            for line in file:
                address, _, name = line.split()[:3]
                found.setdefault(int(address, 16), name)
                found.setdefault(name, int(address, 16))
    except OSError:
        pass
    return found


def _load_64(code: bytes, destination: int, source: int) -> str:
    low = _INSTRUCTION.unpack_from(code)[3]
    high = _INSTRUCTION.unpack_from(code, 8)[3] if len(code) >= 16 else 0
    if source == _PSEUDO_MAP_FD:
        return f"r{destination} = map[id:{low}]"
    if source == _PSEUDO_MAP_VALUE:
        return f"r{destination} = map[id:{low}][0]{high:+}"
    return f"r{destination} = {(high << 32 | low & 0xFFFFFFFF):#x}"


def _memory(
    op: int, destination: int, source: int, offset: int, number: int
) -> str:
    size = _SIZES[op & 0x18]
    mode = op & 0xE0
    if op & 7 == _LDX and mode in (_MEM, _MEMSX):
        sign = size.replace("u", "s") if mode == _MEMSX else size
        return f"r{destination} = *({sign} *)(r{source} {offset:+})"
    memory = f"*({size} *)(r{destination} {offset:+})"
    if op & 7 == _ST:
        return f"{memory} = {number}"
    if mode == _ATOMIC_MODE:
        how = _ATOMIC.get(number & 0xF0, "?")
        return f"lock {memory} {how} r{source}"
    return f"{memory} = r{source}"


def of_programs(programs: Dict[str, int]) -> str:
    """The text of all programs, sorted by name."""
    parts: List[str] = [
        of_program(name, fd) for name, fd in sorted(programs.items())
    ]
    return "\n".join(parts)
