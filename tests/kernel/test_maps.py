# SPDX-License-Identifier: Apache-2.0
"""--maps and --set: what programs have counted, and what they are told."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import random
import signal
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from opensnooplib.kernel import bpf_objects, map_contents
from opensnooplib.rows.field import Field
from opensnooplib.rows.map_values import MapLayout
from opensnooplib.source.known_maps import MapFacts
from opensnooplib.trace import map_text
from tests.kernel.tool import Ended, Tool, Word, replace_in, run

# Counts calls of getpgid(number) by the process `target`, which --set gives.
_C = """\
enum side { SIDE_EVEN, SIDE_ODD };
struct event { u32 pid; };
struct who { u32 pid; char comm[16]; };
struct facts { enum side side; bool is_odd; s16 minus; u32 last[2]; u8 raw[3];
	void *at; };
struct slots { u32 side; u64 slot; };
struct bits { u32 one:1, other:31; };
struct caller { u32 pid; int kernel_stack_id; int user_stack_id; };

BPF_PERF_OUTPUT(events);
BPF_ARRAY(target, u32, 1);
BPF_HASH(counts, u32, u64, 4096);
BPF_HASH(sides, enum side, u64);
BPF_HASH(people, struct who, struct facts);
BPF_ARRAY(few, u16, 8);
BPF_PERCPU_ARRAY(sums, u64, 4);
BPF_PERCPU_ARRAY(lasts, struct facts, 1);
BPF_TABLE("lru_hash", u32, u64, recent, 16);
BPF_TABLE("percpu_hash", u32, u64, spread, 64);
BPF_HISTOGRAM(dist);
BPF_HISTOGRAM(by_side, struct slots);
BPF_HISTOGRAM(steps); /* maps: linear */
BPF_PERCPU_ARRAY(plotted, u64, 64); // maps: log2
BPF_ARRAY(hidden, u64, 4); /* maps: none */
BPF_HASH(twice, struct who, struct who);
BPF_HASH(flags, struct bits, struct bits);
BPF_HASH(callers, struct caller, u64);
BPF_STACK_TRACE(stacks, 16384); /* so many: two stacks seldom share one */

TRACEPOINT_PROBE(syscalls, sys_enter_getpgid)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32, number = args->pid;
	int zero = 0, slot = bpf_log2l(number), one = 1;
	u32 *wanted = target.lookup(&zero);
	struct event event = {.pid = pid};
	struct who who = {.pid = pid};
	enum side side = number & 1 ? SIDE_ODD : SIDE_EVEN;
	struct facts facts = {.side = side, .is_odd = side, .minus = -5,
			      .at = (void *)0xabcd};
	struct slots slots = {};
	struct bits bits = {};
	struct caller caller = {.pid = pid};
	u64 first = 1, *sum;

	if (!wanted || *wanted != pid)
		return 0;
	if (number == 12345)
		events.perf_submit(args, &event, sizeof(event));
	counts.increment(number);
	sides.increment(side);
	bpf_get_current_comm(&who.comm, sizeof(who.comm));
	facts.last[1] = number;
	facts.raw[0] = 0xfe;
	people.update(&who, &facts);
	few.increment(number & 3);
	sum = sums.lookup(&one);
	if (sum)
		++*sum;
	lasts.update(&zero, &facts);
	recent.update(&number, &first);
	sum = spread.lookup(&one);
	if (sum)
		++*sum;
	else
		spread.update((u32 *)&one, &first);
	dist.increment(slot);
	slots.side = side;
	slots.slot = slot;
	by_side.increment(slots);
	steps.increment(number & 7);
	twice.update(&who, &who);
	bits.one = 1;
	flags.update(&bits, &bits);
	sum = plotted.lookup(&slot);
	if (sum)
		++*sum;
	hidden.increment(1);
	caller.kernel_stack_id = stacks.get_stackid(args, 0);
	caller.user_stack_id = stacks.get_stackid(args, BPF_F_USER_STACK);
	callers.increment(caller);
	return 0;
}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "maps.c"
    path.write_text(_C)
    return path


