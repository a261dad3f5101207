# SPDX-License-Identifier: Apache-2.0
"""Who really opens it: exe, args, pcomm, parents, euid, auid, unit; --unit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opensnooplib.base import libc
from tests.kernel import chosen
from tests.kernel.cgroup_folders import move_into
from tests.kernel.conftest import build
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.live import Edits, await_reload
from tests.kernel.openers import (
    Attempt,
    Opener,
    OpenLoad,
    set_comm,
    without_time,
)
from tests.kernel.tool import Ended, Tool, replace_in, run

_WHO = "exe,args,pcomm,parents,euid,auid,unit"
_NOBODY = 65534
_ATTEMPTS = [
    Attempt(b"/etc/passwd", os.O_RDONLY),
    Attempt(b"no/where", os.O_RDONLY),
]


def _rows(ended: Ended) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in ended.lines]


def _trace(opener: Opener, *options: str) -> List[Dict[str, Any]]:
    with Tool("-p", str(opener.pid), "--format", "json", *options) as tool:
        opener.run()
        return _rows(tool.stop())


def _in_proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text().rstrip("\n")


def _parent(pid: int) -> int:
    lines = _in_proc(pid, "status").splitlines()
    return next(int(line[6:]) for line in lines if line.startswith("PPid:"))


def _names_above(pid: int) -> List[str]:
    names = []
    while pid != 1:
        pid = _parent(pid)
        names.append(_in_proc(pid, "comm"))
    return names


def _below(group: Path, *names: str) -> Path:
    for name in names:
        group = group / name
        group.mkdir(exist_ok=True)
    return group


def _as_in_proc(pid: int, unit: str) -> Dict[str, Any]:
    names = _names_above(pid)
    command_line = _in_proc(pid, "cmdline").rstrip("\0").replace("\0", " ")
    expected = {
        "exe": os.readlink(f"/proc/{pid}/exe"),
        "args": command_line.encode()[:255].decode(),
        "pcomm": names[0],
        "parents": ",".join(names),
        "euid": _NOBODY,
        "auid": int(_in_proc(pid, "loginuid")),
        "unit": unit,
    }
    if len(command_line) > 255:
        expected["args_cut"] = True
    return expected


def _log_in_as_another() -> None:
    Path("/proc/self/loginuid").write_text("12345")
    os.seteuid(_NOBODY)


@pytest.mark.parametrize("plan", chosen.plans())
def test_as_proc_says(cgroup: Path, plan: str) -> None:
    """While the process lives; also for an open without a path."""
    skip_without_hooks_for(plan)
    attempts = [*_ATTEMPTS, Attempt(None, os.O_RDONLY)]  # type: ignore
    with Opener(attempts, prepare=_log_in_as_another) as opener:
        move_into(_below(cgroup, "who.service"), opener.pid)
        expected = _as_in_proc(opener.pid, "who.service")
        rows = _trace(opener, "--attach", plan, "--columns", f"{_WHO},path")
    paths = [row.pop("path") for row in rows]
    assert paths == ["/etc/passwd", "no/where", None]
    assert rows == [expected] * len(attempts)


@pytest.mark.parametrize("view", ["process", "host"])
def test_beside_directories(view: str) -> None:
    """The names of both stand behind the path, also on others' mounts."""
    exe = os.path.realpath("/proc/self/exe")
    options = ("-F", "--path-view", view, "--columns", "exe,path")
    for prepare in (lambda: None, lambda: libc.unshare(libc.CLONE_NEWNS)):
        with Opener(_ATTEMPTS, prepare=prepare) as opener:
            assert _trace(opener, *options) == [
                {"exe": exe, "path": "/etc/passwd"},
                {"exe": exe, "path": f"{os.getcwd()}/no/where"},
            ]


def test_directories_that_fill_a_record(tmp_path: Path) -> None:
    """They leave room for the program's names, or it could hide itself."""
    folder = tmp_path / "folder"
    folder.mkdir()

    def go_down() -> None:
        os.chdir(folder)
        for _ in range(60):
            os.mkdir("d" * 250)
            os.chdir("d" * 250)

    try:
        with Opener([_ATTEMPTS[1]], prepare=go_down) as opener:
            (row,) = _trace(opener, "-F", "--columns", "exe,path")
    finally:  # too deep for pytest
        subprocess.run(["rm", "-rf", folder], check=True)
    assert row.pop("path").endswith("/no/where")
    exe = os.path.realpath("/proc/self/exe")
    assert row == {"exe": exe, "path_cut": True}


