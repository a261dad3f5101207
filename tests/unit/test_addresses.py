# SPDX-License-Identifier: Apache-2.0
"""What is read where nothing is, as a program's instructions show it."""

from __future__ import annotations

import struct
from typing import List

import pytest

from opensnooplib.source import addresses


def _one(
    opcode: int, to: int = 0, by: int = 0, go: int = 0, n: int = 0
) -> bytes:
    return struct.pack("=BBhi", opcode, by << 4 | to, go, n)


def _address(to: int, low: int, high: int = 0, by: int = 0) -> bytes:
    return _one(0x18, to, by, n=low) + _one(0, n=high)


READ_KERNEL, READ_USER = _one(0x85, n=115), _one(0x85, n=114)
OTHER_CALL = _one(0x85, n=14)
JUMP = _one(0x15, to=0, go=1)  # over the next one
KEEP_CONTEXT = _one(0xBF, to=6, by=1)
LOAD_KEPT = _one(0x79, to=3, by=6, go=24)


@pytest.mark.parametrize(
    "code, expected",
    [
        ([_address(1, 0)], [0]),  # of the first string
        ([OTHER_CALL, _address(3, 12)], [1]),  # of one behind it
        ([_address(1, 5, by=1)], []),  # a map
        ([_address(1, 5, high=1)], []),  # a number of 64 bits
        ([_address(3, -1)], []),  # BPF_F_CURRENT_CPU
    ],
)
def test_constants(code: List[bytes], expected: List[int]) -> None:
    found = addresses.doubtful(b"".join(code), False)
    assert [number for number, _ in found] == expected


@pytest.mark.parametrize(
    "code, expected",
    [
        ([_one(0x79, to=3, by=1), READ_KERNEL], [1]),
        ([_one(0x79, to=3, by=1), READ_USER], []),
        ([_one(0x61, to=3, by=1), READ_KERNEL], []),  # 32 bits
        ([KEEP_CONTEXT, OTHER_CALL, LOAD_KEPT, READ_KERNEL], [3]),
        ([KEEP_CONTEXT, JUMP, OTHER_CALL, LOAD_KEPT, READ_KERNEL], [4]),
        # On one of two paths it is another address.
        ([KEEP_CONTEXT, LOAD_KEPT, JUMP, _one(0xB7, 3), READ_KERNEL], []),
        # The register that keeps the context is written to again.
        ([KEEP_CONTEXT, JUMP, _one(0xB7, 6), LOAD_KEPT, READ_KERNEL], []),
        # Field of a struct there, and a number that was added.
        ([_one(0x79, 3, 1), _one(0x07, 3, n=8), READ_KERNEL], [2]),
        ([_one(0x79, 3, 1), _one(0x0F, 3, 2), READ_KERNEL], []),
        # What is at that address isn't in the context.
        ([_one(0x79, 2, 1), _one(0x79, 3, 2), READ_KERNEL], []),
    ],
)
def test_memory_of_a_process(code: List[bytes], expected: List[int]) -> None:
    found = addresses.doubtful(b"".join(code), True)
    assert [number for number, _ in found] == expected
    assert not list(addresses.doubtful(b"".join(code), False))
