# SPDX-License-Identifier: Apache-2.0
"""A field added to struct event is a column: nothing but C was edited."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Dict, List

import pytest

from tests.kernel.openers import Attempt, Opener
from tests.kernel.tool import Ended, Tool, replace_in, run

_ATTEMPTS = [
    Attempt(b"/etc/passwd", os.O_RDONLY),
    Attempt(b"/nowhere", os.O_RDONLY),
]

_BEFORE_PATH = "\tchar comm[TASK_COMM_LEN];\n"
_BEFORE_COMM_IS_FILLED = "\tevent->uid = bpf_get_current_uid_gid();\n"


def _add_field(checkout: Path, declaration: str, statement: str) -> None:
    folder = checkout / "bpf_src"
    replace_in(
        folder / "event.h", _BEFORE_PATH, f"{_BEFORE_PATH}\t{declaration}\n"
    )
    replace_in(
        folder / "record.h",
        _BEFORE_COMM_IS_FILLED,
        f"{_BEFORE_COMM_IS_FILLED}\t{statement}\n",
    )


def _trace(checkout: Path, *options: str) -> Ended:
    with Opener(_ATTEMPTS) as opener:
        pid = str(opener.pid)
        with Tool("-p", pid, *options, checkout=checkout) as tool:
            opener.run()
            return tool.stop()


def _json(ended: Ended) -> List[Dict[str, object]]:
    return [json.loads(line) for line in ended.lines]


class TestParent:
    """A field that is read through kernel structs."""

    @pytest.fixture
    def checkout(self, checkout_copy: Path) -> Path:
        _add_field(
            checkout_copy,
            "u32 parent;",
            "event->parent = ((struct task_struct *)bpf_get_current_task())"
            "->real_parent->tgid;",
        )
        return checkout_copy

    def test_in_the_table(self, checkout: Path) -> None:
        heading, *lines = _trace(checkout).lines
        columns = heading.split()
        assert columns == b"PID COMM FD ERR PARENT PATH".split()
        assert len(lines) == len(_ATTEMPTS)
        index = columns.index(b"PARENT")
        assert [int(line.split()[index]) for line in lines] == [
            os.getpid()
        ] * len(_ATTEMPTS)
        assert [line.split()[-1] for line in lines] == [
            attempt.path for attempt in _ATTEMPTS
        ]

    def test_in_json(self, checkout: Path) -> None:
        rows = _json(_trace(checkout, "--format", "json"))
        assert len(rows) == len(_ATTEMPTS)
        for row, attempt in zip(rows, _ATTEMPTS):
            assert row["parent"] == os.getpid()
            assert row["path"] == attempt.path.decode()


_TYPES = {
    "s8 small;": ("event->small = -8;", "small", -8),
    "bool yes;": ("event->yes = true;", "yes", True),
    "u16 port;": ("event->port = 65535;", "port", 65535),
    "u64 large;": ("event->large = -1;", "large", 2**64 - 1),
    "s64 negative;": ("event->negative = -5;", "negative", -5),
    "char word[4];": (
        '__builtin_memcpy(event->word, "abc", 4);',
        "word",
        "abc",
    ),
    "u8 raw[3];": (
        "event->raw[0] = 1; event->raw[1] = 0xab; event->raw[2] = 0;",
        "raw",
        "01ab00",
    ),
}


def test_a_field_of_each_type(checkout_copy: Path) -> None:
    """Their sizes also make the compiler pad the struct."""
    _add_field(
        checkout_copy,
        "\n\t".join(_TYPES),
        "\n\t".join(statement for statement, _, _ in _TYPES.values()),
    )
    rows = _json(_trace(checkout_copy, "--format", "json"))
    assert len(rows) == len(_ATTEMPTS)
    for row in rows:
        assert {name: row[name] for _, name, _ in _TYPES.values()} == {
            name: value for _, name, value in _TYPES.values()
        }
    heading, *lines = _trace(checkout_copy).lines
    assert b"SMALL" in heading and b"RAW" in heading
    assert b" abc " in lines[0] and b" 01ab00 " in lines[0]


_OWN = """\
#include <linux/sched.h>

typedef u8 mac_t[6];
typedef char word_t[8];
typedef enum color { RED, GREEN = 1 << 2 } color_t;
typedef void *address_t;

struct event {
	u32 pid;
	mac_t mac;
	u16 grid[2][2];
	word_t word;
	color_t color;
	color_t more[sizeof(u16)];
	address_t address;
	struct {
		mac_t mac;
	} in;
};

BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct event event = {};

	event.mac[1] = event.in.mac[5] = 0xab;
	event.grid[1][0] = 3;
	__builtin_memcpy(event.word, "abc", 4);
	event.color = event.more[0] = GREEN;
	event.address = (void *)0xabc;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
"""


def test_types_behind_typedefs(tmp_path: Path) -> None:
    """And sizes that only the compiler can tell."""
    path = tmp_path / "my.c"
    path.write_text(_OWN)
    with Tool("--source", path) as tool:
        os.close(os.open("/etc/passwd", os.O_RDONLY))
        heading, *lines = tool.stop().lines
    names = b"PID MAC GRID WORD COLOR MORE ADDRESS IN.MAC"
    assert heading.split() == names.split()
    values = b"00ab00000000 0,0,3,0 abc green green,red 0xabc 0000000000ab"
    assert values.split() in [line.split()[1:] for line in lines]


def test_a_field_taken_away(checkout_copy: Path) -> None:
    """No uid in the struct: no UID column, and -U says why."""
    folder = checkout_copy / "bpf_src"
    lines = (folder / "event.h").read_text().splitlines()
    kept = [line for line in lines if "u32 uid;" not in line]
    (folder / "event.h").write_text("\n".join(kept) + "\n")
    replace_in(folder / "record.h", _BEFORE_COMM_IS_FILLED, "")
    heading, *shown = _trace(checkout_copy).lines
    assert heading.split() == b"PID COMM FD ERR PATH".split()
    assert len(shown) == len(_ATTEMPTS)
    rows = _json(_trace(checkout_copy, "--format", "json"))
    assert all("uid" not in row for row in rows)
    refused = run("-U", checkout=checkout_copy)
    assert refused.status != 0
    assert "uid" in refused.messages
    assert "Traceback" not in refused.messages
