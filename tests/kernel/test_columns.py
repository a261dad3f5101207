# SPDX-License-Identifier: Apache-2.0
"""Each column beside what /proc, stat and strace say of the same process."""

from __future__ import annotations

import csv
import ctypes
import datetime
import grp
import io
import json
import os
import platform
import pwd
import subprocess
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from opensnooplib.base import libc
from tests.kernel.openers import Attempt, Opener, make_attempt
from tests.kernel.tool import CHECKOUT, Ended, Tool, replace_in, run

NOBODY = 65534
DAEMON_GROUP = 1
SCHEMA = json.loads((CHECKOUT / "docs/opensnoop.schema.json").read_text())
CONTAINER = "c0ffee" + "0123456789" * 5 + "abcdefab"

_ATTEMPTS = [
    Attempt(b"/etc/passwd", os.O_RDONLY | os.O_CLOEXEC),
    Attempt(b"/no/where", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640, True),
    Attempt(b"=1+1", os.O_RDONLY),
    Attempt(b'/tmp/"a", \xff\n', os.O_RDONLY),
]


def _cgroup2() -> Path:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, path, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(path)
    pytest.skip("this host has no cgroup2 mounted")


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """As docker names those of its containers."""
    folder = _cgroup2() / f"docker-{CONTAINER}.scope"
    folder.mkdir()
    yield folder
    folder.rmdir()


def _trace(opener: Opener, *options: str) -> Ended:
    with Tool("-p", str(opener.pid), *options) as tool:
        opener.run()
        return tool.stop()


def _json(opener: Opener, *options: str) -> List[Dict[str, Any]]:
    ended = _trace(opener, "--format", "json", *options)
    return [json.loads(line) for line in ended.lines]


