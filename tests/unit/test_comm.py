# SPDX-License-Identifier: Apache-2.0
"""The condition in C for -n finds a text in a command's name."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import List, Sequence, Tuple

from opensnooplib.cli import arguments
from opensnooplib.selection import criteria
from tests.unit.native import CHECKOUT, run_c

_BPF_SRC = CHECKOUT / "bpf_src"
_HEADER = _BPF_SRC / "extra" / "select" / "comm.h"
_SIZE = 16  # TASK_COMM_LEN
_LETTERS = b"ab\x01\x7f\x80\x81\xff"

_BEGIN = """
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#define IO_URING 0
#define TASK_COMM_LEN 16
static const char *name; /* of the current command */
#define bpf_get_current_comm(comm, size) memcpy(comm, name, size)
"""


def _found(
    folder: Path, cases: Sequence[Tuple[bytes, Sequence[bytes]]]
) -> List[List[bool]]:
    """For each case, a text and names: which of the names hold it."""
    return _selected(folder, [([text], names) for text, names in cases])


def _selected(
    folder: Path, cases: Sequence[Tuple[Sequence[bytes], Sequence[bytes]]]
) -> List[List[bool]]:
    """For each case, values of -n and names: which names they select."""
    program, main = _BEGIN, ""
    for number, (texts, names) in enumerate(cases):
        words = [word for text in texts for word in ("-n", os.fsdecode(text))]
        function = f"comm_selected_{number}"
        for macro, value in criteria.defines(arguments.parse(words)):
            program += f"#undef {macro.partition('(')[0]}\n"
            program += f"#define {macro} {value}\n"
        program += (
            f"#define comm_selected {function}\n"
            f'#include "{_HEADER}"\n#undef comm_selected\n'
        )
        for name in names:
            padded = "".join(
                f"\\{byte:03o}" for byte in name.ljust(_SIZE, b"\0")
            )
            main += f'\tname = "{padded}";\n'
            main += f"\tputchar('0' + {function}());\n"
    program += f"int main(void)\n{{\n{main}}}\n"
    printed = iter(run_c(folder, program, f"-I{_BPF_SRC}"))
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


def test_several_texts_and_excluded_ones(tmp_path: Path) -> None:
    """Also of a command without a name, which holds no text."""
    chance = random.Random(4)
    cases = []
    for _ in range(60):
        texts = [
            b"!" * chance.randrange(2) + chance.choice([b"a", b"ab", b"\x01b"])
            for _ in range(chance.randrange(1, 4))
        ]
        wanted = {text for text in texts if text[:1] != b"!"}
        if wanted and wanted <= {
            text[1:] for text in texts if text[:1] == b"!"
        }:
            continue  # refused, since no open can match
        names = [_some_name(chance) for _ in range(200)]
        cases.append((texts, [*names, b"", b"ab", b"a" * 15]))
    for (texts, names), found in zip(cases, _selected(tmp_path, cases)):
        some = [text for text in texts if text[:1] != b"!"]
        others = [text[1:] for text in texts if text[:1] == b"!"]
        assert found == [
            (any(text in name for text in some) or not some)
            and not any(text in name for text in others)
            for name in names
        ], texts
