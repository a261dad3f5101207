# SPDX-License-Identifier: Apache-2.0
"""The hooks of bpf_src/hooks.h in a person's own C, also while it is edited.

Those for packets are in test_packets.py.
"""

from __future__ import annotations

import collections
import json
import os
import pty
import signal
import subprocess
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opensnooplib.kernel import offered_hooks
from tests.kernel.conftest import build
from tests.kernel.live import await_reload
from tests.kernel.tool import (
    Ended,
    Tool,
    loaded_objects,
    objects_held_by,
    run,
    wait_until,
)

SWAPS = int(os.environ.get("OPENSNOOP_SWAPS", "5"))

pytestmark = [
    pytest.mark.every_kernel,
    pytest.mark.skipif(
        bool(offered_hooks.why_not("uprobe")), reason="no uprobes"
    ),
]

_SEND = """\
struct call {
	u64 ts;
	u32 pid;
	u32 version;
	s64 number;
	enum { CALL, RETURN, PROBE } kind;
	char text[32];
};
BPF_PERF_OUTPUT(calls);

static __always_inline int send(void *ctx, int kind, s64 number,
				const void *text)
{
	struct call call = {
		.ts = bpf_ktime_get_ns(),
		.pid = bpf_get_current_pid_tgid() >> 32,
		.version = VERSION,
		.number = number,
		.kind = kind,
	};

	if (text)
		bpf_probe_read_user_str(call.text, sizeof(call.text), text);
	calls.perf_submit(ctx, &call, sizeof(call));
	return 0;
}
"""

_COUNTED = """\
UPROBE("PROGRAM_PATH", counted)
{
	return send(ctx, CALL, (int)PT_REGS_PARM1(ctx), NULL);
}

URETPROBE("PROGRAM_PATH", counted)
{
	return send(ctx, RETURN, (int)PT_REGS_RC(ctx), NULL);
}

USDT("PROGRAM_PATH", calls, made)
{
	int number = -1;
	u64 text = 0;

	bpf_usdt_readarg(1, ctx, &number);
	bpf_usdt_readarg(2, ctx, &text);
	return send(ctx, PROBE, number, (void *)text);
}
"""

_REAL = """\
URETPROBE("/bin/bash", readline)
{
	return send(ctx, RETURN, 0, (void *)PT_REGS_RC(ctx));
}

UPROBE("libc", fopen)
{
	return send(ctx, CALL, 0, (void *)PT_REGS_PARM1(ctx));
}
"""


