# SPDX-License-Identifier: Apache-2.0
"""Which words of a compiler mean that the C does not compile."""

from __future__ import annotations

import pytest

from opensnooplib.compile.compiler_output import ERROR


@pytest.mark.parametrize(
    "said",
    [
        "/virtual/main.c:3:1: error: expected identifier",
        "bpf_src/a b.h:3:1: fatal error: file not found",
        "error: <unknown>:0:0: in function f i32 (): too many args",
        "warning: something\nError at line 30: Unsupport signed division",
    ],
)
def test_an_error(said: str) -> None:
    assert ERROR.search(said)


@pytest.mark.parametrize(
    "said",
    [
        'my.c:9:2: warning: unused\n  bpf_trace_printk("open: error: %d", e);',
        "my.c:9:2: warning: x\n  a / b; // unsigned division",
        "; // no error: all is well",
    ],
)
def test_no_error(said: str) -> None:
    assert not ERROR.search(said)
