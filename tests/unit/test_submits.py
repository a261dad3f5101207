# SPDX-License-Identifier: Apache-2.0
"""The size that a program sends, where its instructions tell."""

from __future__ import annotations

import struct
from typing import List, Optional

import pytest

from opensnooplib.source import submits


def _one(
    opcode: int, to: int = 0, by: int = 0, go: int = 0, n: int = 0
) -> bytes:
    return struct.pack("=BBhi", opcode, by << 4 | to, go, n)


def _map(fd: int) -> bytes:
    return _one(0x18, to=2, by=1, n=fd) + _one(0)


def _size(size: int) -> bytes:
    return _one(0xB7, to=5, n=size)


OUTPUT, OTHER_CALL = _one(0x85, n=25), _one(0x85, n=14)
JUMP = _one(0x15, to=1, go=1)  # over the next one


@pytest.mark.parametrize(
    "code, expected",
    [
        ([_map(7), _size(24), OUTPUT], [24]),
        ([_size(24), _map(7), OUTPUT, _map(7), _size(8), OUTPUT], [24, 8]),
        ([_map(8), _size(24), OUTPUT], []),  # another map
        ([_map(7), OUTPUT], [None]),
        ([_map(7), _size(24), OTHER_CALL, _map(7), OUTPUT], [None]),
        ([_map(7), _size(24), _one(0x0F, to=5, by=1), OUTPUT], [None]),
        ([_map(7), _size(24), _one(0x79, to=5, by=1), OUTPUT], [None]),
        ([_map(7), _size(8), JUMP, _size(24), OUTPUT], [None]),
        ([_map(7), _size(24), _one(0x7B, to=5, by=1), OUTPUT], [24]),
        ([_map(7), _size(24), _one(0xDB, to=1, by=5), OUTPUT], [None]),
        ([_map(7), _size(8), _one(0x16, go=1), _size(24), OUTPUT], [None]),
    ],
)
def test_sizes(code: List[bytes], expected: List[Optional[int]]) -> None:
    assert list(submits.sizes(b"".join(code), 7)) == expected
