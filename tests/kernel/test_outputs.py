# SPDX-License-Identifier: Apache-2.0
"""Whatever the C of --source sends: several outputs, ring buffers, texts."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import pytest

from tests.kernel.openers import Attempt, Opener, OpenLoad
from tests.kernel.tool import Ended, Tool, descendants, run

_SELECT = "if (bpf_get_current_pid_tgid() >> 32 != OPENER) return 0;"

_TWO = """
struct begun { u32 pid; int word; };
struct ended { u64 ts; u32 pid; long ret; };
BPF_PERF_OUTPUT(opens);
BPF_PERF_OUTPUT(results);
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct begun event = {.word = args->flags};
	SELECT
	event.pid = bpf_get_current_pid_tgid() >> 32;
	opens.perf_submit(args, &event, sizeof(event));
	return 0;
}
TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	struct ended event = {.ret = args->ret};
	SELECT
	event.ts = bpf_ktime_get_ns();
	event.pid = bpf_get_current_pid_tgid() >> 32;
	results.perf_submit(args, &event, sizeof(event));
	return 0;
}
"""

_ATTEMPTS = [Attempt(b"/etc/passwd", os.O_RDONLY)] * 3


def _source(folder: Path, text: str, pid: int) -> Path:
    path = folder / "my.c"
    path.write_text(
        text.replace("SELECT", _SELECT).replace("OPENER", str(pid))
    )
    return path


def _trace(folder: Path, text: str, *options: str) -> Ended:
    with Opener(_ATTEMPTS) as opener:
        path = _source(folder, text, opener.pid)
        with Tool("--source", path, *options) as tool:
            opener.run()
            return tool.stop()


def _json(ended: Ended) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in ended.lines]


class TestTwoOutputs:
    def test_the_table_names_each(self, tmp_path: Path) -> None:
        """The opener's calls alternate, as do the headings."""
        lines = _trace(tmp_path, _TWO).lines
        named = [line for line in lines if line.endswith(b":")]
        assert named[0] == b"opens:"
        assert set(named) == {b"opens:", b"results:"}
        for name, row in zip(lines, lines[1:]):
            assert name not in named or row.startswith(b"PID")
        assert sum(line[:1].isdigit() for line in lines) == 2 * len(_ATTEMPTS)

    def test_json_says_which(self, tmp_path: Path) -> None:
        rows = _json(_trace(tmp_path, _TWO, "--format", "json"))
        for row in rows:
            assert next(iter(row)) == "output"
            assert ("ret" in row) == (row["output"] == "results")
            assert ("word" in row) == (row["output"] == "opens")
        names = [row["output"] for row in rows]
        assert sorted(names) == ["opens"] * 3 + ["results"] * 3

    def test_csv_says_which(self, tmp_path: Path) -> None:
        ended = _trace(tmp_path, _TWO, "--format", "csv")
        rows = list(csv.reader(io.StringIO(ended.output.decode())))
        assert {row[0] for row in rows} == {"output", "opens", "results"}
        assert rows[0] == ["output", "pid", "word"]

    def test_columns_are_those_of_the_output_that_has_them(
        self, tmp_path: Path
    ) -> None:
        options = ("--format", "json", "--columns", "ret")
        rows = _json(_trace(tmp_path, _TWO, *options))
        assert any(list(row) == ["output", "ret"] for row in rows)
        assert any(list(row) == ["output", "pid", "word"] for row in rows)

    def test_a_recording_has_one(self, tmp_path: Path) -> None:
        path = _source(tmp_path, _TWO, 1)
        ended = run("--source", path, "--record", tmp_path / "recording")
        assert ended.status == 1
        assert "this C has opens and results" in ended.messages

    def test_a_save_changes_their_number(self, tmp_path: Path) -> None:
        """From two to one, to none, and to two again."""
        one = _TWO.partition("TRACEPOINT_PROBE(syscalls, sys_exit")[0]
        with Opener(_ATTEMPTS) as opener:
            path = _source(tmp_path, _TWO, opener.pid)
            options = ("--live", "--format", "json", "--source", path)
            with Tool(*options) as tool:
                for text in (one, _NO_OUTPUT, _TWO):
                    path.write_text(text)
                    _source(tmp_path, text, opener.pid)
                    tool.await_message("my.c: reloaded in ")
                opener.run()
                ended = tool.stop()
        names = [row["output"] for row in _json(ended)]
        assert sorted(names) == ["opens"] * 3 + ["results"] * 3


