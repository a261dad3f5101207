# SPDX-License-Identifier: Apache-2.0
"""CPUs that go and come while a trace runs."""

from __future__ import annotations

import mmap
import os
import signal
import time
from pathlib import Path
from typing import Iterator, List

import pytest

from opensnooplib.kernel import this_kernel
from tests.kernel.live import Edits, await_reload
from tests.kernel.starts import Locked
from tests.kernel.tool import Tool, wait_until

_SWITCH = Path("/sys/devices/system/cpu/cpu1/online")


@pytest.fixture
def cpu1() -> Iterator[Path]:
    """Its switch; it is on again at the end."""
    if not _SWITCH.exists():
        pytest.skip("CPU 1 can't be taken offline here")
    affinity = os.sched_getaffinity(0)
    yield _SWITCH
    _SWITCH.write_text("1")
    os.sched_setaffinity(0, affinity)


def _open_on_cpu1(path: str) -> None:
    os.sched_setaffinity(0, {1})
    with pytest.raises(FileNotFoundError):
        open(path)


@pytest.mark.parametrize("little", [False, True], ids=["root", "little"])
@pytest.mark.parametrize(
    "more",
    [
        pytest.param([], id=""),
        pytest.param(["--live"], id="--live", marks=pytest.mark.one_kernel),
        pytest.param(["-c"], id="-c"),
    ],
)
def test_a_cpu_goes_and_comes_back(
    cpu1: Path,
    checkout_copy: Path,
    locked: Locked,
    more: List[str],
    little: bool,
) -> None:
    """Shown or told as lost; and in the end shown again.

    Of what little may be locked, the rings leave five pages; the old ring of
    the CPU is there until it has a new one.
    """
    pages = len(this_kernel.online_cpus()) * (17 + 17) + 5
    under = locked(0, pages * mmap.PAGESIZE >> 10) if little else ()
    name = f"/no/such/{os.urandom(8).hex()}"
    edits = Edits(checkout_copy)
    options = ["--format", "json", "-p", str(os.getpid())]
    words = [*options, *more]
    with Tool(*words, checkout=checkout_copy, under=under) as tool:
        if "--live" in more:
            edits.write_record(1)
            await_reload(tool, "record.h")
        _open_on_cpu1(f"{name}-before")
        os.sched_setaffinity(0, {0})
        cpu1.write_text("0")
        time.sleep(0.2)  # it is seen to be gone
        cpu1.write_text("1")
        made = 0

        def is_seen_again() -> bool:
            nonlocal made
            assert tool.process.poll() is None, tool.ended().messages
            _open_on_cpu1(f"{name}-{made}")
            made += 1
            time.sleep(0.05)
            return (
                f"{name}-".encode()
                in tool.output_so_far().split(b"-before")[-1]
            )

        wait_until(is_seen_again)
        ended = tool.stop()
    assert ended.status == 0
    paths = [row.path for row in ended.rows if row.path]
    ours = [path for path in paths if path.startswith(name.encode())]
    assert ours[0] == f"{name}-before".encode()
    assert len(ours) + ended.end.lost == 1 + made
    assert ended.end.missed == 0


@pytest.mark.one_kernel
def test_a_cpu_was_away_while_the_tool_slept(cpu1: Path) -> None:
    """As when a host sleeps: what is lost is told, and then it is seen."""
    name = f"/no/such/{os.urandom(8).hex()}"
    options = ["--format", "json", "-p", str(os.getpid())]
    with Tool(*options) as tool:
        os.sched_setaffinity(0, {0})
        tool.hold_back()
        cpu1.write_text("0")
        cpu1.write_text("1")
        tool.send(signal.SIGCONT)
        made = 0

        def is_seen() -> bool:
            nonlocal made
            _open_on_cpu1(f"{name}-{made}")
            made += 1
            time.sleep(0.05)
            return name.encode() in tool.output_so_far()

        wait_until(is_seen)
        ended = tool.stop()
    ours = [row for row in ended.rows if (row.path or b"")[:9] == b"/no/such/"]
    assert len(ours) + ended.end.lost == made