def _source(text: str, version: int) -> str:
    return f"#define VERSION {version}\n{_SEND}{text}"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that calls a function again and again."""
    return build("calls", tmp_path_factory.mktemp("programs"), "-std=gnu11")


class _Calls:
    """The program at work, once it is let begin."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program, "200"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.pid = self._process.pid

    def __enter__(self) -> _Calls:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def let_begin(self) -> None:
        assert self._process.stdin
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Returns how many calls it made."""
        output, _ = self._process.communicate(b"\n")
        return int(output)


def _rows(ended: Ended) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in ended.output.splitlines()]


def _version(tool: Tool) -> int:
    """That of the last row; 0 if there is none."""
    lines = tool.output_so_far(at_most=1000).splitlines(keepends=True)
    whole = [line for line in lines[1:] if line.endswith(b"\n")]
    return int(json.loads(whole[-1])["version"]) if whole else 0


def test_each_call_exactly_once_while_the_c_is_saved(
    program: Path, tmp_path: Path
) -> None:
    text = _COUNTED.replace("PROGRAM_PATH", str(program))
    source = tmp_path / "my.c"
    source.write_text(_source(text, 0))
    options = ["--source", str(source), "--live", "--format", "json"]
    with _Calls(program) as calls, Tool(*options) as tool:
        calls.let_begin()
        for version in range(1, SWAPS + 1):
            source.write_text(_source(text, version))
            await_reload(tool, "my.c")
            wait_until(lambda: _version(tool) == version)
        made = calls.end()
        ended = tool.stop()
    rows = _rows(ended)
    assert " 0 lost, " in ended.messages
    assert {row["version"] for row in rows} >= set(range(1, SWAPS + 1))
    numbers: Dict[str, List[int]] = collections.defaultdict(list)
    for row in rows:
        assert row["pid"] == calls.pid
        numbers[row["kind"]].append(row["number"])
    assert numbers["call"] == list(range(made))
    assert numbers["return"] == [2 * number for number in range(made)]
    assert numbers["probe"] == list(range(made))
    assert {row["text"] for row in rows if row["kind"] == "probe"} == {"said"}


def test_only_in_the_process_of_p(program: Path, tmp_path: Path) -> None:
    text = _COUNTED.replace("PROGRAM_PATH", str(program))
    source = tmp_path / "my.c"
    source.write_text(_source(text.replace(".pid", ".version"), 0))
    with _Calls(program) as calls, _Calls(program) as others:
        options = ["--source", str(source), "--format", "json"]
        with Tool(*options, "-p", str(calls.pid)) as tool:
            calls.let_begin()
            others.let_begin()
            wait_until(lambda: tool.output_so_far().count(b"\n") > 300)
            ended = tool.stop()
    assert {row["pid"] for row in _rows(ended)} == {calls.pid}


def _type_into_bash(line: bytes) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv("/bin/bash", ["bash", "--norc", "--noprofile", "-i"])
    os.write(terminal, line + b"\nexit\n")
    try:
        while os.read(terminal, 1024):
            pass
    except OSError:
        pass  # bash has ended
    os.close(terminal)
    os.waitpid(pid, 0)


def test_bash_and_libc(tmp_path: Path) -> None:
    source = tmp_path / "my.c"
    source.write_text(_source(_REAL, 0))
    with Tool("--source", source, "--format", "json") as tool:
        _type_into_bash(b"echo typed-by-a-test")
        awk = ["awk", 'BEGIN { print > "opened-by-a-test" }']
        subprocess.run(awk, cwd=tmp_path, check=True)
        rows = _rows(tool.stop())
    texts = {(row["kind"], row["text"]) for row in rows}
    assert ("return", "echo typed-by-a-test") in texts
    assert ("call", "opened-by-a-test") in texts


_PYTHON = "/usr/bin/python3"
_COLLECTIONS = f"""\
USDT("{_PYTHON}", python, gc__start)
{{
	int generation = -1;

	bpf_usdt_readarg(1, ctx, &generation);
	return send(ctx, PROBE, generation, NULL);
}}
"""


@pytest.mark.skipif(
    b"gc__start" not in Path(_PYTHON).read_bytes(),
    reason="this Python has no USDT probes",
)
def test_the_garbage_collector_of_python(tmp_path: Path) -> None:
    source = tmp_path / "my.c"
    source.write_text(_source(_COLLECTIONS, 0))
    script = "import gc; gc.disable(); [gc.collect(1) for _ in range(100)]"
    with Tool("--source", source, "--format", "json") as tool:
        python = subprocess.Popen([_PYTHON, "-c", script])
        python.wait()
        rows = _rows(tool.stop())
    found = [row["number"] for row in rows if row["pid"] == python.pid]
    assert found.count(1) == 100
    assert set(found) <= {0, 1, 2}


_FAULTS = """\
PERF_EVENT(page-faults, period=1)
{
	return send(ctx, CALL, 0, NULL);
}

PERF_EVENT(cpu-clock, 99)
{
	return send(ctx, PROBE, bpf_get_smp_processor_id(), NULL);
}
"""
_PAGES = 500
_TOUCH = f"""\
import mmap, resource
pages = mmap.mmap(-1, {_PAGES} * mmap.PAGESIZE, mmap.MAP_PRIVATE)
input()
for i in range({_PAGES}):
    pages[i * mmap.PAGESIZE] = 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