def _status(pid: int) -> Dict[str, List[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name: value.split() for name, _, value in pairs}


@pytest.mark.one_kernel
def test_who_opens_it(cgroup: Path) -> None:
    """/proc, while the process still lives, is the oracle."""

    def prepare() -> None:
        (cgroup / "cgroup.procs").write_text(str(os.getpid()))
        libc.unshare(libc.CLONE_NEWNS)
        os.setgid(DAEMON_GROUP)

    names = "pid,tid,ppid,uid,user,gid,group,mntns,cgroup_id,cgroup,container"
    opener = Opener(_ATTEMPTS, uid=NOBODY, prepare=prepare)
    with opener:
        status = _status(opener.pid)
        mntns = os.stat(f"/proc/{opener.pid}/ns/mnt").st_ino
        rows = _json(opener, "--columns", names)
    uid, gid = int(status["Uid"][0]), int(status["Gid"][0])
    assert (uid, gid) == (NOBODY, DAEMON_GROUP)
    assert rows == [
        {
            "pid": opener.pid,
            "tid": opener.pid,
            "ppid": int(status["PPid"][0]),
            "uid": uid,
            "user": pwd.getpwuid(uid).pw_name,
            "gid": gid,
            "group": grp.getgrgid(gid).gr_name,
            "mntns": mntns,
            "cgroup_id": cgroup.stat().st_ino,
            "cgroup": f"/{cgroup.name}",
            "container": CONTAINER[:12],
        }
    ] * len(_ATTEMPTS)


def test_outside_of_containers() -> None:
    with Opener(_ATTEMPTS) as opener:
        rows = _json(opener, "--columns", "cgroup,container,path")
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        path = next(line[3:-1] for line in file if line.startswith("0::"))
    assert {row["cgroup"] for row in rows} == {path}
    assert {row["container"] for row in rows} == {None}


def test_ppid_beside_the_usual_columns() -> None:
    with Opener(_ATTEMPTS) as opener:
        heading, *lines = _trace(opener, "--ppid").lines
    assert heading.split() == b"PID COMM FD ERR PPID PATH".split()
    assert {line.split()[4] for line in lines} == {str(os.getpid()).encode()}


_libc = ctypes.CDLL(None, use_errno=True)


def _old_syscall(attempt: Attempt) -> int:
    """creat or open, by their numbers on x86-64."""
    by_creat = attempt.flags == os.O_CREAT | os.O_WRONLY | os.O_TRUNC
    fd: int = (
        _libc.syscall(85, attempt.path, attempt.mode)
        if by_creat
        else _libc.syscall(2, attempt.path, attempt.flags, attempt.mode)
    )
    return fd if fd >= 0 else -ctypes.get_errno()


def test_calls() -> None:
    attempts = [
        Attempt(b"/no/1", os.O_RDONLY),
        Attempt(b"/no/2", os.O_RDONLY, by_openat2=True),
    ]
    expected = ["openat", "openat2"]
    make = make_attempt
    if platform.machine() == "x86_64":
        attempts += [
            Attempt(b"/no/3/old", os.O_RDONLY),
            Attempt(b"/no/4/old", os.O_CREAT | os.O_WRONLY | os.O_TRUNC),
        ]
        expected += ["open", "creat"]

    def each(attempt: Attempt) -> int:
        is_old = attempt.path.endswith(b"old")
        return _old_syscall(attempt) if is_old else make(attempt)

    with Opener(attempts, make=each) as opener:
        rows = _json(opener, "--columns", "call")
    assert [row["call"] for row in rows] == expected


def test_errors_and_flags_as_strace_says_them(tmp_path: Path) -> None:
    log = tmp_path / "strace"
    with Opener(_ATTEMPTS) as opener:
        with Tool(
            *("-p", str(opener.pid), "--columns", "errname,flags,path")
        ) as tool:
            strace = subprocess.Popen(
                ["strace", "-o", str(log), "-p", str(opener.pid)]
                + ["-e", "trace=openat,openat2"],
                stderr=subprocess.PIPE,
                text=True,
            )
            assert strace.stderr
            assert "attached" in strace.stderr.readline()
            opener.run()
            strace.wait()
            ended = tool.stop()
    told = []
    for line in log.read_text().splitlines():
        if "openat" not in line:
            continue
        flags = next(w for w in line.replace("=", " ").split() if "O_" in w)
        error = line.partition(" = -1 ")[2].partition(" ")[0]
        told.append((error or "-", set(flags.strip(",){}").split("|"))))
    shown = []
    for row in ended.lines[1:]:
        errname, flags, _ = row.decode().split(None, 2)
        shown.append((errname, set(flags.split("|"))))
    assert shown == told
    assert len(shown) == len(_ATTEMPTS)


def test_times() -> None:
    with Opener(_ATTEMPTS) as opener:
        with Tool("-p", str(opener.pid), "--format", "json") as tool:
            wall, mono = time.time_ns(), time.monotonic_ns()
            opener.run()
            wall_after, mono_after = time.time_ns(), time.monotonic_ns()
            rows = [json.loads(line) for line in tool.stop().lines]
    assert len(rows) == len(_ATTEMPTS)
    for row in rows:
        date, _, rest = row["time"].partition(".")
        at = datetime.datetime.fromisoformat(date + rest[9:])
        ns = int(at.timestamp()) * 10**9 + int(rest[:9])
        assert mono <= row["ts"] <= mono_after
        # Two clocks that are read at different times drift apart by less.
        assert wall - 10**6 <= ns <= wall_after + 10**6
        assert abs((ns - wall) - (row["ts"] - mono)) < 10**6


@pytest.mark.parametrize("style", ["wall", "mono", "delta", "relative"])
def test_styles_of_time(style: str) -> None:
    """All are the same times, told from ts."""
    names = "ts,time,path"
    with Opener(_ATTEMPTS) as opener:
        ended = _trace(opener, "--time", style, "--columns", names)
    rows = [line.split()[:2] for line in ended.lines[1:]]
    assert len(rows) == len(_ATTEMPTS)
    stamps = [int(ts) for ts, _ in rows]
    shown = [text.decode() for _, text in rows]
    if style == "mono":
        assert shown == [f"{t // 10**9}.{t % 10**9:09}" for t in stamps]
    elif style == "delta":
        before = [stamps[0], *stamps]
        steps = [t - last for t, last in zip(stamps, before)]
        assert shown == [f"{t // 10**9}.{t % 10**9:09}" for t in steps]
    elif style == "relative":
        micros = [t // 1000 - stamps[0] // 1000 for t in stamps]
        assert shown == [f"{t / 10**6:.6f}000" for t in micros]
    else:
        assert all(time.strptime(text[:8], "%H:%M:%S") for text in shown)
        ends = [int(text.partition(".")[2]) for text in shown]
        steps = [(b - a) % 10**6 for a, b in zip(ends, ends[1:])]
        real = [(b - a) // 1000 for a, b in zip(stamps, stamps[1:])]
        assert all(0 <= s - r <= 1 for s, r in zip(steps, real))


def test_csv_is_what_json_is() -> None:
    names = "pid,ret,err,errname,flags,mode,comm"
    with Opener(_ATTEMPTS) as opener:
        expected = _json(opener, "--columns", names)
    with Opener(_ATTEMPTS) as opener:
        ended = _trace(opener, "--format", "csv", "--columns", names)
    text = ended.output.decode()
    assert text.count("\r\n") == text.count("\n") == 1 + len(_ATTEMPTS)
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    for row, wanted in zip(rows, expected):
        wanted["pid"] = opener.pid
        assert row == {
            name: "" if value is None else str(value)
            for name, value in wanted.items()
        }


def test_names_in_csv() -> None:
    with Opener(_ATTEMPTS) as opener:
        ended = _trace(opener, "--format", "csv", "--columns", "path")
    (heading,), *rows = csv.reader(ended.output.decode().splitlines())
    assert heading == "path"
    assert [cell for (cell,) in rows] == [
        "/etc/passwd",
        "/no/where",
        "$'=1+1'",
        "$'/tmp/\"a\", \\xff\\n'",
    ]


@pytest.mark.parametrize("options", [[], ["--columns", "all"]])
def test_json_is_what_its_schema_says(options: List[str]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    if options:
        keys = [key for key in SCHEMA["properties"] if "path_" not in key]
        keys.remove("comm_bytes")
        options = ["--columns", ",".join(keys)]
    attempts = _ATTEMPTS + [Attempt(b"x" * 5000, os.O_RDONLY)]
    with Opener(attempts, comm=b"\xff\n") as opener:
        rows = _json(opener, *options)
    assert len(rows) == len(attempts)
    checker = jsonschema.Draft202012Validator(
        # Nothing is there that the schema doesn't name.
        {**SCHEMA, "additionalProperties": False},
        format_checker=jsonschema.FormatChecker(),
    )
    for row in rows:
        checker.validate(row)
        always = [
            key
            for key, value in SCHEMA["properties"].items()
            if value["description"].startswith("Always.") or options
        ]
        assert set(always) - set(row) <= {
            "comm_bytes",
            "path_bytes",
            "path_cut",
        }
    seen = {key for row in rows for key in row}
    assert {"comm_bytes", "path_bytes", "path_cut"} <= seen


def test_a_column_that_nobody_asks_for_is_not_compiled_in() -> None:
    for options, expected in (
        ("", set()),
        ("--columns pid,user", set()),
        ("--columns pid,cgroup,container", {"WANT_CGROUP_ID"}),
        ("--ppid", {"WANT_PPID"}),
    ):
        text = run("--ebpf", *options.split()).output.decode()
        defines = {
            line.split()[1]
            for line in text.splitlines()
            if line.startswith("#define WANT_") and line.endswith(" 1")
        }
        assert defines == expected


def test_a_comment_on_a_field(checkout_copy: Path) -> None:
    event = checkout_copy / "bpf_src" / "event.h"
    old = "\tu32 pid;       /* the process; the kernel calls it tgid */"
    replace_in(event, old, "\tu32 pid; /* column: PROCESS width=9 hex */")
    with Opener(_ATTEMPTS) as opener:
        with Tool("-p", str(opener.pid), checkout=checkout_copy) as tool:
            opener.run()
            heading, *lines = tool.stop().lines
    assert heading.startswith(b"  PROCESS COMM ")
    assert {line[:9] for line in lines} == {b"%9s" % hex(opener.pid).encode()}
    replace_in(event, "hex */", "hax */")
    refused = run(checkout=checkout_copy)
    assert refused.status == 1
    (sentence,) = refused.messages.splitlines()
    assert "event.h:" in sentence and "did you mean hex?" in sentence


def test_columns_of_added_fields(checkout_copy: Path) -> None:
    """Also one that is filled only if it is wanted."""
    extra = checkout_copy / "bpf_src" / "extra"
    replace_in(
        extra / "optional_fields.h",
        "u32 gid;",
        "u32 cpu; /* the processor */\nu32 gid;",
    )
    replace_in(
        extra / "fill_fields.h",
        "\tif (WANT_GID)",
        "\tif (WANT_CPU)\n\t\tevent->cpu = bpf_get_smp_processor_id();\n"
        "\tif (WANT_GID)",
    )
    listed = run("--columns", "help", checkout=checkout_copy).output.decode()
    assert "cpu        the processor\n" in listed
    with Opener(_ATTEMPTS, prepare=lambda: os.sched_setaffinity(0, {1})) as o:
        with Tool(
            *("-p", str(o.pid), "--columns", "cpu,path"),
            checkout=checkout_copy,
        ) as tool:
            o.run()
            heading, *lines = tool.stop().lines
    assert heading.split() == [b"CPU", b"PATH"]
    assert {line.split()[0] for line in lines} == {b"1"}


_OWN_FIELD = """
#include <linux/sched.h>
struct event {
	u32 pid;
#ifdef WANT_LATENCY
	u64 latency;
#endif
};
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct event event = {.pid = bpf_get_current_pid_tgid() >> 32};

	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
"""


@pytest.mark.parametrize("wanted", [[], ["--columns", "pid,latency"]])
def test_a_field_of_ones_own_c(tmp_path: Path, wanted: List[str]) -> None:
    """In #ifdef WANT_NAME, it exists only if it is asked for: any name."""
    source = tmp_path / "own.c"
    source.write_text(_OWN_FIELD)
    with Tool("--source", source, "--format", "json", *wanted) as tool:
        os.close(os.open("/etc/passwd", os.O_RDONLY))
        ended = tool.stop()
    fields = {"pid", "latency"} if wanted else {"pid"}
    assert all(set(json.loads(line)) == fields for line in ended.lines)
    assert ended.lines


@pytest.mark.skipif(platform.machine() != "x86_64", reason="its numbers")
@pytest.mark.parametrize("plan", ["syscall-exit", "syscall"])
def test_of_flags_the_kernel_takes_32_bits(plan: str) -> None:
    """openat(2)'s are an int, whatever the register holds besides."""
    openat, at_fdcwd, name = 257, -100, b"/etc/passwd"
    sign, nonsense = 1 << 31, 0xFFFFFFFF << 32
    wanted = [os.O_CLOEXEC, os.O_CLOEXEC | sign]
    before = map(ctypes.c_long, (openat, at_fdcwd))
    opened = [*before, name]
    options = ("-p", str(os.getpid()), "--path", name.decode())
    with Tool(*options, "--format", "json", "--attach", plan) as tool:
        for flags in wanted:
            behind = map(ctypes.c_long, (flags | nonsense, 0))
            os.close(ctypes.CDLL(None).syscall(*opened, *behind))
        ended = tool.stop()
    assert [json.loads(line)["flags"] for line in ended.lines] == wanted