_NO_OUTPUT = """
BPF_HASH(counts, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	counts.increment(args->flags);
	return 0;
}
"""


class TestNoOutput:
    def test_it_runs(self, tmp_path: Path) -> None:
        ended = _trace(tmp_path, _NO_OUTPUT)
        assert ended.status == 0
        assert ended.lines == []
        assert ended.end.shown == ended.end.lost == 0

    @pytest.mark.parametrize(
        "option", ["-o=/dev/null", "--count=1", "--summary"]
    )
    def test_it_has_no_rows(self, tmp_path: Path, option: str) -> None:
        path = _source(tmp_path, _NO_OUTPUT, 1)
        ended = run("--source", path, *option.split("="))
        assert ended.status == 1
        assert "this C has none" in ended.messages

    def test_it_selects_nothing(self, tmp_path: Path) -> None:
        path = _source(tmp_path, _NO_OUTPUT, 1)
        ended = run("--source", path, "-u", "0")
        assert ended.status == 1 and "no field uid" in ended.messages


# Records of 32 bytes with their headers, in a ring buffer of two pages.
_RING_BUFFER = """
BPF_RINGBUF_OUTPUT(events, 2);
COUNTERS
struct event { u64 ts; u32 pid; int ret; };
TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	SELECT
	SEND
	return 0;
}
"""
_COUNTERS = "BPF_PERCPU_ARRAY(counters, u64, 2);"
_LOST = "counters.increment(0)"
_OUTPUT = """
	struct event event = {bpf_ktime_get_ns(), OPENER, args->ret};
	if (events.ringbuf_output(&event, sizeof(event), 0) < 0)
		LOST;
"""
_RESERVE = """
	struct event *event = events.ringbuf_reserve(sizeof(*event));
	if (!event) {
		LOST;
		return 0;
	}
	event->ts = bpf_ktime_get_ns();
	event->pid = OPENER;
	event->ret = args->ret;
	if (event->ret & 1)
		events.ringbuf_discard(event, 0);
	else
		events.ringbuf_submit(event, 0);
"""


def _ring_buffer(send: str, counts: bool = True) -> str:
    text = _RING_BUFFER.replace("SEND", send)
    text = text.replace("COUNTERS", _COUNTERS if counts else "")
    return text.replace("LOST", _LOST if counts else "return 0")


