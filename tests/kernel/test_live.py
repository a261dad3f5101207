# SPDX-License-Identifier: Apache-2.0
"""--live: each open is shown once, whichever program saw it."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from opensnooplib.compile.timeout import COMPILE_TIMEOUT_SECONDS
from opensnooplib.kernel import offered_hooks
from opensnooplib.plan_list import PLANS
from tests.kernel import chosen
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.live import Edits, await_reload, counts_of
from tests.kernel.openers import OpenLoad
from tests.kernel.tool import (
    Ended,
    Tool,
    assert_nothing_left,
    children,
    loaded_objects,
    run,
    wait_until,
)

# make test-all asks for more, tests/vm for fewer.
SWAPS = int(os.environ.get("OPENSNOOP_SWAPS", "5"))
_EACH = min(SWAPS, 4)  # of so many swaps one moves the fields, too
OPENS = 30_000 * SWAPS  # at least, by two processes
PAUSE_US = "30"


def _rows(ended: Ended, pid: int) -> List[Dict[str, Any]]:
    rows = [json.loads(line) for line in ended.lines]
    return [row for row in rows if row["pid"] == pid]


def _shows(tool: Tool, version: int) -> bool:
    text = f'"version": {version},'.encode()
    return text in tool.output_so_far(4096)


def _numbers(output: bytes, pid: int, name: str) -> List[int]:
    """Of NAME0, NAME1, ... those that this process opened, as they are shown.

    A slow host makes a million rows, which take json minutes there.
    """
    row = rf'"pid": {pid}, .*"path": "{name}(\d+)"'
    return [int(number) for number in re.findall(row.encode(), output)]


def _last_number(tool: Tool, pid: int, name: str) -> int:
    """The last of them so far, or -1."""
    return [-1, *_numbers(tool.output_so_far(65536), pid, name)][-1]


def _assert_each_once(numbers: List[int], made: int) -> int:
    """None twice, in order; returns how many of so many are missing."""
    assert len(numbers) == len(set(numbers)), "an open was shown twice"
    assert set(numbers) <= set(range(made))
    assert numbers == sorted(numbers)
    return made - len(numbers)


@pytest.mark.parametrize("plan", chosen.plans())
def test_swaps_under_load(
    checkout_copy: Path, tmp_path: Path, open_load: Path, plan: str
) -> None:
    """Two processes open files all the time while the C is edited."""
    skip_without_hooks_for(plan)
    edits = Edits(checkout_copy)
    name = "/nowhere/"
    # Nice, so that an emulated kernel has time for the compiler.
    nice = ("nice", "-n", "19")
    command = (*nice, open_load, "-u", "-w", PAUSE_US, "-f", "-N", name)
    with OpenLoad(*command) as one, OpenLoad(*command) as other:
        options = ["--live", "--format", "json", "--attach", plan]
        pids = f"{one.pid},{other.pid}"
        with Tool(*options, "-p", pids, checkout=checkout_copy) as tool:
            one.let_begin()
            other.let_begin()
            for version in range(1, SWAPS + 1):
                if version % _EACH == 0:
                    edits.move_fields(version // _EACH)
                    await_reload(tool, "event.h")
                edits.write_record(version)
                await_reload(tool, "record.h")
                wait_until(lambda: _shows(tool, version))
            for load in (one, other):
                wait_until(
                    lambda: _last_number(tool, load.pid, name) >= OPENS // 2
                )
            made = {load.pid: load.made() for load in (one, other)}
            ended = tool.stop()
    missing = 0
    for pid, count in made.items():
        shown = _numbers(ended.output, pid, name)
        missing += _assert_each_once(shown, count)
    told = ended.end.lost + ended.end.missed
    # A program that the kernel skips is counted, whoever opened a file.
    assert missing == told or (PLANS[plan].may_miss() and missing < told)
    assert missing + ended.end.shown == sum(made.values())


# Its number, as /proc/TID/syscall has it of a thread that waits.
_OPENAT = "56" if os.uname().machine == "aarch64" else "257"


class _Held:
    """Opens of a FIFO that wait until let_go()."""

    def __init__(self, fifo: Path) -> None:
        os.mkfifo(fifo)
        self.fifo = fifo
        self._threads = [
            threading.Thread(target=self._open, daemon=True) for _ in range(3)
        ]
        for thread in self._threads:
            thread.start()

    def _open(self) -> None:
        os.close(os.open(self.fifo, os.O_RDONLY))

    def wait_until_they_wait(self) -> None:
        def wait() -> bool:
            waits_in = [
                Path(f"/proc/self/task/{thread.native_id}/syscall").read_text()
                for thread in self._threads
            ]
            return all(one.split()[0] == _OPENAT for one in waits_in)

        wait_until(wait)

    def let_go(self) -> None:
        with open(self.fifo, "wb"):
            for thread in self._threads:
                thread.join()


def _keeps_begins(plan: str) -> bool:
    if plan == "kprobe":
        return not offered_hooks.has_kprobe_multi()
    return plan == "syscall"


@pytest.mark.parametrize("plan", chosen.plans())
def test_opens_that_span_swaps(
    checkout_copy: Path, tmp_path: Path, plan: str
) -> None:
    """Some began before all swaps, some between, and end after all."""
    skip_without_hooks_for(plan)
    edits = Edits(checkout_copy)
    options = ["--live", "--format", "json", "--attach", plan]
    held = []
    with Tool(
        *options, "-p", str(os.getpid()), checkout=checkout_copy
    ) as tool:
        for version in range(1, min(SWAPS, 3) + 1):
            held.append(_Held(tmp_path / f"fifo{version}"))
            held[-1].wait_until_they_wait()
            edits.write_record(version)
            await_reload(tool, "record.h")
        for one in reversed(held):
            one.let_go()
        ended = tool.stop()
    rows = _rows(ended, os.getpid())
    absent = 0
    for begun_in, one in enumerate(held):
        shown = [row for row in rows if row["path"] == str(one.fifo)]
        readers = [row for row in shown if row["flags"] & os.O_ACCMODE == 0]
        assert len(readers) <= 3 and len(shown) <= 4
        absent += 4 - len(shown)
        if _keeps_begins(plan):  # who saw the begin shows it
            assert {row["version"] for row in readers} <= {begun_in}
    # Ends that the kernel drops, as it does for kretprobes, are counted.
    assert absent <= ended.end.missed
    assert ended.end.missed == 0 or PLANS[plan].may_miss()
    assert ended.end.lost == 0


def test_nothing_is_left(checkout_copy: Path) -> None:
    """Of the old versions while it runs, and of all when it has ended."""
    before = loaded_objects()
    edits = Edits(checkout_copy)
    with Tool("--live", "-p", "1", checkout=checkout_copy) as tool:
        counts = counts_of(tool.pid)
        for version in range(1, 6):
            edits.write_record(version)
            await_reload(tool, "record.h")
        wait_until(lambda: counts_of(tool.pid) == counts)
        ended = tool.stop()
    assert ended.status == 0
    assert_nothing_left(ended, before)


def _its_own(pids: List[int], ended: Ended) -> List[Dict[str, Any]]:
    """Rows of opens by the trace or its monitor, or by children of theirs."""
    rows = [json.loads(line) for line in ended.lines]
    return [row for row in rows if {row["pid"], row["ppid"]} & {*pids}]


_WHOSE = ["--format", "json", "--columns", "pid,ppid,path"]


def test_what_a_compile_room_opens_is_not_shown(checkout_copy: Path) -> None:
    """Of a save that is taken in, and of one that is a mistake."""
    edits = Edits(checkout_copy)
    with Tool("--live", *_WHOSE, checkout=checkout_copy) as tool:
        pids = [tool.pid, *children(tool.pid)]
        edits.write_record(1)
        await_reload(tool, "record.h")
        (edits.folder / "record.h").write_text("a mistake\n")
        tool.await_message("the trace continues")
        path = f"/no/such/{os.urandom(8).hex()}"
        with pytest.raises(FileNotFoundError):
            open(path)
        ended = tool.stop()
    assert not _its_own(pids, ended)
    assert [json.loads(line)["path"] for line in ended.lines].count(path) == 1


_WHO_OPENS = """
#include <linux/sched.h>
struct event { u32 pid; u32 ppid; char path[64]; };
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.ppid = task->real_parent->tgid;
	bpf_probe_read_user_str(event.path, sizeof(event.path), args->filename);
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
"""


def test_nor_that_of_somebodys_own_c(tmp_path: Path) -> None:
    """Its programs are at work while the room still opens files."""
    source = tmp_path / "who_opens.c"
    source.write_text(_WHO_OPENS)
    with Tool("--source", source, *_WHOSE) as tool:
        pids = [tool.pid, *children(tool.pid)]
        run("-d", "0.1")
        ended = tool.stop()
    assert ended.lines
    assert not _its_own(pids, ended)


def test_a_new_heading(checkout_copy: Path, open_load: Path) -> None:
    """The struct is the schema, from the swap on."""
    edits = Edits(checkout_copy)
    load = (open_load, "-u", "-w", "1000", "-f", "-N", "/nowhere/")
    with OpenLoad(*load) as opener:
        with Tool(
            "--live", "-p", str(opener.pid), checkout=checkout_copy
        ) as tool:
            opener.let_begin()
            edits.move_fields(1)
            said = await_reload(tool, "event.h")
            wait_until(lambda: b"EXTRA_0" in tool.output_so_far())
            opener.made()
            ended = tool.stop()
    assert "columns: EXTRA_0 added" in said
    headings = [line for line in ended.lines if line.startswith(b"PID ")]
    assert [line.split() for line in headings] == [
        b"PID COMM FD ERR VERSION PATH".split(),
        b"PID COMM FD ERR EXTRA_0 VERSION PATH".split(),
    ]
    assert len(ended.lines) - len(headings) == ended.end.shown


def _save_in_place(path: Path, text: str) -> None:
    path.write_text(text)


def _save_by_rename(path: Path, text: str) -> None:
    beside = path.with_name("new~")
    beside.write_text(text)
    beside.rename(path)


def _save_with_backup(path: Path, text: str) -> None:
    """As vim does with 'backupcopy' off."""
    path.rename(path.with_name(path.name + "~"))
    path.write_text(text)


def _save_slowly(path: Path, text: str) -> None:
    """Not there for longer than a save is quiet."""
    path.unlink()
    time.sleep(0.1)
    path.write_text(text)


def _save_through_a_link(path: Path, text: str) -> None:
    target = path.parent / "elsewhere" / path.name
    target.parent.mkdir()
    target.write_text(text)
    path.unlink()
    path.symlink_to(target)


def _save_through_three_links(path: Path, text: str) -> None:
    """By the middle one, which a deployment switches to the next version."""
    folder = path.parent
    for version in ("v1", "v2"):
        (folder / version).mkdir()
    (folder / "v1" / path.name).write_text(path.read_text())
    (folder / "v2" / path.name).write_text(text)
    (folder / "now").symlink_to("v1")
    path.unlink()
    path.symlink_to(folder / "now" / path.name)
    time.sleep(0.5)  # so that the first look at the files is over
    (folder / "next").symlink_to("v2")
    (folder / "next").rename(folder / "now")


def _save_in_a_new_folder(path: Path, text: str) -> None:
    """As some tools do that copy whole trees."""
    time.sleep(0.5)  # so that the first look at the files is over
    aside = path.parent.with_name("aside")
    path.parent.rename(aside)
    time.sleep(0.1)
    shutil.copytree(aside, path.parent)
    time.sleep(0.5)
    path.write_text(text)


@pytest.mark.parametrize(
    "save",
    [
        _save_in_place,
        _save_by_rename,
        _save_with_backup,
        _save_slowly,
        _save_through_a_link,
        _save_through_three_links,
        _save_in_a_new_folder,
    ],
)
def test_ways_to_save(
    checkout_copy: Path, save: Callable[[Path, str], None]
) -> None:
    path = checkout_copy / "bpf_src" / "event.h"
    text = path.read_text()
    with Tool("--live", "-p", "1", checkout=checkout_copy) as tool:
        save(path, text.replace("u64 ts;", "u64 added; u64 ts;"))
        assert "ADDED added" in await_reload(tool, "event.h")
        ended = tool.stop()
    assert "the trace continues" not in ended.messages


def test_saves_in_folders(checkout_copy: Path) -> None:
    with Tool(
        *("--live", "--attach", "syscall", "-p", "1"), checkout=checkout_copy
    ) as tool:
        for file in ("plans/syscall.h", "ways/thread_exit.h"):
            path = checkout_copy / "bpf_src" / file
            path.write_text(path.read_text() + "\n/* the end */\n")
            await_reload(tool, path.name)
        tool.stop()


def test_a_file_that_is_not_used(checkout_copy: Path) -> None:
    """It is named; once it is used, it is reloaded."""
    folder = checkout_copy / "bpf_src"
    kprobe, mine = folder / "plans" / "kprobe.h", folder / "mine.h"
    include = '#if 0\n#include "mine.h"\n#endif\n'
    mine.write_text("/* Not yet. */\n")
    with Tool("--live", "-p", "1", checkout=checkout_copy) as tool:
        kprobe.write_text(kprobe.read_text() + "a mistake\n")
        name = "plans/kprobe.h: not used by plan syscall"
        tool.await_message(f"{name}; --attach kprobe uses it")
        main = folder / "opensnoop.c"
        text = main.read_text()
        main.write_text(include + text)
        await_reload(tool, "opensnoop.c")
        mine.write_text("a mistake\n")
        tool.await_message("mine.h: not used by plan syscall\n")
        mine.write_text("/* It is used. */\n")
        tool.await_message("mine.h: not used by plan syscall\n")
        main.write_text(include.replace("0", "1") + text)
        await_reload(tool, "opensnoop.c")
        mine.write_text("/* It is reloaded. */\n")
        await_reload(tool, "mine.h")
        ended = tool.stop()
    assert ended.messages.count("reloaded in") == 3
    assert "the trace continues" not in ended.messages


@pytest.mark.parametrize("seconds", [0, 0.1])
def test_many_saves_make_one_swap(checkout_copy: Path, seconds: float) -> None:
    """And one that changes nothing makes none."""
    edits = Edits(checkout_copy)
    with Tool("--live", "-p", "1", checkout=checkout_copy) as tool:
        edits.write_record(0)
        for version in range(1, 11):
            edits.write_record(version)
            time.sleep(seconds)
        await_reload(tool, "record.h")
        edits.move_fields(1)
        await_reload(tool, "event.h")
        ended = tool.stop()
    assert ended.messages.count("reloaded in") == 2


@pytest.mark.parametrize("more", [0, 1, 2, 20])
def test_too_many_open_files(checkout_copy: Path, more: int) -> None:
    """The save is not taken in, the trace goes on, and the next one is.

    The compile room ends by itself, not when its time is over. Another user's
    limit can't be changed without CAP_SYS_RESOURCE, so it is root's here.
    """
    edits = Edits(checkout_copy)
    options = ("--live", "-p", "1", "--no-drop")
    with Tool(*options, checkout=checkout_copy) as tool:
        limit = counts_of(tool.pid)["fd"] + more
        before = resource.prlimit(tool.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(tool.pid, resource.RLIMIT_NOFILE, (limit, before[1]))
        began = time.monotonic()
        edits.write_record(1)
        tool.await_message(f"the limit of {limit} open files")
        tool.await_message("the trace continues")
        assert time.monotonic() < began + COMPILE_TIMEOUT_SECONDS
        resource.prlimit(tool.pid, resource.RLIMIT_NOFILE, before)
        edits.write_record(2)
        await_reload(tool, "record.h")
        assert tool.stop().status == 0


def test_calls_that_are_not_seen_any_more(checkout_copy: Path) -> None:
    """That is told once, not at each save."""
    edits = Edits(checkout_copy)
    hidden = "opens by openat2 can't be seen here"
    options = ("--live", "--attach", "syscall", "-p", "1")
    with Tool(*options, checkout=checkout_copy) as tool:
        plan = edits.folder / "plans" / "syscall.h"
        text = plan.read_text()
        blind = text.replace(
            "return end_call(args, CALL_OPENAT2, args->ret)", "return 0"
        )
        assert blind != text
        plan.write_text(blind)
        tool.await_message(hidden)
        for version in range(1, 3):
            edits.write_record(version)
            await_reload(tool, "record.h")
        ended = tool.stop()
    assert ended.messages.count(hidden) == 1


_PAIR = """
struct event { u32 pid; };
BPF_PERF_OUTPUT(events);

