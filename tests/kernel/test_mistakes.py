# SPDX-License-Identifier: Apache-2.0
"""Mistakes in the C: what a person reads, and that the trace goes on."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from opensnooplib.kernel import tracefs
from tests.kernel import mistakes
from tests.kernel.mistakes import GOOD, HANGING, MISTAKES
from tests.kernel.tool import Tool, descendants, replace_in, run, wait_until

# It is in what is only said where the kernel's headers aren't installed.
_RELEASE = "RELEASE"

# What would be of no help: of BCC's own files, or of the tool's inside.
_NOISE = ("/virtual/", "Traceback", "generated.", "bpf: Failed", "chdir")


@functools.lru_cache(maxsize=1)
def _is_where_they_were_written() -> bool:
    """Is this the kernel and the BCC whose words mistakes.txt has?"""
    bcc = subprocess.run(
        ["/usr/bin/python3", "-c", "import bcc; print(bcc.__version__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    is_bcc = bcc.stdout.startswith("0.26.")
    return is_bcc and os.uname().release.startswith("6.18.")


def _assert_said(messages: str, said: str) -> None:
    """Elsewhere, only the tool's own words are the same, but for a line."""
    assert not any(noise in messages for noise in _NOISE)
    if _is_where_they_were_written():
        assert messages == said
        return
    for line in said.split("\n"):
        _, is_warning, words = line.partition("warning: ")
        if is_warning and not line.endswith("]"):  # those are clang's
            assert f"warning: {words}" in messages
        elif line.startswith("in plain words: ") and _RELEASE not in line:
            assert line in messages


@pytest.fixture(name="said", scope="module")
def _said() -> Dict[str, str]:
    return mistakes.said_now(MISTAKES)


@pytest.mark.parametrize("name", MISTAKES)
def test_the_message(said: Dict[str, str], name: str) -> None:
    _assert_said(said[name], MISTAKES[name].said)