def _options(source: Path) -> List[str]:
    return [
        "--source",
        str(source),
        "--maps",
        "--set",
        f"target={os.getpid()}",
    ]


def _calls(numbers: Iterator[int]) -> None:
    for number in numbers:
        try:
            os.getpgid(number)
        except ProcessLookupError:
            pass


def _objects(ended: Ended) -> Iterator[Dict[str, Any]]:
    """All contents that were shown, in their order."""
    assert ended.status == 0, ended.messages
    for line in ended.messages.splitlines():
        if line.startswith('{"contents"'):
            yield json.loads(line)


def _last(ended: Ended) -> Dict[str, List[Dict[str, Any]]]:
    """The entries of each map, as they were shown last."""
    return {one["contents"]: one["entries"] for one in _objects(ended)}


@pytest.mark.parametrize("more", [[], ["--no-drop"]])
def test_contents_are_exact(source: Path, more: List[str]) -> None:
    with Tool(*_options(source), "--format", "json", *more) as tool:
        _calls(number for number in range(1, 1001) for _ in range(2))
        _calls(iter([700] * 3 + [30000]))
        ended = tool.stop(signal.SIGINT)
    last = _last(ended)
    counts = {one["key"]: one["value"] for one in last["counts"]}
    wanted = dict.fromkeys(range(1, 1001), 2)
    assert counts == {**wanted, 700: 5, 30000: 1}
    values = [one["value"] for one in last["counts"]]
    assert values == sorted(values, reverse=True)
    total = 2004
    assert last["sides"] == [
        {"key": "even", "value": 1004},
        {"key": "odd", "value": 1000},
    ]
    (person,) = last["people"]
    assert person == {
        "pid": os.getpid(),
        "comm": Path("/proc/self/comm").read_text().rstrip("\n"),
        "side": "even",
        "is_odd": False,
        "minus": -5,
        "last": [0, 30000],
        "raw": "fe0000",
        "at": "0xabcd",
    }
    (twice,) = last["twice"]
    assert list(twice) == ["pid", "comm", "value.pid", "value.comm"]
    one_bit = (1).to_bytes(4, sys.byteorder).hex()
    assert last["flags"] == [{"key": one_bit, "value": one_bit}]
    few = {one["key"]: one["value"] for one in last["few"]}
    assert few == {0: 504, 1: 500, 2: 500, 3: 500}
    assert last["sums"] == [{"key": 1, "value": total}]
    assert last["spread"] == [{"key": 1, "value": total}]
    assert {one["cpu"] for one in last["lasts"]} <= set(
        range(os.cpu_count() or 1)
    )
    assert 30000 in {one["key"] for one in last["recent"]}
    assert 1 <= len(last["recent"]) <= 16
    assert last["target"] == [{"key": 0, "value": os.getpid()}]
    assert "hidden" not in last and "stacks" not in last
    assert not [name for name in last if name.startswith("layout")]
    dist = {one["key"]: one["value"] for one in last["dist"]}
    assert sum(dist.values()) == total and dist[10] == 2 * 489 + 3
    assert {one["key"]: one["value"] for one in last["plotted"]} == dist


def test_tables_and_histograms(source: Path) -> None:
    with Tool(*_options(source)) as tool:
        _calls(iter([1, 2, 3, 3, 4, 7, 8]))
        messages = tool.stop().messages
    assert (
        "map counts: 6 entries\n" "key  value\n" "  3      2\n" "  1      1\n"
    ) in messages
    assert (
        "map dist: 4 entries\n"
        "     value               : count     distribution\n"
        f"         0 -> 1          : 1        |{'*' * 13:40}|\n"
        f"         2 -> 3          : 3        |{'*' * 40:40}|\n"
        f"         4 -> 7          : 2        |{'*' * 26:40}|\n"
        f"         8 -> 15         : 1        |{'*' * 13:40}|\n"
    ) in messages
    title, heading = "side=1:\n", "     value               : count"
    assert f"\n{title}{heading}" in messages
    assert (
        "map steps: 6 entries\n"
        "     value         : count     distribution\n"
        f"        0          : 1        |{'*' * 20:40}|\n"
        f"        1          : 1        |{'*' * 20:40}|\n"
        f"        2          : 1        |{'*' * 20:40}|\n"
        f"        3          : 2        |{'*' * 40:40}|\n"
    ) in messages