/* By thread. */
BPF_HASH(infotmp, u32, u64);
BPF_HASH(calls, u32, u64);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 now = bpf_ktime_get_ns();

	infotmp.update(&tid, &now);
	calls.increment(tid);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct event event = {};

	if (!infotmp.lookup(&tid))
		return 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	infotmp.delete(&tid);
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
"""


def test_a_pair_whose_map_has_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is under way at a save would be lost in silence."""
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "pair.c"
    source.write_text(_PAIR)
    warning = (
        "pair.c:19: warning: if this ends what syscalls:sys_enter_openat "
        "keeps in a map, name that map start, or each save loses the opens "
        "under way\n"
    )
    with Tool("--live", "--source", "pair.c") as tool:
        source.write_text(_PAIR.replace("infotmp", "start"))
        await_reload(tool, "pair.c")
        ended = tool.stop()
    assert ended.messages.count(warning) == 1
    assert ended.messages.count("warning:") == 1
    assert "warning" not in run("--source", "pair.c", "-d", "0.1").messages


# With it, each program set has a second stream: fewer sets fit.
_LINE = 'static void never_called(void) { bpf_trace_printk("line"); }\n'


def test_what_holds_older_programs_is_named(checkout_copy: Path) -> None:
    """The map that the frontend goes by, here without its field."""
    edits = Edits(checkout_copy)
    path = edits.folder / "opensnoop.c"
    options = ("--live", "--attach", "syscall", "-p", str(os.getpid()))
    with Tool(*options, checkout=checkout_copy) as tool:
        path.write_text("#define under_way busy\n" + path.read_text() + _LINE)
        await_reload(tool, "opensnoop.c")
        for version in range(1, 17):
            os.close(os.open("/etc/passwd", os.O_RDONLY))
            edits.write_record(version)
            said = tool.await_line(r"opensnoop: (.*: reloaded|cannot reload)")
            if "cannot" in said:
                break
        ended = tool.stop()
    assert "opens to end that they hold in the map start or requests" in said
    assert ended.status == 0