@pytest.fixture(scope="module")
def short_lives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that makes many short processes."""
    return build("short_lives", tmp_path_factory.mktemp("programs"))


def test_processes_that_are_gone(
    short_lives: Path, tmp_path: Path, cgroup: Path
) -> None:
    """10,000 that live 1 ms; no row is made before all of them are gone."""
    _below(cgroup, "app.slice")
    load = OpenLoad(short_lives, cgroup, tmp_path, "100", "100")
    options = ("--path", f"/none{tmp_path}/*", "-b", "4096")
    with load, Tool(
        *options, "--format", "json", "--columns", f"{_WHO},path"
    ) as tool:
        tool.hold_back()
        load.run()
        assert not list(tmp_path.glob("program*"))
        tool.send(signal.SIGCONT)
        ended = tool.stop()
    # An open without a path, by anyone, may be a wanted one.
    rows = [row for row in _rows(ended) if row["path"]]
    assert len(rows) == 10000
    wrong = 0
    for row in rows:
        exe, parent, unit = row["path"][len("/none") :].rsplit("/", 2)
        found = (row["exe"], row["pcomm"], row["unit"], row["args"])
        wrong += found != (exe, parent, unit, f"{exe} {parent} {unit}")
        wrong += not row["parents"].startswith(f"{parent},short_lives,")
    assert wrong == 0
    assert len({row["unit"] for row in rows}) == 100
    assert len({row["exe"] for row in rows}) == 7


def test_programs_without_a_name_of_their_own(
    tmp_path: Path, open_load: Path
) -> None:
    """Removed since it began, in no directory, out of reach."""
    copy = tmp_path / "copy"
    copy.write_bytes(open_load.read_bytes())
    copy.chmod(0o755)
    memfd = os.memfd_create("in memory", 0)
    os.write(memfd, open_load.read_bytes())
    in_memory = f"/proc/{os.getpid()}/fd/{memfd}"
    for program, expected in (
        (str(copy), f"{copy} (deleted)"),
        (in_memory, "(unreachable)/memfd:in memory"),
    ):
        with OpenLoad(program, "/etc/passwd") as load:
            copy.unlink(missing_ok=True)
            in_proc = os.readlink(f"/proc/{load.pid}/exe").partition("/")
            assert in_proc[2].startswith(expected.partition("/")[2])
            options = ("-p", str(load.pid), "--format", "json")
            with Tool(*options, "--columns", "exe,path") as tool:
                load.run()
                rows = _rows(tool.stop())
        assert rows == [{"exe": expected, "path": "/etc/passwd"}]
    with Opener(
        [Attempt(b"/", os.O_RDONLY)], prepare=lambda: os.chroot(tmp_path)
    ) as opener:
        exe = os.readlink(f"/proc/{opener.pid}/exe")
        assert _trace(opener, "--columns", "exe") == [{"exe": exe}]


_SCRIPT = "echo ready; read x; : </etc/passwd"
_ROOM = 255 - len(f"sh -c {_SCRIPT} ")


@pytest.mark.parametrize(
    "words",
    [
        ["", "\x1b[2J\n"],
        ["x" * _ROOM],
        ["x" * _ROOM + "y"],
        ["x" * (_ROOM - 1), "", "y"],
        ["x" * 5000],
    ],
)
def test_arguments(words: List[str]) -> None:
    """As /proc has them, up to 255 bytes."""
    with OpenLoad("sh", "-c", _SCRIPT, *words) as load:
        texts = _in_proc(load.pid, "cmdline").rstrip("\0").replace("\0", " ")
        options = ("-p", str(load.pid), "--format", "json")
        with Tool(*options, "--columns", "args") as tool:
            load.run()
            (row,) = _rows(tool.stop())
    assert row.pop("args_cut", False) == (len(texts) > 255)
    assert row == {"args": texts[:255].rstrip(" ")}


@pytest.mark.parametrize("more", [1, 100])
def test_title_longer_than_the_arguments(more: int) -> None:
    """It runs on into the environment, as nginx and sshd write theirs."""

    def write_title() -> None:
        stat = _in_proc(os.getpid(), "stat").rpartition(")")[2].split()
        start, end = map(int, stat[45:47])  # arg_start, arg_end
        with open("/proc/self/mem", "r+b") as memory:
            memory.seek(start)
            memory.write(b"t" * (end - start + more) + b"\0")

    with Opener(_ATTEMPTS[:1], prepare=write_title) as opener:
        title = _in_proc(opener.pid, "cmdline").rstrip("\0")
        (row,) = _trace(opener, "--columns", "args")
    assert row.pop("args_cut", False) == (len(title) > 255)
    assert row == {"args": title[:255]}


def test_hostile_arguments_in_a_table() -> None:
    with OpenLoad("sh", "-c", _SCRIPT, "\x1b[2J") as load:
        with Tool("-p", str(load.pid), "--columns", "args,path") as tool:
            load.run()
            _, row = tool.stop().lines
    assert row == f"$'sh -c {_SCRIPT} \\x1b[2J' /etc/passwd".encode()


def _descend(depth: int) -> None:
    """Be the descendant of this many processes more, with long names."""
    for _ in range(depth):
        set_comm(b"x" * 15)
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
            os._exit(0)


@pytest.mark.parametrize("count", [15, 16, 17, 40])
def test_parents(count: int) -> None:
    """Up to PID 1, but at most 16."""
    above = [Path("/proc/self/comm").read_text()[:-1]]
    above += _names_above(os.getpid())
    depth = count - len(above)
    attempt = Attempt(f"/none/below-{depth}".encode(), os.O_RDONLY)
    columns = ("--columns", "path,parents")
    options = ("--path", "/none/*", "--format", "json", *columns)
    with Opener([attempt], prepare=lambda: _descend(depth)) as opener:
        with Tool(*options) as tool:
            opener.run()
            rows = _rows(tool.stop())
    # What others open by a path that can't be read is shown, too.
    (row,) = (row for row in rows if row.pop("path") == attempt.path.decode())
    assert row.pop("parents_cut", False) == (count > 16)
    assert row == {"parents": ",".join((["x" * 15] * depth + above)[:16])}


def test_the_parent_is_a_process() -> None:
    """Not the thread of it that has created this one."""
    found: List[Dict[str, Any]] = []

    def of_thread() -> None:
        set_comm(b"a thread")
        with Opener(_ATTEMPTS[:1]) as opener:
            found.append(_as_in_proc(opener.pid, ""))
            found.extend(_trace(opener, "--columns", "pcomm,parents"))

    thread = threading.Thread(target=of_thread)
    thread.start()
    thread.join()
    expected, row = found
    assert row == {name: expected[name] for name in row}
    assert row["pcomm"] != "a thread"


def test_the_innermost_unit(cgroup: Path) -> None:
    for names, unit in (
        (("user@1.service", "app.slice", "x.service"), "x.service"),
        (("user@1.service", "app.slice", "below"), "user@1.service"),
        (("user.slice", "session-1.scope"), "session-1.scope"),
        (("a.scope",), "a.scope"),
        ((f"{'x' * 247}.service", "b"), f"{'x' * 247}.service"),
        (("xservice", "x.services", "x.slice", "scope", "a"), None),
        (("x.service", *60 * ("deeper",)), "x.service"),
        (("x.service", *70 * ("deeper",)), "?"),
    ):
        with Opener(_ATTEMPTS) as opener:
            move_into(_below(cgroup, *names), opener.pid)
            rows = _trace(opener, "--columns", "unit")
        assert rows == [{"unit": unit}] * len(_ATTEMPTS)


def test_in_a_table_and_csv_and_from_a_recording(
    tmp_path: Path, cgroup: Path
) -> None:
    file = str(tmp_path / "recording")
    with Opener(_ATTEMPTS) as opener:
        expected = _as_in_proc(opener.pid, "")
        with Tool(
            *("-p", str(opener.pid), "--record", file, "--columns", _WHO)
        ) as tool:
            opener.run()
            tool.stop()
    options = ["--replay", file, "--columns", "exe,pcomm,parents,unit"]
    table = run(*options).lines
    assert table[0].split() == b"EXE PCOMM PARENTS UNIT".split()
    assert table[1].split()[0] == expected["exe"].encode()
    assert table[1].split()[-1] == b"-"
    (csv, *_) = run(*options, "--format", "csv").lines[1:]
    quoted = '"' * ("," in expected["parents"])
    assert csv.decode().rstrip("\r") == (
        f"{expected['exe']},{expected['pcomm']},"
        f"{quoted}{expected['parents']}{quoted},"
    )
    for row in _rows(run("--replay", file, "--format", "json")):
        assert row["exe"] == expected["exe"]
        assert row["unit"] is None


def test_a_kernel_without_audit(checkout_copy: Path) -> None:
    file = checkout_copy / "opensnooplib" / "compile" / "make_source.py"
    replace_in(file, "/self/loginuid", "/self/no_loginuid")
    ended = run("--columns", "auid", checkout=checkout_copy)
    assert ended.status == 1
    said = "opensnoop: auid needs a kernel with CONFIG_AUDIT\n"
    assert ended.messages == said


def test_a_unit_without_cgroups_of_version_2() -> None:
    """It isn't said that it can start."""
    hide = 'umount --all --lazy --types cgroup2; exec "$@"'
    under = ("unshare", "--mount", "sh", "-ec", hide, "sh")
    ended = run("--unit", "ours", "-d", "0.1", under=under)
    assert "version 2 has this name now; none is mounted" in ended.messages