class TestRingBuffer:
    @pytest.mark.parametrize("hold_back", [False, True])
    def test_shown_and_lost_are_what_happened(
        self, tmp_path: Path, open_load: Path, hold_back: bool
    ) -> None:
        opens = 200_000
        with OpenLoad(open_load, "-n", str(opens), "/etc/passwd") as load:
            path = _source(tmp_path, _ring_buffer(_OUTPUT), load.pid)
            with Tool("--source", path, "--format", "json") as tool:
                if hold_back:
                    tool.hold_back()
                load.run()
                tool.send(signal.SIGCONT)
                ended = tool.stop()
        # Those of the loader's start are few.
        assert opens <= ended.end.happened < opens + 100
        assert len(ended.lines) == ended.end.shown > 0
        if hold_back:
            assert ended.end.lost > 0

    def test_what_is_discarded_is_not_shown(self, tmp_path: Path) -> None:
        ended = _trace(tmp_path, _ring_buffer(_RESERVE), "--format", "json")
        rows = _json(ended)
        assert all(row["ret"] % 2 == 0 for row in rows)
        assert ended.end.shown == len(rows)
        rows = _json(
            _trace(
                tmp_path,
                _ring_buffer(_RESERVE.replace("& 1", "& 0")),
                *("--format", "json"),
            )
        )
        assert len(rows) == len(_ATTEMPTS)

    def test_loss_that_nobody_counts_is_unknown(self, tmp_path: Path) -> None:
        ended = _trace(tmp_path, _ring_buffer(_OUTPUT, counts=False))
        assert "not for BPF ring buffers: the C has no" in ended.messages

    def test_swaps_under_load(self, tmp_path: Path, open_load: Path) -> None:
        """Each open once, also while the trace has no privileges."""
        opens = 20_000
        text = _ring_buffer(_OUTPUT).replace("(events, 2)", "(events, 1024)")
        with OpenLoad(open_load, "-n", str(opens), "/etc/passwd") as load:
            path = _source(tmp_path, text, load.pid)
            options = ("--live", "--format", "json", "--source", path)
            with Tool(*options) as tool:
                load.release()
                for number in range(3):
                    _source(tmp_path, f"{text}\n/* {number} */\n", load.pid)
                    tool.await_message("my.c: reloaded in ")
                load.wait()
                ended = tool.stop()
        assert opens <= len(ended.lines) < opens + 100
        assert len(ended.lines) == ended.end.shown
        assert ended.end.lost == 0


_FLEXIBLE = """
struct event { u32 number; TYPE rest[]; };
OUTPUT
BPF_PERCPU_ARRAY(room, struct { struct event event; char more[64]; }, 1);
TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	SELECT
	u32 zero = 0;
	struct event *event = (void *)room.lookup(&zero);
	if (!event)
		return 0;
	event->number = 7;
	__builtin_memcpy(event->rest, "abcdefghijklmno", 16);
	for (int size = 0; size < 15; size++) {
		SEND
	}
	return 0;
}
"""
_BY_PERF = (
    "BPF_PERF_OUTPUT(events);",
    "events.perf_submit(args, event, sizeof(*event) + (size & 15));",
)
_BY_RING_BUFFER = (
    "BPF_RINGBUF_OUTPUT(events, 8);",
    "events.ringbuf_output(event, sizeof(*event) + (size & 15), 0);",
)


def _flexible(kind: str, output: str, send: str) -> str:
    text = _FLEXIBLE.replace("OUTPUT", output).replace("SEND", send)
    return text.replace("TYPE", kind)


class TestFlexibleArray:
    """The last member, sent with a length."""

    def test_text_ends_where_the_record_ends(self, tmp_path: Path) -> None:
        text = _flexible("char", *_BY_RING_BUFFER)
        rows = _json(_trace(tmp_path, text, "--format", "json"))
        whole = "abcdefghijklmno"
        assert [row["rest"] for row in rows] == [
            whole[:size] for size in range(15)
        ] * len(_ATTEMPTS)

    def test_bytes_end_where_the_record_ends(self, tmp_path: Path) -> None:
        text = _flexible("u8", *_BY_RING_BUFFER)
        rows = _json(_trace(tmp_path, text, "--format", "json"))
        assert [row["rest"] for row in rows[:15]] == [
            b"abcdefghijklmno"[:size].hex() for size in range(15)
        ]

    def test_no_padding_is_shown(self, tmp_path: Path) -> None:
        """Of a perf ring's record, the kernel doesn't say where it ends."""
        text = _flexible("char", *_BY_PERF)
        rows = _json(_trace(tmp_path, text, "--format", "json"))
        assert len(rows) == 15 * len(_ATTEMPTS)
        for row, size in zip(rows, list(range(15)) * len(_ATTEMPTS)):
            sent = "abcdefghijklmno"[:size]
            assert sent.startswith(row["rest"])
            assert len(row["rest"]) >= size - 7
            assert row["rest"] == sent or row["rest_cut"]

    def test_a_text_with_its_nul_is_whole(self, tmp_path: Path) -> None:
        text = _flexible("char", *_BY_PERF)
        text = text.replace("size < 15", "size < 16").replace(
            "(size & 15)", "({ event->rest[size & 15] = 0; size & 15; }) + 1"
        )
        rows = _json(_trace(tmp_path, text, "--format", "json"))
        assert {row["rest"] for row in rows} == {""}
        assert not any("rest_cut" in row for row in rows)

    def test_a_constant_size_is_known(self, tmp_path: Path) -> None:
        text = _flexible("u8", *_BY_PERF).replace("(size & 15)", "3")
        rows = _json(_trace(tmp_path, text, "--format", "json"))
        assert {row["rest"] for row in rows} == {"616263"}

    def test_a_path_is_a_path(self, tmp_path: Path) -> None:
        text = _flexible("char", *_BY_RING_BUFFER).replace("rest", "path")
        heading, row = _trace(tmp_path, text).lines[:2]
        assert heading.split() == [b"NUMBER", b"PATH"]
        assert row.startswith(b"     7")