_PID = Field("key", 0, 4, "unsigned")
_COUNT = Field("value", 0, 8, "unsigned")


@pytest.mark.parametrize("plot, last", [("log2", 63), ("linear", 40)])
def test_histograms_are_those_of_bcc(
    capsys: pytest.CaptureFixture[str], plot: str, last: int
) -> None:
    from bcc import table

    draw = getattr(table, f"_print_{plot}_hist")
    facts = MapFacts("dist", "array", 4, 8, 64)
    layout = MapLayout(facts, [_PID], [_COUNT], plot)
    for top in (1, 2, 31, 32, 33, last):
        counts = [0] + [random.randrange(1 << 20) for _ in range(top)]
        counts += [0] * (64 - len(counts))
        draw(counts, "value", False)
        found = [
            {"key": slot, "value": count}
            for slot, count in enumerate(counts)
            if count
        ]
        text = "\n".join(map_text.lines(layout, found)) + "\n"
        assert text == capsys.readouterr().out


def test_stacks(source: Path) -> None:
    with Tool(*_options(source)) as tool:
        _calls(iter([5, 5]))
        messages = tool.stop().messages
    _, _, rest = messages.rpartition("\nmap callers: ")
    block = rest.partition("\nmap ")[0].split("\n")
    assert block[1].split() == [
        *("pid", "kernel_stack_id", "user_stack_id", "value")
    ]
    assert block[2].split()[0] == str(os.getpid())
    assert any(line.startswith("    do_syscall_64+0x") for line in block)
    assert any("getpgid" in line and "libc" in line for line in block)


def test_stacks_in_json(source: Path) -> None:
    with Tool(*_options(source), "--format", "json") as tool:
        _calls(iter([5]))
        ended = tool.stop()
    (callers,) = [
        one["entries"]
        for one in _objects(ended)
        if one["contents"] == "callers"
    ]
    kernel, user = callers[0]["stacks"]
    assert any(line.startswith("do_syscall_64+0x") for line in kernel)
    assert "getpgid" in user[0] and "libc" in user[0]


def test_every_interval(source: Path) -> None:
    options = [*_options(source), "--format", "json", "--interval", "0.2"]
    with Tool(*options) as tool:
        for _ in range(6):
            _calls(iter([5] * 10))
            time.sleep(0.2)
        ended = tool.stop()
    shown = [
        sum(entry["value"] for entry in one["entries"])
        for one in _objects(ended)
        if one["contents"] == "counts"
    ]
    assert len(shown) >= 5
    assert shown == sorted(shown) and shown[-1] == 60


def test_the_maps_of_the_tool_itself_are_listed() -> None:
    """They have nothing for people in them."""
    with Tool("--maps", "--format", "json") as tool:
        tool.await_line('{"map": {"name": "counters", ')
        tool.await_line('{"maps": {"lost": 0, "missed": 0')
        ended = tool.stop()
    assert not list(_objects(ended))


def test_nothing_is_lost_in_a_reload(source: Path) -> None:
    """What programs have counted is shown when they have gone."""
    calls = 0
    is_over = threading.Event()

    def load() -> None:
        nonlocal calls
        while not is_over.is_set():
            _calls(iter([7]))
            calls += 1

    with Tool(*_options(source), "--format", "json", "--live") as tool:
        thread = threading.Thread(target=load)
        thread.start()
        for number in range(2):
            replace_in(source, "return 0;\n}", f"return 0; // {number}\n}}")
            tool.await_message("maps.c: reloaded in ")
            replace_in(source, f"return 0; // {number}\n}}", "return 0;\n}")
            tool.await_message("maps.c: reloaded in ")
        is_over.set()
        thread.join()
        tool.await_line(r'{"contents": "counts", .*"replaced": true')
        ended = tool.stop()
    shown = [one for one in _objects(ended) if one["contents"] == "counts"]
    assert len(shown) == 5
    assert [one["replaced"] for one in shown] == [True] * 4 + [False]
    values = [entry["value"] for one in shown for entry in one["entries"]]
    assert sum(values) == calls