@pytest.mark.parametrize(
    "name",
    ["a semicolon is missing", "a lookup isn't checked", "recursion"],
)
def test_at_launch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The message is the same there."""
    monkeypatch.chdir(tmp_path)
    MISTAKES[name].write(tmp_path)
    ended = run("--source", "my.c", "-d", "0.1")
    assert ended.status == 1
    assert ended.output == b""
    _assert_said(mistakes.shown(ended.messages), MISTAKES[name].said)


def test_the_good_one(tmp_path: Path) -> None:
    """Each mistake is the only one."""
    path = tmp_path / "my.c"
    path.write_text(GOOD)
    with Tool("--source", path) as tool:
        os.close(os.open("/etc/passwd", os.O_RDONLY))
        ended = tool.stop()
    assert ended.status == 0
    assert "warning" not in ended.messages
    heading, *lines = ended.lines
    assert heading.split() == b"PID COMM TS".split()
    assert str(os.getpid()).encode() in [line.split()[0] for line in lines]


_FIELDS = """\
struct event {
	u32 pid;
	u32 tid;
	char text[8];
	u32 pad;
	u32 flags;
};
BPF_PERF_OUTPUT(events);
"""
_MACRO = "#define SET(field, value) event.field = value\n"

# C of which nothing is to be said.
_FINE = (
    # Fields are written to by a macro, in an initializer or as a whole.
    _FIELDS + _MACRO + "TRACEPOINT_PROBE(syscalls, sys_enter_openat)\n{\n"
    '\tstruct event event = { .tid = 1 };\n\tchar text[] = "a text";\n\n'
    "\tSET(pid, 1);\n\tSET(flags, args->flags);\n"
    "\t__builtin_memcpy(event.text, text, sizeof(text));\n"
    "\tevents.perf_submit(args, &event, sizeof(event));\n\treturn 0;\n}\n",
    _FIELDS + "TRACEPOINT_PROBE(syscalls, sys_enter_openat)\n{\n"
    "\tstruct event event = { 1, 2 };\n\n"
    "\tevents.perf_submit(args, &event, sizeof(event));\n\treturn 0;\n}\n",
    # Kernel memory is read in a syscall, and a process's as it should be.
    _FIELDS + "TRACEPOINT_PROBE(syscalls, sys_enter_openat)\n{\n"
    "\tstruct event event = { .pid = 1, .tid = 2, .flags = args->flags };\n"
    "\tvoid *task = (void *)bpf_get_current_task();\n\n"
    "\tif (event.pid == 5)\n\t\t;\n\telse\n\t\tevent.tid = 3;\n"
    "\tbpf_probe_read_kernel(event.text, 8, task);\n"
    "\tbpf_probe_read_user(event.text, 8, args->filename);\n"
    '\tbpf_trace_printk("%d", event.tid);\n'
    "\tevents.perf_submit(args, &event, sizeof(event));\n\treturn 0;\n}\n",
)


@pytest.mark.parametrize("text", _FINE)
def test_no_false_alarm(tmp_path: Path, text: str) -> None:
    path = tmp_path / "my.c"
    path.write_text(text)
    ended = run("--source", path, "-d", "0.1")
    assert ended.status == 0
    assert "warning" not in ended.messages


_ONE_LINE_EACH = """\
struct event { u32 pid; };
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(syscalls, sys_enter_openat) { struct event event = {}; \
events.perf_submit(args, &event, sizeof(event)); return 0; }
TRACEPOINT_PROBE(syscalls, sys_exit_openat) { return 0; }
RAW_TRACEPOINT_PROBE(sys_enter) { return 0; }
"""


def test_each_probe_has_its_own_line(tmp_path: Path) -> None:
    """In what --disasm shows, from the first instruction on."""
    path = tmp_path / "my.c"
    lines = _ONE_LINE_EACH.splitlines()
    path.write_text(_ONE_LINE_EACH)
    ended = run("--source", path, "--disasm")
    shown = [line.decode() for line in ended.lines if line[:1] == b";"]
    assert len(shown) == 3
    for number, line in enumerate(lines[2:], start=3):
        assert f"; {line} @ my.c:{number}" in shown


def test_what_was_not_sent_is_not_shown_as_0(tmp_path: Path) -> None:
    path = tmp_path / "my.c"
    fields = "u32 pid;\n\tu32 zero;\n\tu64 ts;"
    good = GOOD.replace("u64 ts;\n\tu32 pid;", fields)
    path.write_text(good.replace("sizeof(event));\n\treturn", "4);\n\treturn"))
    with Tool("--source", path) as tool:
        os.close(os.open("/etc/passwd", os.O_RDONLY))
        ended = tool.stop()
    heading, *lines = ended.lines
    assert heading.split() == [b"PID"]
    assert [str(os.getpid()).encode()] in [line.split() for line in lines]
    assert "only 4 bytes of struct event are sent" in ended.messages


@pytest.mark.parametrize(
    "old, new",
    [
        ("u32 pid;", "u32 pid; /* behind } all */"),
        (
            "BPF_HASH",
            '/*\n#include "gone.h"\nTRACEPOINT_PROBE(no, such)\n*/\nBPF_HASH',
        ),
        ("struct event {", "/* struct event { is here; } */\nstruct event {"),
        (
            "struct event {",
            "#if 0\nstruct event { u32 old; };\n#endif\nstruct event {",
        ),
    ],
)
def test_what_looks_like_the_struct(
    tmp_path: Path, old: str, new: str
) -> None:
    path = tmp_path / "my.c"
    path.write_text(GOOD.replace(old, new, 1))
    ended = run("--source", path, "-d", "0.2")
    assert ended.status == 0


_LIVE = (
    "a semicolon is missing",
    "a lookup isn't checked",
    "no such tracepoint",
    "a field whose name is no column's",
    "an empty file",
    "a file of one's own isn't there",
)


def test_the_trace_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each mistake the old program still sees opens; then a new one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my.c"
    path.write_text(GOOD)
    with Tool("--live", "--source", "my.c") as tool:
        for name in _LIVE:
            MISTAKES[name].write(tmp_path)
            tool.await_message("the trace continues with the previous C")
            os.close(os.open("/etc/passwd", os.O_RDONLY))
        path.unlink()
        tool.await_message("my.c does not exist")
        path.write_text(GOOD.replace("u32 pid;", "u32 pid; u32 added;"))
        line = tool.await_message("my.c: reloaded in ")
        ended = tool.stop()
    assert "columns: ADDED added" in line
    pid = str(os.getpid()).encode()
    shown = [line for line in ended.lines if line.split()[0] == pid]
    assert len(shown) >= len(_LIVE)


def test_a_file_that_is_there_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a new #include names; it is watched before it is there."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my.c"
    path.write_text(GOOD)
    with Tool("--live", "--source", "my.c") as tool:
        path.write_text('#include "mine.h"\n' + GOOD)
        tool.await_message('my.c:1 includes "mine.h", which does not exist')
        (tmp_path / "mine.h").write_text("#define MINE\n")
        tool.await_message("my.c, mine.h: reloaded in ")
        assert tool.stop().status == 0


def test_no_room_for_what_a_save_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a while; then the same save is taken in.

    With --no-drop: see test_too_many_open_files().
    """
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my.c"
    path.write_text(GOOD)
    changed = GOOD.replace("u32 pid;", "u32 pid; u32 added;")
    with Tool("--live", "--source", "my.c", "--no-drop") as tool:
        fds = len(os.listdir(f"/proc/{tool.pid}/fd"))
        limits = resource.prlimit(tool.pid, resource.RLIMIT_NOFILE)
        for more in range(4):
            few = (fds + more, limits[1])
            resource.prlimit(tool.pid, resource.RLIMIT_NOFILE, few)
            path.write_text(f"// {more}\n{changed}")
            tool.await_message("the trace continues with the previous C")
        resource.prlimit(tool.pid, resource.RLIMIT_NOFILE, limits)
        path.write_text(changed + "\n")
        tool.await_message("my.c: reloaded in ")
        ended = tool.stop()
    assert ended.status == 0
    assert "open files is too low for the rings" in ended.messages