@pytest.mark.every_kernel
def test_a_unit_before_it_starts_and_when_it_starts_again(
    cgroup: Path,
) -> None:
    """Its cgroup is another one then. Others of such names are not shown."""
    with Tool("--unit", "ours", "--format", "json") as tool:
        assert "--unit ours.service: no cgroup of version 2" in tool.messages
        made = []
        for names in (
            ("ours.service",),
            ("other.service",),
            ("ours.service2",),
            ("ours.service", "below", "x.scope"),
            ("ours.service",),
        ):
            with Opener(_ATTEMPTS) as opener:
                folder = _below(cgroup, *names)
                move_into(folder, opener.pid)
                rows = opener.run()
            while folder != cgroup:
                folder.rmdir()
                folder = folder.parent
            if names[0] == "ours.service":
                made += rows
        ended = tool.stop()
    assert without_time(ended.rows) == made


@pytest.mark.parametrize("plan", chosen.plans())
def test_several_units(cgroup: Path, plan: str) -> None:
    skip_without_hooks_for(plan)
    made = []
    longest = "x" * 248 + ".mount", "x" * 249 + ".mount"
    options = ("--attach", plan, "--unit", f"a.scope,bb,{longest[0]}")
    with Tool("--format", "json", *options) as tool:
        for name in ("a.scope", "b.service", "bb.service", "bb", *longest):
            with Opener(_ATTEMPTS) as opener:
                move_into(_below(cgroup, name), opener.pid)
                rows = opener.run()
            is_wanted = name in ("a.scope", "bb.service", longest[0])
            made += rows if is_wanted else []
        ended = tool.stop()
    assert without_time(ended.rows) == made