_ALL_CALLS = """
struct event { u32 tgid; };
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(raw_syscalls, sys_enter)
{
	struct event event = {bpf_get_current_pid_tgid() >> 32};
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
"""


class TestOwnEvents:
    """Also of C without a field pid."""

    @staticmethod
    def _callers(folder: Path, *options: str) -> Dict[str, Any]:
        path = folder / "my.c"
        path.write_text(_ALL_CALLS)
        with Tool("--source", path, "--format", "json", *options) as tool:
            own = {tool.pid, *descendants(tool.pid)}
            time.sleep(1)
            subprocess.run(["true"], check=True)
            ended = tool.stop()
        seen = {row["tgid"] for row in _json(ended)}
        return {"own": seen & own, "others": seen - own, "tool": own}

    def test_they_are_left_out(self, tmp_path: Path) -> None:
        callers = self._callers(tmp_path)
        assert callers["others"] and not callers["own"]

    def test_they_are_shown_with_own(self, tmp_path: Path) -> None:
        assert len(self._callers(tmp_path, "--own")["own"]) >= 1

    @pytest.mark.parametrize("own", [True, False])
    def test_opens_by_the_tool(self, own: bool) -> None:
        """Its helper opens the files of callers."""
        options = ["--format", "json", "-c", "-u", "0", *["--own"] * own]
        with Tool(*options) as tool:
            for _ in range(5):
                subprocess.run(["cat", "/etc/hostname"], check=True)
                time.sleep(0.1)
            processes = {tool.pid, *descendants(tool.pid)}
            ended = tool.stop()
        seen = {row["pid"] for row in _json(ended)} & processes
        assert bool(seen) == own


_PRINTS = """
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	SELECT
	bpf_trace_printk("flags %d\\n", args->flags);
	return 0;
}
"""


_CLEAR = "char clear[] = {27, '[', '2', 'J', 0}; SELECT"