_SETTINGS = {
    "few=5": "which element? Write few[KEY]=VALUE",
    "few[8]=1": "the map has no room for it",
    "few[x]=1": "x is not a number",
    "few[1]=65536": "65536 is not from 0 to 65535",
    "few[1]=": "0 instead of 1 value: value",
    "fiw[1]=1": "the C has no map fiw; did you mean few?",
    "stacks[1]=1": "stacks can't be set: its type is stack trace",
    "sides[middle]=1": "middle is not a number, nor one of even, odd",
    "people[1]=1": "1 instead of 2 values: pid, comm",
    "few": "must be MAP[KEY]=VALUE",
}


@pytest.mark.parametrize("setting", _SETTINGS)
def test_what_cannot_be_set(source: Path, setting: str) -> None:
    ended = run(*_options(source), "--set", setting, "-d", "0.1")
    assert ended.status == 1
    said = f"opensnoop: --set {setting}: {_SETTINGS[setting]}"
    assert ended.messages.split("\n")[-2] == said


def test_a_full_map(tmp_path: Path, source: Path) -> None:
    replace_in(source, "counts, u32, u64, 4096", "counts, u32, u64, 1")
    options = [*_options(source), "--set", "counts[1]=1", "-d", "0.1"]
    assert run(*options).status == 0
    ended = run(*options, "--set", "counts[2]=1")
    assert "--set counts[2]=1: the map has no room for it" in ended.messages


def test_each_type_is_set(source: Path) -> None:
    facts = "{SIDE_ODD, true, -1, {0x10, 2}, 0102ff, 0xabc}"
    ended = run(
        *_options(source),
        *("--format", "json", "-d", "0.1"),
        *(
            "--set",
            f'people[{{7, "a\\u001b[31m]=,"}}]={facts}',
        ),
        *("--set", "people[{8,bash}]=0,false,1,1,2,000000,0"),
        *("--set", "sums[2]=21"),
        *("--set", "sides[odd]=18446744073709551615"),
    )
    last = _last(ended)
    assert last["people"] == [
        {
            **{"pid": 7, "comm": "a\x1b[31m]=,", "side": "odd"},
            **{"is_odd": True, "minus": -1, "last": [16, 2]},
            **{"raw": "0102ff", "at": "0xabc"},
        },
        {
            **{"pid": 8, "comm": "bash", "side": "even", "is_odd": False},
            **{"minus": 1, "last": [1, 2], "raw": "000000", "at": "0x0"},
        },
    ]
    (sums,) = last["sums"]
    assert sums == {"key": 2, "value": 21 * len(os.sched_getaffinity(0))} or (
        sums["value"] % 21 == 0
    )
    assert last["sides"] == [{"key": "odd", "value": (1 << 64) - 1}]


def test_hostile_text_is_quoted(source: Path) -> None:
    text = 'people[{7, "a\\u001b[31m\\n"}]={0,0,0,0,0,000000,0}'
    messages = run(*_options(source), "--set", text, "-d", "0.1").messages
    assert "\x1b" not in messages
    assert r"$'a\x1b[31m\n'" in messages