def _with_patience(checkout: Path, seconds: int) -> None:
    path = checkout / "opensnooplib" / "compile" / "timeout.py"
    text = path.read_text()
    changed = re.sub(
        r"^COMPILE_TIMEOUT_SECONDS = \d+$",
        f"COMPILE_TIMEOUT_SECONDS = {seconds}",
        text,
        flags=re.MULTILINE,
    )
    assert changed != text
    path.write_text(changed)


def _patience() -> int:
    """Seconds: far more than a launch takes on this machine."""
    began = time.monotonic()
    run("-q", "-p", "1", "-d", "0.1")
    return 4 + int(4 * (time.monotonic() - began))


@pytest.mark.parametrize(
    "text, said",
    [
        (HANGING, "the compiler did not finish within "),
        ("#pragma clang __debug crash\n", "the compiler crashed (SIG"),
    ],
)
def test_a_compiler_that_fails(
    checkout_copy: Path, text: str, said: str
) -> None:
    """It hangs, or crashes; the trace goes on, and so does editing."""
    _with_patience(checkout_copy, _patience())
    path = checkout_copy / "bpf_src" / "event.h"
    good = path.read_text()
    with Tool("--live", "-p", "1", checkout=checkout_copy) as tool:
        path.write_text(text + good)
        tool.await_message(said)
        tool.await_message("the trace continues")
        path.write_text(good.replace("u64 ts;", "u64 added; u64 ts;"))
        tool.await_message("event.h: reloaded in ")
        assert tool.stop().status == 0


def _compiles(tool: Tool) -> List[int]:
    """The PIDs of processes that compile: those that have loaded LLVM."""
    found = []
    for child in descendants(tool.pid):
        with contextlib.suppress(OSError):  # it has ended
            if "LLVM" in Path(f"/proc/{child}/maps").read_text():
                found.append(child)
    return found


def test_a_save_ends_the_compile_before(tmp_path: Path) -> None:
    path = tmp_path / "my.c"
    path.write_text(GOOD)
    with Tool("--live", "--source", path) as tool:
        of_launch = _compiles(tool)
        path.write_text(HANGING + GOOD)
        wait_until(lambda: not set(_compiles(tool)) <= set(of_launch))
        path.write_text(GOOD.replace("u32 pid;", "u32 pid; u32 added;"))
        tool.await_message("saved again: stopped the earlier compile")
        assert "ADDED added" in tool.await_line(".*my.c: reloaded in ")
        assert tool.stop().status == 0