class TestPrintk:
    def test_lines_have_the_name_of_the_program(self, tmp_path: Path) -> None:
        ended = _trace(tmp_path, _PRINTS)
        line = "TRACEPOINT_PROBE(syscalls, sys_enter_openat): flags 0\n"
        assert ended.messages.count(line) == len(_ATTEMPTS)

    def test_its_maps_are_not_shown(self, tmp_path: Path) -> None:
        ended = _trace(tmp_path, _PRINTS, "--maps")
        assert ended.messages.count("flags 0\n") == len(_ATTEMPTS)
        assert "printk" not in ended.messages

    def test_each_trace_has_its_own(self, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        text = _PRINTS.replace("SELECT", "").replace("flags %d", "other %d")
        path = _source(other, text, 0)
        with Tool("--source", path):
            ended = _trace(tmp_path, _PRINTS)
        assert ended.messages.count("flags 0\n") == len(_ATTEMPTS)
        assert "other" not in ended.messages

    def test_a_save_prints_something_else(self, tmp_path: Path) -> None:
        with Opener(_ATTEMPTS) as opener:
            path = _source(tmp_path, _NO_OUTPUT, opener.pid)
            with Tool("--live", "--source", path) as tool:
                _source(tmp_path, _PRINTS, opener.pid)
                tool.await_message("my.c: reloaded in ")
                new = _PRINTS.replace('"flags %d\\n", ', '"%s%d\\n", clear, ')
                new = new.replace("SELECT", _CLEAR)
                _source(tmp_path, new, opener.pid)
                tool.await_message("my.c: reloaded in ")
                opener.run()
                ended = tool.stop()
        line = "$'TRACEPOINT_PROBE(syscalls, sys_enter_openat): \\x1b[2J0'\n"
        assert ended.messages.count(line) == len(_ATTEMPTS)
        assert "flags" not in ended.messages

    def test_a_mistake_is_shown_as_it_was_written(
        self, tmp_path: Path
    ) -> None:
        wrong = _PRINTS.replace("args->flags", "args->flag")
        ended = run("--source", _source(tmp_path, wrong, 1))
        line = '        bpf_trace_printk("flags %d\\n", args->flag);'
        assert line in ended.messages.splitlines()
        shown = ended.messages.splitlines()
        caret = shown[shown.index(line) + 1]
        assert caret.index("^") == line.index("flag)")
        column = line.index("flag)") + 2 - 8  # a tab is one column
        assert f":{column}: error: no member named" in ended.messages


_TWO_STRUCTS = """\
struct first { u32 pid; u32 number; };
struct second { u64 pid; char text[8]; };
BPF_PERF_OUTPUT(out);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct first first = {};
	struct second second = {};

	out.perf_submit(args, &first, sizeof(first));
	out.perf_submit(args, &second, sizeof(second));
	return 0;
}
"""


def test_several_structs_through_one_output(tmp_path: Path) -> None:
    """BCC knows only the last: a row of the others would be wrong."""
    source = tmp_path / "my.c"
    source.write_text(_TWO_STRUCTS)
    ended = run("--source", source, "-d", "1")
    assert ended.status == 1
    assert "out sends several structs: first, second; " in ended.messages


_RESULTS = """\
struct result { u32 pid; u32 flags; s64 ret; };
BPF_PERF_OUTPUT(out);

TRACEPOINT_PROBE(syscalls, sys_exit_getppid)
{
	struct result result = {
		.pid = bpf_get_current_pid_tgid() >> 32,
		.flags = 5,
		.ret = args->ret,
	};

	out.perf_submit(args, &result, sizeof(result));
	return 0;
}
"""


def test_what_has_no_path_is_no_open(tmp_path: Path) -> None:
    """Its result is no descriptor; --exec traces the command."""
    source = tmp_path / "my.c"
    source.write_text(_RESULTS)
    command = ["sh", "-c", "exec python3 -c 'import os; os.getppid()'"]
    ended = run("--source", source, "--exec", *command)
    heading, *lines = ended.lines
    assert heading.split() == b"PID FLAGS RET".split()
    assert all(line.split()[1] == b"5" for line in lines)
    assert any(int(line.split()[2]) > 0 for line in lines)
    assert "only sh itself is traced" in ended.messages


_EXECUTABLE = """
#include <linux/mm_types.h>
#include <linux/sched.h>
struct event { u32 pid; char name[64]; };
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event event = {};
	struct dentry *dentry;
	SELECT
	event.pid = bpf_get_current_pid_tgid() >> 32;
	dentry = task->mm->exe_file->f_path.dentry;
	bpf_probe_read_kernel_str(event.name, sizeof(event.name),
				  dentry->d_name.name);
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
"""


def test_a_field_behind_padding_of_the_kernels_struct(tmp_path: Path) -> None:
    """It is read where it is: BCC would read 16 bytes behind exe_file."""
    ended = _trace(tmp_path, _EXECUTABLE, "--format", "json")
    own = os.path.basename(os.path.realpath(sys.executable))
    assert [row["name"] for row in _json(ended)] == [own] * len(_ATTEMPTS)
