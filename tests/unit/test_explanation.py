# SPDX-License-Identifier: Apache-2.0
"""What is made of the compiler's words; these are clang's own, by BCC 0.26."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensnooplib.explain import compiler_messages, verifier_log
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


def _write_c(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str = _PROBE
) -> Path:
    """Write my.c, in what is then the working directory."""
    monkeypatch.chdir(folder)
    path = folder / "my.c"
    path.write_text(text)
    return path


def test_a_division_in_a_function_of_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _write_c(tmp_path, monkeypatch)
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
        "in plain words: there is no macro TRACEPOINT_PROB; did you mean "
        "TRACEPOINT_PROBE?",
    ]


_LOG = """\
bpf: Failed to load program: Permission denied
0: R1=ctx() R10=fp0
; TRACEPOINT_PROBE(syscalls, sys_enter_openat) @ my.c:6
0: (bf) r6 = r1
; return *seen.lookup(&key); @ my.c:8
1: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'

"""

_REPORT = """\
Verification failed: Memory Safety: Possible NULL dereference

Reason:
  R0 may be NULL.

At:
  my_probe @ my.c:8:9
  >>> 8 |         return *seen.lookup(&key);

Suggestion:
  Check the pointer for NULL before it is dereferenced.
"""

_END = "processed 2 insns (limit 1000000) max_states_per_insn 0\n"


@pytest.mark.parametrize("report", ["", _REPORT])
def test_a_report_for_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: str
) -> None:
    """That of kernels to come is shown as it is, with all that is ours."""
    path = _write_c(tmp_path, monkeypatch, _PROBE + "\n")
    made_of = c_text.read(str(path))
    log = _LOG + report + ("\n" if report else "") + _END
    assert verifier_log.reason_in(log).startswith("R0 invalid mem access")
    said = compiler_messages.of_verifier(log, "", made_of)
    assert said == (
        "my.c:8: error: the kernel refuses this:\n"
        "        return *seen.lookup(&key);\n"
        "the verifier: R0 invalid mem access 'map_value_or_null'\n"
        f"{report}"
        "in plain words: the result of a lookup may be NULL: check it before "
        "it is used, as in if (!value) return 0;"
    )


def test_where_an_instruction_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by the text of the line, before Linux 6.9."""
    path = _write_c(tmp_path, monkeypatch)
    files = c_text.read(str(path)).files
    assert verifier_log.location_of(1, _LOG, files) == "my.c:8: "
    log = "; return 0;\n11: (b7) r0 = 0\n1: (95) exit\n"
    assert verifier_log.location_of(1, log, files) == "my.c:8: "
    assert verifier_log.location_of(2, log, files) == ""