input()
"""


def test_perf_events_while_the_c_is_saved(tmp_path: Path) -> None:
    source = tmp_path / "my.c"
    source.write_text(_source(_FAULTS, 0))
    options = ["--source", str(source), "--live", "--format", "json"]
    with Tool(*options) as tool:
        python = subprocess.Popen(
            [_PYTHON, "-c", _TOUCH],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for version in range(1, 4):
            source.write_text(_source(_FAULTS, version))
            await_reload(tool, "my.c")
            wait_until(lambda: _version(tool) == version)
        assert python.stdin and python.stdout
        python.stdin.write(b"\n")
        python.stdin.flush()
        faults = int(python.stdout.readline())
        ended = tool.stop()
        python.communicate(b"\n")
    rows = _rows(ended)
    seen = [r for r in rows if r["pid"] == python.pid and r["kind"] == "call"]
    # Those of the kernel before the program begins are another process's.
    assert faults - 50 <= len(seen) <= faults + 50
    sampled = [row for row in rows if row["kind"] == "probe"]
    assert {row["number"] for row in sampled} == set(
        range(os.cpu_count() or 1)
    )


_IN_COMMENTS = """\
#include <uapi/linux/ptrace.h>

BPF_PROG_ARRAY(jumps, 4);

// attach: uprobe PROGRAM_PATH counted
// MORE
int at_calls(struct pt_regs *ctx)
{
	jumps.call(ctx, 3);
	return 0;
}

// attach: slot jumps[3]
int behind(struct pt_regs *ctx)
{
	return send(ctx, CALL, PT_REGS_RC(ctx), NULL);
}
"""


def test_comments_that_attach_a_function(
    program: Path, tmp_path: Path
) -> None:
    """One of them is added, and removed again, while the function runs."""
    text = _IN_COMMENTS.replace("PROGRAM_PATH", str(program))
    more = text.replace("MORE", f"attach: uretprobe {program} counted")
    source = tmp_path / "my.c"
    source.write_text(_source(text, 0))
    options = ["--source", str(source), "--live", "--format", "json"]
    with _Calls(program) as calls, Tool(*options) as tool:
        calls.let_begin()
        for version, one in enumerate([text, more, text]):
            if version:
                source.write_text(_source(one, version))
                await_reload(tool, "my.c")
                tool.await_message("at_calls: attached elsewhere now")
            size = len(tool.output_so_far())
            wait_until(lambda: len(tool.output_so_far()) > size + 10000)
        rows = _rows(tool.stop())
    numbers = {
        version: {row["number"] for row in rows if row["version"] == version}
        for version in range(3)
    }
    # Where the function begins, its result is yet to come.
    assert len(numbers[0]) <= 2 and len(numbers[2]) <= 2
    assert len(numbers[1]) > 10


def test_nothing_is_left_after_sigkill(program: Path, tmp_path: Path) -> None:
    text = _COUNTED.replace("PROGRAM_PATH", str(program)) + _FAULTS
    source = tmp_path / "my.c"
    source.write_text(_source(text, 0))
    with _Calls(program) as calls, Tool("--source", source, "--live") as tool:
        calls.let_begin()
        held = objects_held_by(tool.pid)
        assert {kind for kind, _ in held} == {"prog", "map"}
        tool.send(signal.SIGKILL)
        tool.ended()
        wait_until(lambda: not held & loaded_objects())
        assert calls.end() > 0


@pytest.mark.parametrize(
    "c, why",
    [
        ('UPROBE("/bin/nosuch", f)', "my.c:28: there is no file /bin/nosuch"),
        (
            'UPROBE("/bin/bash", readlin)',
            "/bin/bash has no function readlin; did you mean readline?",
        ),
        (
            'UPROBE("libc", fopenn)',
            "libc.so.6 has no function fopenn; did you mean fopen?",
        ),
        ('UPROBE("nosuchlib", f)', "my.c:28: there is no library nosuchlib"),
        (
            'USDT("/bin/bash", a, b)',
            "USDT(/bin/bash, a, b): /bin/bash has no such probe",
        ),
        (
            "PERF_EVENT(cpu-clok, 99)",
            "PERF_EVENT: there is no event cpu-clok; did you mean cpu-clock?",
        ),
        ("PERF_EVENT(cpu-clock, often)", "as in PERF_EVENT(cpu-clock, 99)"),
    ],
)
def test_mistakes(tmp_path: Path, c: str, why: str) -> None:
    source = tmp_path / "my.c"
    source.write_text(_source(f"{c}\n{{\n\treturn 0;\n}}\n", 0))
    ended = run("--source", source, "-d", "1")
    assert ended.status == 1
    assert why in ended.messages
