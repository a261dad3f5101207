# SPDX-License-Identifier: Apache-2.0
"""ELF files as nobody's compiler writes them: see elf(5)."""

from __future__ import annotations

import struct
from typing import Dict, List, Tuple

_FILE_HEADER = {32: "=16sHHIIIIIHHHHHH", 64: "=16sHHIQQQIHHHHHH"}
_SEGMENT = {32: "=IIIIIIII", 64: "=IIQQQQQQ"}
_SECTION = {32: "=IIIIIIIIII", 64: "=IIQQQQIIQQ"}
_PT_LOAD, _SYMTAB, _STRTAB, _DYNSYM = 1, 2, 3, 11
_FUNCTION = 2


def _symbol(bits: int, name: int, start: int, size: int) -> bytes:
    if bits == 32:
        return struct.pack("=IIIBBH", name, start, size, _FUNCTION, 0, 1)
    return struct.pack("=IBBHQQ", name, _FUNCTION, 0, 1, start, size)


def elf(
    bits: int,
    functions: List[Tuple[int, int, int]],
    names: bytes = b"\0main\0_Z1fv\0",
    link: int = 2,
    kind: int = _SYMTAB,
    sections: int = 3,
    order: int = 1,
) -> bytes:
    """A file of one segment; functions are name, start and size."""
    head = struct.calcsize(_FILE_HEADER[bits])
    segment = struct.calcsize(_SEGMENT[bits])
    section = struct.calcsize(_SECTION[bits])
    table = b"".join(_symbol(bits, *one) for one in functions)
    entry = len(_symbol(bits, 0, 0, 0))
    at_sections = head + segment
    at_table = at_sections + 3 * section
    at_names = at_table + len(table)
    whole = (0, 0x1000, 0x1000, at_names + len(names), 0x2000)
    load = (_PT_LOAD, *whole, 5, 0) if bits == 32 else (_PT_LOAD, 5, *whole, 0)
    tables = [(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]
    for number, at, size, other, each in (
        (kind, at_table, len(table), link, entry),
        (_STRTAB, at_names, len(names), 0, 0),
    ):
        tables.append((0, number, 0, 0, at, size, other, 0, 0, each))
    magic = b"\x7fELF" + bytes([bits // 32, order, 1])
    return b"".join(
        [
            struct.pack(
                _FILE_HEADER[bits],
                *(magic, 3, 62, 1, 0, head, at_sections, 0),
                *(head, segment, 1, section, sections, 0),
            ),
            struct.pack(_SEGMENT[bits], *load),
            *(struct.pack(_SECTION[bits], *one) for one in tables),
            table,
            names,
        ]
    )


def elf_files() -> Dict[str, bytes]:
    two = [(1, 0x1000, 16), (6, 0x1010, 8)]
    whole = elf(64, two)
    return {
        "whole": whole,
        "32-bit": elf(32, two),
        "dynamic": elf(64, two, kind=_DYNSYM),
        "none": elf(64, []),
        "no-size": elf(64, [(1, 0x1000, 0), (6, 0x1010, 0)]),
        "one-address": elf(64, [(1, 0x1000, 4), (6, 0x1000, 4)]),
        "overlap": elf(64, [(1, 0x1000, 64), (6, 0x1010, 8)]),
        "huge-size": elf(64, [(1, 0x1000, (1 << 64) - 1)]),
        "name-outside": elf(64, [(1 << 31, 0x1000, 16)]),
        "name-without-end": elf(64, two, names=b"\0main\0_Z1fv"),
        "no-names": elf(64, two, names=b""),
        "link-outside": elf(64, two, link=99),
        "many-sections": elf(64, two, sections=65535),
        "no-sections": elf(64, two, sections=0),
        "other-order": elf(64, two, order=2),
        "cut": whole[:-4],
        "cut-in-tables": whole[:200],
        "head-alone": whole[:64],
        "magic-alone": whole[:4],
    }
