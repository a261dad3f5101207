# SPDX-License-Identifier: Apache-2.0
"""What can't be shown is counted: loss is told, to the last open."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from tests.kernel.openers import OpenLoad
from tests.kernel.tool import Ended, Tool, replace_in, wait_until

EXISTING = "/etc/passwd"
OPENS = 300_000
SMALL_RING = ("-b", "8")


def _assert_loss_is_told(ended: Ended, opens: int) -> None:
    assert ended.status == 0
    assert ended.end.lost > 0
    assert ended.end.happened == opens
    assert len(ended.rows) == ended.end.shown


def test_a_reader_that_is_held_back(open_load: Path) -> None:
    """And opens that come after the loss are shown again."""
    after = 10
    options = ["--format", "json", *SMALL_RING]
    with OpenLoad(open_load, "-n", str(OPENS), EXISTING) as load, OpenLoad(
        open_load, "-n", str(after), EXISTING
    ) as later:
        pids = f"{load.pid},{later.pid}"
        with Tool(*options, "-p", pids) as tool:
            tool.hold_back()
            load.run()
            tool.send(signal.SIGCONT)
            # Only when the ring was read there is room in it again.
            wait_until(lambda: tool.output_so_far() != b"")
            later.run()
            ended = tool.stop()
    _assert_loss_is_told(ended, OPENS + after)
    shown_later = [row for row in ended.rows if row.pid == later.pid]
    assert len(shown_later) == after


def test_loss_at_the_very_end(open_load: Path) -> None:
    """The kernel's own LOST record would never come."""
    options = ["--format", "json", *SMALL_RING]
    with OpenLoad(open_load, "-n", str(OPENS), EXISTING) as load:
        with Tool(*options, "-p", str(load.pid)) as tool:
            tool.hold_back()
            load.run()
            tool.send(signal.SIGTERM)
            tool.send(signal.SIGCONT)
            ended = tool.ended()
    _assert_loss_is_told(ended, OPENS)


def test_the_smallest_ring(open_load: Path) -> None:
    """One page, of which a record with a long name takes all."""
    name = "/" + "n" * 4000
    with OpenLoad(open_load, "-n", "5000", "-f", name) as load:
        pid = str(load.pid)
        with Tool("--format", "json", "-b", "1", "-p", pid) as tool:
            load.run()
            ended = tool.stop()
    _assert_loss_is_told(ended, 5000)


def test_the_tools_own_opens_are_not_lost(open_load: Path) -> None:
    """It looks up who called while its ring is full."""
    loads = [OpenLoad(open_load, "-n", "20000", EXISTING) for _ in range(8)]
    with contextlib.ExitStack() as stack:
        for load in loads:
            stack.enter_context(load)
        pids = ",".join(str(load.pid) for load in loads)
        with Tool("--format", "json", "-b", "1", "-c", "-p", pids) as tool:
            for load in loads:
                load.run()
            ended = tool.stop()
    _assert_loss_is_told(ended, len(loads) * 20_000)


def _are_all_opening(load: OpenLoad, threads: int) -> bool:
    """Do they sleep inside the open of a FIFO that nobody writes to?"""
    begun = 0
    for tid in load.thread_ids():
        where = Path(f"/proc/{load.pid}/task/{tid}/wchan").read_text()
        begun += "fifo" in where or "partner" in where
    return begun == threads


def test_opens_that_find_no_room_to_begin(
    checkout_copy: Path, tmp_path: Path, open_load: Path
) -> None:
    """More threads than the map "start" has entries."""
    room, threads = 8, 20
    replace_in(
        checkout_copy / "opensnooplib" / "source" / "defines.py",
        "str(entries_for_threads())",
        f'"{room + 1}"',  # one is the tool's own
    )
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with OpenLoad(open_load, "-t", str(threads), fifo) as load:
        options = ("--attach", "syscall", "--format", "json")
        with Tool(
            *options, "-p", str(load.pid), checkout=checkout_copy
        ) as tool:
            load.release()
            wait_until(lambda: _are_all_opening(load, threads))
            with open(fifo, "wb"):
                load.wait()
            ended = tool.stop()
    assert ended.end.shown == len(ended.rows) == room
    assert ended.end.missed == threads - room


_WITHOUT_TIME = """
struct event { u32 pid; };
BPF_PERF_OUTPUT(events);
BPF_PERCPU_ARRAY(counters, u64, 2);
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	if (events.perf_submit(args, &event, sizeof(event)) < 0)
		counters.increment(0);
	return 0;
}
"""


def test_what_comes_after_the_end_is_not_missing(
    tmp_path: Path, open_load: Path
) -> None:
    """Records without a time can't be told from those of the trace."""
    source = tmp_path / "without_time.c"
    source.write_text(_WITHOUT_TIME)
    with OpenLoad(open_load, "-u", EXISTING) as load:
        # The last rows take a while, and opens go on.
        with Tool("--source", source, "--unbuffered") as tool:
            load.let_begin()
            wait_until(lambda: len(tool.output_so_far()) > 10_000)
            ended = tool.stop()
        assert load.made() > ended.end.shown > 0
    assert ended.end.unwritten == 0
