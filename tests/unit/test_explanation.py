# SPDX-License-Identifier: Apache-2.0
"""What is made of the compiler's words; these are clang's own, by BCC 0.26."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensnooplib.explain import compiler_messages
from opensnooplib.source import c_text

_PROBE = """\
struct event {
	u32 pid;
};
BPF_PERF_OUTPUT(events);

int kprobe__do_sys_openat2(struct pt_regs *ctx, int dfd, const char *name)
{
	return 0;
}
"""


def test_a_division_in_a_function_of_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my.c"
    path.write_text(_PROBE)
    said = (
        "Error at line 8: Unsupport signed division for DAG: 0x20ab3b08: i64 "
        "= sdiv 0x20ab4120, Constant:i64<3>, cut/my.c:8:19 @[ cut/open.h:99:2 "
        "@[ cut/my.c:3:9 ] ]Please convert to unsigned div/mod.\n"
    )
    text = compiler_messages.of_compiler(said, c_text.read(str(path)))
    assert text.startswith("my.c:8: error: Unsupport signed division\n")


def test_the_margin_of_newer_compilers(tmp_path: Path) -> None:
    """It is as if there was none; and our #line is nobody's."""
    path = tmp_path / "my.c"
    path.write_text("\n" + _PROBE)
    said = (
        f"{path}:7:1: error: type specifier missing, defaults to 'int'\n"
        "    7 | TRACEPOINT_PROB(syscalls, sys_enter_openat)\n"
        "      | ^\n"
        f'    8 | #line 8 "{path}"\n'
    )
    text = compiler_messages.of_compiler(said, c_text.read(str(path)))
    assert text.strip().split("\n")[1:] == [
        "TRACEPOINT_PROB(syscalls, sys_enter_openat)",
        "^",
        "in plain words: BCC has no macro TRACEPOINT_PROB; did you mean "
        "TRACEPOINT_PROBE?",
    ]