def test_lines_on_stdin(tmp_path: Path, source: Path) -> None:
    """Each is answered; a reload keeps what they have set."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    lines = os.open(fifo, os.O_RDWR)
    options: List[Word] = ["--source", source, "--live", "--maps"]
    options += ["--format", "json", "--set", "-", "--set", "few[1]=1"]
    under = ("sh", "-c", f'exec "$0" "$@" <{fifo}')
    with Tool(*options, under=under) as tool:
        os.write(lines, f"target={os.getpid()}\n\nfew[9]=1\nfew[2]=".encode())
        tool.await_message("set target=")
        tool.await_message("--set few[9]=1: the map has no room for it")
        _calls(iter([6] * 10))
        os.write(lines, b"5\n  few[3] = 7 \n")
        tool.await_message("set few[3] = 7")
        replace_in(source, "return 0;\n}", "return 0; // changed\n}")
        tool.await_message("maps.c: reloaded in ")
        _calls(iter([6] * 5))
        os.write(lines, b"few[4]=1")  # and no more
        os.close(lines)
        tool.await_message("set few[4]=1")
        ended = tool.stop()
    old, new = [one for one in _objects(ended) if one["contents"] == "few"]
    assert old["replaced"] and not new["replaced"]
    values = [
        {entry["key"]: entry["value"] for entry in one["entries"]}
        for one in (old, new)
    ]
    assert values == [
        {1: 1, 2: 5, 3: 7},
        {1: 1, 2: 10, 3: 7, 4: 1},
    ]


def _key(kind: str, number: int) -> bytes:
    if "array" in kind:
        return struct.pack("=I", number)
    return struct.pack("=II", 32, number)  # a prefix of an LPM trie


@contextlib.contextmanager
def _map(number: int, entries: int) -> Iterator[int]:
    """A map of this kind, full of values that begin with their keys."""
    kind = map_contents.KINDS[number]
    key_size = len(_key(kind, 0))
    shape = number, key_size, 8, entries, int(kind == "LPM trie")
    attr = bpf_objects._attr("IIIII", *shape)
    fd = bpf_objects._bpf(bpf_objects._MAP_CREATE, attr)
    try:
        for one in range(entries):
            key = _key(kind, one).hex()
            value = struct.pack("=Q", one + 1).hex()
            map_contents.map_write(fd, f"x{key}", f"x{value}")
        yield fd
    finally:
        os.close(fd)


@pytest.mark.every_kernel
@pytest.mark.parametrize("number", map_contents.KINDS)
@pytest.mark.parametrize("entries", [1, 5000])
def test_all_entries_are_read(number: int, entries: int) -> None:
    kind = map_contents.KINDS[number]
    size = len(_key(kind, 0))
    with _map(number, entries) as fd:
        found = map_contents.contents(fd, size, entries, bool)
    if "LRU" not in kind:  # which drops some before it is full
        assert len(found) == entries
    for key, value in found.items():
        (one,) = struct.unpack_from("=I", key, size - 4)
        cpus = len(value) // 8
        assert value == struct.pack("=Q", one + 1) * cpus
        assert (cpus > 1) <= ("per-CPU" in kind)


@pytest.mark.every_kernel
def test_a_map_whose_entries_are_replaced_all_the_time() -> None:
    """A hash map begins again then, as often as that happens."""
    calls = 0
    with _map(1, 5000) as fd:

        def replace_all() -> None:
            nonlocal calls
            calls += 1
            assert calls <= 2 * 5000 // 2048 + 1
            for one in range(5000):
                old, new = calls * 5000 - 5000 + one, calls * 5000 + one
                key = ctypes.create_string_buffer(_key("hash", old), 8)
                delete = bpf_objects._MAP_DELETE_ELEM
                bpf_objects.on_element(delete, fd, key)
                digits = _key("hash", new).hex(), bytes(8).hex()
                map_contents.map_write(fd, *(f"x{one}" for one in digits))

        found = map_contents.contents(fd, 8, 5000, replace_all)
    assert calls > 2 and len(found) >= 5000


@pytest.mark.every_kernel
def test_a_map_of_descriptors_is_not_written() -> None:
    slots = bpf_objects.create_slots(1)
    program = bpf_objects._load(5, bpf_objects._DO_NOTHING)
    with pytest.raises(OSError) as caught:
        value = struct.pack("=I", program).hex()
        map_contents.map_write(slots, "x00000000", f"x{value}")
    assert caught.value.errno == errno.EINVAL
    os.close(program)
    os.close(slots)
