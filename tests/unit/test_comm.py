# SPDX-License-Identifier: Apache-2.0
"""The condition in C for -n finds a text in a command's name."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import List, Sequence, Tuple

from opensnooplib.cli import arguments
from opensnooplib.selection import kernel_selection
from tests.unit.native import CHECKOUT, run_c

_HEADER = CHECKOUT / "bpf_src" / "extra" / "comm.h"
_SIZE = 16  # TASK_COMM_LEN
_LETTERS = b"ab\x01\x7f\x80\x81\xff"

# Names in the header, which is included once for each case.
_TAKEN = (
    *("comm_search", "bytes_that_are", "letter_found"),
    *("comm_holds_text", "comm_selected"),
)

_BEGIN = """
#include <stdbool.h>
#include <stdio.h>
typedef unsigned long long u64;
#define TASK_COMM_LEN 16
#define bpf_get_current_comm(comm, size) 0
#define bpf_ntohll(number) (number)
"""


def _found(
    folder: Path, cases: Sequence[Tuple[bytes, Sequence[bytes]]]
) -> List[List[bool]]:
    """For each case, a text and names: which of the names hold it."""
    program, rows = _BEGIN, ""
    for number, (text, names) in enumerate(cases):
        options = arguments.parse(["-n", os.fsdecode(text)])
        ((macro, value),) = kernel_selection.defines(options)
        program += "#undef IN_EACH_BYTE\n#undef SELECT_COMM\n"
        program += f"#define {macro} {value}\n"
        for taken in _TAKEN:
            program += f"#define {taken} {taken}_{number}\n"
        program += f'#include "{_HEADER}"\n'
        function = f"comm_holds_text_{number}"
        for name in names:
            padded = name.ljust(_SIZE, b"\0")
            halves = [
                int.from_bytes(half, "big")
                for half in (padded[:8], padded[8:])
            ]
            rows += f"{{{function}, {halves[0]}ULL, {halves[1]}ULL}},\n"
    program += f"""
static const struct {{
	bool (*holds)(u64, u64);
	u64 first, second;
}} rows[] = {{
{rows}}};

int main(void)
{{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		putchar('0' + rows[i].holds(rows[i].first, rows[i].second));
}}
"""
    printed = iter(run_c(folder, program))
    return [[next(printed) == "1" for _ in names] for _, names in cases]


def _some_name(chance: random.Random) -> bytes:
    size = chance.randrange(_SIZE)
    return bytes(chance.choice(_LETTERS) for _ in range(size))


def test_at_each_offset(tmp_path: Path) -> None:
    """Of each length, also across the two numbers; and one byte wrong."""
    name = b"0123456789abcde"
    cases = []
    for first in range(len(name)):
        for end in range(first + 1, len(name) + 1):
            text = name[first:end]
            others = [
                name[:at] + b"_" + name[at + 1 :] for at in range(len(name))
            ]
            cases.append((text, [name, name[first:], text, *others, b""]))
    for (text, names), found in zip(cases, _found(tmp_path, cases)):
        assert found == [text in name for name in names], text


def test_any_bytes(tmp_path: Path) -> None:
    chance = random.Random(3)
    cases = [
        (
            _some_name(chance)[: chance.randrange(1, 5)] or b"a",
            [_some_name(chance) for _ in range(500)],
        )
        for _ in range(60)
    ]
    total = 0
    for (text, names), found in zip(cases, _found(tmp_path, cases)):
        assert found == [text in name for name in names], text
        total += sum(found)
    assert total > 100