@pytest.mark.parametrize("plan", chosen.plans())
def test_units_left_out(cgroup: Path, plan: str) -> None:
    """Also where a wanted unit is inside one that is left out.

    What nobody can tell is shown.
    """
    skip_without_hooks_for(plan)
    made, both_made = [], []
    options = (
        "--format",
        "json",
        "--attach",
        plan,
        "-n",
        "left out",
        "--unit",
    )
    with Tool(*options, "!b") as tool, Tool(*options, "a.scope,!b") as both:
        for names in (
            ("a.scope",),
            ("b.service",),
            ("b.service", "a.scope"),
            ("c.service",),
            ("c.service", "a.scope"),
            ("b.service", *70 * "d"),  # too deep to tell
        ):
            with Opener(_ATTEMPTS, b"left out") as opener:
                move_into(_below(cgroup, *names), opener.pid)
                rows = opener.run()
            is_deep = "d" in names
            if is_deep or "b.service" not in names:
                made += rows
                both_made += rows if is_deep or "a.scope" in names else []
        assert without_time(both.stop().rows) == both_made
        assert without_time(tool.stop().rows) == made


def test_an_edit_of_the_c_keeps_the_units(
    checkout_copy: Path, cgroup: Path
) -> None:
    edits = Edits(checkout_copy)
    with Opener(_ATTEMPTS) as inside, Opener(_ATTEMPTS) as outside:
        move_into(_below(cgroup, "ours.service"), inside.pid)
        options = ["--live", "--unit", "ours", "--format", "json"]
        with Tool(*options, checkout=checkout_copy) as tool:
            assert "no cgroup" not in tool.messages
            edits.write_record(1)
            await_reload(tool, "record.h")
            outside.run()
            made = inside.run()
            ended = tool.stop()
    assert without_time(ended.rows) == made


def test_a_cgroup_by_its_name(cgroup: Path) -> None:
    found = _below(cgroup, "x.slice", "found.service")
    first = _below(cgroup, "x.slice", "two.service")
    second = _below(cgroup, "y.slice", "two.service")
    with Opener(_ATTEMPTS) as inside, Opener(_ATTEMPTS) as outside:
        move_into(found, inside.pid)
        with Tool("--format", "json", "--cgroup", "found.service") as tool:
            outside.run()
            made = inside.run()
            ended = tool.stop()
    assert without_time(ended.rows) == made
    refused = run("--cgroup", "two.service")
    assert refused.status == 2
    (sentence,) = refused.messages.splitlines()
    assert "2 cgroups have this name" in sentence
    for folder in (first, second):
        assert "/".join(folder.parts[-3:]) in sentence
