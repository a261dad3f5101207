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

_OF_REGISTERS = """\
{path}:9:20: error: incomplete definition of type 'struct pt_regs'
 int dfd = (int)ctx->di; const char *name = (const char *)ctx->si;
                ~~~^
/virtual/include/bcc/helpers.h:1105:8: note: forward declaration of 'struct \
pt_regs'
struct pt_regs;
       ^
{path}:9:62: error: incomplete definition of type 'struct pt_regs'
 int dfd = (int)ctx->di; const char *name = (const char *)ctx->si;
                                                          ~~~^
2 errors generated.
"""


def test_registers_that_are_not_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BCC wrote the line that clang shows: the function counts, once."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my.c"
    path.write_text(_PROBE)
    said = _OF_REGISTERS.format(path=path)
    made_of = c_text.read(str(path))
    assert compiler_messages.of_compiler(said, made_of).strip().split(
        "\n"
    ) == [
        "my.c:6: error: incomplete definition of type 'struct pt_regs'",
        "in plain words: add #include <uapi/linux/ptrace.h>",
    ]
    # Where a person wrote such a line, it stays what it is.
    path.write_text(_PROBE.replace("return 0;", "return ctx->di;"))
    made_of = c_text.read(str(path))
    said = said.replace(" int dfd = (int)ctx->di; ", "return ctx->di;")
    said = said.replace("const char *name = (const char *)ctx->si;", "")
    assert "my.c:9:20: error: " in compiler_messages.of_compiler(said, made_of)


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


def test_the_second_of_two_probes_is_in_the_main_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    probe = "TRACEPOINT_PROBE(syscalls, sys_enter_open)\n{\n\treturn 0;\n}\n"
    path = tmp_path / "my.c"
    path.write_text('#include "first.h"\n// TRACEPOINT_PROBE(a, b)\n' + probe)
    (tmp_path / "first.h").write_text(probe)
    said = (
        f"{path}:6:8: error: redefinition of "
        "'tracepoint__syscalls__sys_enter_open'\n"
        f"{tmp_path}/first.h:1:8: note: previous definition is here\n"
    )
    text = compiler_messages.of_compiler(said, c_text.read(str(path))).strip()
    assert text == (
        "my.c:3: error: there is already a probe for the tracepoint "
        "syscalls:sys_enter_open, at first.h:1: merge the two"
    )


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