def test_a_compiler_that_is_killed(tmp_path: Path) -> None:
    """As the kernel does where memory runs out."""
    path = tmp_path / "my.c"
    path.write_text(HANGING + GOOD)
    with Tool("--source", path, wait=False) as tool:
        wait_until(lambda: bool(_compiles(tool)))
        os.kill(_compiles(tool)[0], signal.SIGKILL)
        ended = tool.ended()
    assert ended.status == 1
    assert "was killed, most likely for lack of memory: " in ended.messages
    assert "bug" not in ended.messages


_FILTER = "\tif (ret < 0)\n\t\treturn 0;\n"
_KEEPING = _FILTER.replace("0)", "0 && !is_tool(caller_pid_tgid()))")


def _filter_in_report(checkout: Path, text: str) -> None:
    path = checkout / "bpf_src" / "opensnoop.c"
    last = "\tstruct event *event = scratch.lookup(&program);\n"
    replace_in(path, last, last + text)


def test_a_filter_that_drops_test_opens(checkout_copy: Path) -> None:
    """The new programs run; what to write is said once, and serves."""
    options = ("--live", "-p", str(os.getpid()))
    path = checkout_copy / "bpf_src" / "opensnoop.c"
    good = path.read_text()
    with Tool(*options, checkout=checkout_copy) as tool:
        _filter_in_report(checkout_copy, _FILTER)
        tool.await_message("opensnoop.c: reloaded in ")
        tool.await_message("opens by open")
        os.close(os.open("/etc/passwd", os.O_RDONLY))
        with pytest.raises(FileNotFoundError):
            open("/no/such/file")
        path.write_text(good)
        _filter_in_report(checkout_copy, _KEEPING)
        tool.await_message("opensnoop.c: reloaded in ")
        ended = tool.stop()
    assert ended.messages.count("!is_tool(caller_pid_tgid())") == 1
    assert "the trace continues" not in ended.messages
    assert b"/etc/passwd" in ended.output
    assert b"/no/such/file" not in ended.output


@pytest.mark.parametrize("options", [(), ("--live",)])
def test_a_launch_with_such_a_filter(
    checkout_copy: Path, options: Tuple[str, ...]
) -> None:
    _filter_in_report(checkout_copy, _FILTER)
    ended = run(*options, "-p", "1", "-d", "0.1", checkout=checkout_copy)
    assert ended.status == 0
    assert ended.messages.count("can't be seen here") == 1


def test_no_test_open_is_seen(checkout_copy: Path) -> None:
    """The C that was saved runs all the same."""
    with Tool("--live", "-p", "1", checkout=checkout_copy) as tool:
        replace_in(
            checkout_copy / "bpf_src" / "record.h",
            "return pid_tgid >> 32 == TOOL_PID;",
            "return false;",
        )
        tool.await_message("record.h: reloaded in ")
        tool.await_message("opens by open")
        assert tool.stop().status == 0


def test_the_stack_of_a_plan_that_is_compiled(checkout_copy: Path) -> None:
    """Two plans have a probe of this name; one of them runs."""
    folder = checkout_copy / "bpf_src"
    replace_in(
        folder / "record.h",
        "\tevent->ret = ret;\n",
        "\tvolatile char large[600];\n\n\tlarge[ret & 511] = 1;\n"
        "\tevent->ret = large[ret & 255];\n",
    )
    options = ("--attach", "syscall-exit", "-d", "0.1")
    ended = run(*options, checkout=checkout_copy)
    found = re.search(
        r"/(plans/syscall_exit.h):(\d+): error: in \w+__(\w+): Looks like the "
        "BPF stack limit",
        ended.messages,
    )
    assert found, ended.messages
    lines = (folder / found[1]).read_text().split("\n")
    heads = [line for line in lines[: int(found[2])] if "_PROBE(" in line]
    assert f", {found[3].rpartition('__')[2]})" in heads[-1]


