# SPDX-License-Identifier: Apache-2.0
"""The numbers of syscalls are those of the kernel's headers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opensnooplib.base import libc

# Headers of x86-64, and those that arm64 shares with all newer machines.
_HEADERS = (
    Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    Path("/usr/include/asm-generic/unistd.h"),
)


@pytest.mark.parametrize("column, header", enumerate(_HEADERS))
def test_numbers(column: int, header: Path) -> None:
    if not header.exists():
        pytest.skip(f"no {header}")
    defined = dict(
        re.findall(r"^#define __NR_(\w+)\s+(\d+)$", header.read_text(), re.M)
    )
    for name, numbers in libc._NUMBERS.items():
        number = numbers[column]
        assert defined.get(name) == (None if number is None else str(number))


def test_a_call_that_this_machine_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(libc, "_IS_NEWER", True)
    with pytest.raises(OSError, match="not supported"):
        libc.syscall("creat", b"/no/where", 0o600)