_TYPEDEFS = (
    ("block", "block_rq_issue"),
    ("syscalls", "sys_enter_lseek"),
    ("syscalls", "sys_enter_select"),
    ("syscalls", "sys_enter_capget"),
    ("syscalls", "sys_enter_clock_gettime"),
    ("syscalls", "sys_enter_preadv2"),
)


def test_what_ordinary_probes_use(tmp_path: Path) -> None:
    """Types of a tracepoint's fields, and macros, also without headers."""
    path = tmp_path / "my.c"
    there = [names for names in _TYPEDEFS if tracefs.description(*names)]
    assert there
    probes = [f"TRACEPOINT_PROBE({a}, {b}) {{ return 0; }}" for a, b in there]
    text = GOOD.replace("BPF_HASH", "BPF_STACK_TRACE(stacks, 1000);\nBPF_HASH")
    text = text.replace("= bpf_ktime_get_ns()", "= PAGE_SIZE")
    path.write_text("\n".join([text, *probes]))
    ended = run("--source", path, "-d", "0.1")
    assert ended.status == 0, ended.messages


_ANOTHER_SHAPE = (
    "struct big { u64 a[500]; };\nBPF_PERCPU_ARRAY(counters, struct big, 4);",
    "BPF_HASH(counters, u32, u64);",
    "BPF_PERCPU_ARRAY(counters, u64, 1);",
    "BPF_ARRAY(counters, u64, 4);",
    "struct key { u64 a[32]; };\nBPF_HASH(requests, struct key, u64);",
    "BPF_HASH(requests, u64, u64);",
    'BPF_TABLE("percpu_hash", u32, u64, start, 1024);',
    "BPF_PROG_ARRAY(start, 10);",
    "BPF_HISTOGRAM(start);",
    "BPF_STACK(start, u64, 16);",
    "struct odd { u64 under_way:1; u64 rest:63; };\n"
    "BPF_HASH(start, u32, struct odd);",
    "struct key { u64 a[8]; };\nBPF_HASH(again, struct key, struct key);",
)


@pytest.mark.parametrize("declared", _ANOTHER_SHAPE)
def test_a_map_of_a_name_that_we_know(tmp_path: Path, declared: str) -> None:
    """With another shape it is the author's own: nobody reads it as ours."""
    path = tmp_path / "my.c"
    text = GOOD.replace("BPF_HASH", declared + "\nBPF_HASH")
    path.write_text(text.replace("sys_enter_openat", "sys_exit_openat"))
    with Tool("--live", "--maps", "--source", path) as tool:
        path.write_text(text.replace("u32 pid;", "u32 pid; u32 added;"))
        tool.await_message("my.c: reloaded in ")
        time.sleep(1.5)  # the old programs go meanwhile
        ended = tool.stop()
    assert ended.status == 0
    assert "0 missed" in ended.messages


@pytest.mark.parametrize(
    "file, old, new, said",
    [
        (
            "record.h",
            "BPF_PERCPU_ARRAY(counters, u64, COUNTERS);",
            "BPF_HASH(counters, u32, u64);",
            "the map counters, which must be BPF_PERCPU_ARRAY(counters, u64,",
        ),
        (
            "record.h",
            "(counters, u64, COUNTERS);",
            "(counters, u64, 1);",
            "the map counters, which must be BPF_PERCPU_ARRAY(counters, u64,",
        ),
        (
            "opensnoop.c",
            "BPF_HASH(start, u32, struct open_start, START_ENTRIES);",
            'BPF_TABLE("percpu_hash", u32, struct open_start, start, 64);',
            "the map start, which must be BPF_HASH(start, u32, VALUE)",
        ),
    ],
)
def test_a_map_that_the_frontend_reads(
    checkout_copy: Path, file: str, old: str, new: str, said: str
) -> None:
    path = checkout_copy / "bpf_src" / file
    replace_in(path, old, new)
    ended = run("--attach", "syscall", "-d", "0.1", checkout=checkout_copy)
    assert ended.status == 1
    lines = path.read_text().split("\n")
    (line,) = [i for i, one in enumerate(lines, 1) if new in one]
    assert f"{file}:{line}: the frontend reads {said}" in ended.messages
