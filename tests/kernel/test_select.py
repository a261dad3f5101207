# SPDX-License-Identifier: Apache-2.0
"""Each option that selects opens: exactly those rows, and no others."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import List

import pytest

from opensnooplib.plan_list import PLANS
from tests.kernel import strace
from tests.kernel.cast import NOBODY, Cast, check
from tests.kernel.cgroup_folders import mount, move_into
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import Attempt, Opener, OpenLoad, Word
from tests.kernel.tool import Ended, Row, Tool, run


def test_failed(cast: Cast) -> None:
    check(cast, lambda row: row.ret < 0, "-x")


def test_errors(cast: Cast) -> None:
    option = f"ENOENT,{errno.EISDIR}"
    errors = (errno.ENOENT, errno.EISDIR)
    check(cast, lambda row: row.err in errors, "--errno", option)


def test_errors_with_failed(cast: Cast) -> None:
    options = ("-x", "--errno", "EEXIST")
    check(cast, lambda row: row.err == errno.EEXIST, *options)


def test_one_process(cast: Cast) -> None:
    pid = cast.first.pid
    check(cast, lambda row: row.pid == pid, "-p", str(pid))


def test_several_processes(cast: Cast) -> None:
    pids = (cast.first.pid, cast.other_user.pid)
    option = ",".join(map(str, pids))
    check(cast, lambda row: row.pid in pids, "-p", option)


def test_left_out(cast: Cast) -> None:
    """Of each option, and what is left is all else that happened."""
    pid = cast.first.pid
    check(
        cast,
        lambda row: (
            row.pid != pid
            and row.uid not in (NOBODY, 3_999_999_999)
            and row.flags & os.O_DIRECTORY == 0
            and row.err != errno.EISDIR
        ),
        *("-p", f"!{pid}", "-u", "!nobody,!3999999999"),
        *("-f", "!O_DIRECTORY", "--errno", "!EISDIR"),
    )


def test_names_left_out(cast: Cast) -> None:
    check(
        cast,
        lambda row: b"second" not in row.comm and b"ir" not in row.comm,
        *("-n", "!second", "-n", "!ir"),
    )


def test_some_of_what_is_selected_left_out(cast: Cast) -> None:
    pids = (cast.first.pid, cast.no_name.pid)
    check(
        cast,
        lambda row: row.pid == cast.first.pid and row.ret < 0,
        *("-p", ",".join(map(str, pids)), "-n", "!no name", "-x"),
        *("-n", "first", "-n", "no"),
    )


@pytest.mark.parametrize("user", [str(NOBODY), "nobody"])
def test_user(cast: Cast, user: str) -> None:
    check(cast, lambda row: row.uid == NOBODY, "-u", user)


def test_several_users(cast: Cast) -> None:
    option = f"nobody,{cast.no_name.uid}"
    uids = (NOBODY, cast.no_name.uid)
    check(cast, lambda row: row.uid in uids, "-u", option)


@pytest.mark.parametrize("name", ["second-of-three", "cond", "three", "s"])
def test_part_of_the_command_name(cast: Cast, name: str) -> None:
    check(cast, lambda row: name.encode() in row.comm, "-n", name)


def _access(row: Row) -> int:
    return row.flags & os.O_ACCMODE


_FLAGS = {
    "O_RDONLY": lambda row: _access(row) == os.O_RDONLY,
    "O_WRONLY": lambda row: _access(row) == os.O_WRONLY,
    "O_RDWR": lambda row: _access(row) == os.O_RDWR,
    "O_CREAT": lambda row: row.flags & os.O_CREAT != 0,
    "O_EXCL": lambda row: row.flags & os.O_EXCL != 0,
    "O_DIRECTORY": lambda row: row.flags & os.O_DIRECTORY != 0,
    "O_WRONLY O_RDWR": lambda row: _access(row) != os.O_RDONLY,
    "write": lambda row: _access(row) in (os.O_WRONLY, os.O_RDWR)
    or row.flags & os.O_TRUNC != 0,
    "create": lambda row: row.mode is not None,
    "create,O_DIRECTORY": lambda row: (
        row.mode is not None or row.flags & os.O_DIRECTORY != 0
    ),
    "O_APPEND O_CREAT": lambda row: (
        row.flags & (os.O_APPEND | os.O_CREAT) != 0
    ),
}


@pytest.mark.parametrize("flags", _FLAGS)
def test_flags(cast: Cast, flags: str) -> None:
    options = [word for flag in flags.split() for word in ("-f", flag)]
    check(cast, _FLAGS[flags], *options)


def _openat2_without_flags(attempt: Attempt) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    openat2, at_fdcwd, nowhere, size = map(ctypes.c_long, (437, -100, 8, 24))
    libc.syscall(openat2, at_fdcwd, attempt.path, nowhere, size)
    return -ctypes.get_errno()


@pytest.mark.parametrize("plan", PLANS)
def test_flags_that_cannot_be_read(plan: str) -> None:
    """They may be those that are wanted."""
    skip_without_hooks_for(plan)
    attempts = [Attempt(b"/etc/passwd", os.O_RDONLY)]
    with Opener(attempts, make=_openat2_without_flags) as opener:
        pid = str(opener.pid)
        with Tool(
            *("-p", pid, "-f", "O_WRONLY", "--attach", plan),
            *("--format", "json"),
        ) as tool:
            opener.run()
            (row,) = tool.stop().rows
    assert (row.path, row.err) == (b"/etc/passwd", errno.EFAULT)


def test_several_options_at_once(cast: Cast) -> None:
    pids = (cast.second.pid, cast.other_user.pid)
    check(
        cast,
        lambda row: (
            row.pid in pids
            and row.uid == 0
            and b"of-three" in row.comm
            and row.ret < 0
            and row.flags & os.O_CREAT != 0
        ),
        *("-p", ",".join(map(str, pids))),
        *("-u", "0", "-n", "of-three", "-x", "-f", "O_CREAT"),
    )


def test_thread(open_load: Path) -> None:
    """-t shows one thread of several, and goes before -p."""
    command: List[Word] = [open_load, "-t", "3", "-n", "50", "/etc/passwd"]
    with OpenLoad(*command) as load, OpenLoad(*command) as other:
        tid = load.thread_ids()[1]
        options = ["-t", str(tid), "-p", str(other.pid)]
        with Tool("--format", "json", *options) as tool:
            load.run()
            other.run()
            ended = tool.stop()
    assert {(row.pid, row.tid) for row in ended.rows} == {(load.pid, tid)}
    assert ended.end.shown == len(ended.rows) == 50


def test_everything(cast: Cast) -> None:
    check(cast, lambda row: True)


class TestPinnedMaps:
    """--cgroupmap and --mntnsmap, with maps that bpftool makes."""

    @pytest.fixture
    def folder(self, tmp_path: Path, mounts: List[Path]) -> Path:
        folder = tmp_path / "bpf"
        folder.mkdir()
        mount("bpf", folder, mounts)
        return folder

    def test_cgroup(self, cast: Cast, folder: Path, cgroup: Path) -> None:
        pids = (cast.first.pid, cast.other_user.pid)
        for pid in pids:
            move_into(cgroup, pid)
        pinned = _make_map(folder / "cgroups", value_size=8)
        _add(pinned, cgroup.stat().st_ino, value_size=8)
        check(cast, lambda row: row.pid in pids, "--cgroupmap", str(pinned))

    def test_mount_namespace(
        self, cast: Cast, folder: Path, open_load: Path
    ) -> None:
        """Two namespaces in one map, and a third that is not."""
        command: List[Word] = [open_load, "-n", "20", "/etc/passwd"]
        with ExitStack() as stack:
            loads = [
                stack.enter_context(OpenLoad("unshare", "-m", *command))
                for _ in range(3)
            ]
            pinned = _make_map(folder / "namespaces", value_size=4)
            for load in loads[:2]:
                # Held: once it is gone, another can have its number.
                path = f"/proc/{load.pid}/ns/mnt"
                namespace = stack.enter_context(open(path, "rb"))
                number = os.fstat(namespace.fileno()).st_ino
                _add(pinned, number, value_size=4)
            option = ["--mntnsmap", str(pinned)]
            tool = stack.enter_context(Tool("--format", "json", *option))
            for load in loads:
                load.run()
            for opener in cast.everyone:
                opener.run()
            ended = tool.stop()
        shown = [row.pid for row in ended.rows]
        assert sorted(shown) == sorted(
            pid for load in loads[:2] for pid in [load.pid] * 20
        )

    def test_both_and_more(
        self, cast: Cast, folder: Path, cgroup: Path
    ) -> None:
        move_into(cgroup, cast.first.pid)
        of_cgroups = _make_map(folder / "cgroups", value_size=8)
        _add(of_cgroups, cgroup.stat().st_ino, value_size=8)
        of_namespaces = _make_map(folder / "namespaces", value_size=4)
        _add(of_namespaces, os.stat("/proc/self/ns/mnt").st_ino, value_size=4)
        check(
            cast,
            lambda row: row.pid == cast.first.pid and row.ret < 0,
            *("--cgroupmap", str(of_cgroups)),
            *("--mntnsmap", str(of_namespaces), "-x"),
        )


def _make_map(path: Path, value_size: int) -> Path:
    entry = f"type hash key 8 value {value_size} entries 1024 name chosen"
    create = ["bpftool", "map", "create", str(path)]
    subprocess.run([*create, *entry.split()], check=True)
    return path


def _add(pinned: Path, key: int, value_size: int) -> None:
    key_bytes = [str(byte) for byte in key.to_bytes(8, "little")]
    command = ["bpftool", "map", "update", "pinned", str(pinned), "key"]
    zeros = ["0"] * value_size
    subprocess.run([*command, *key_bytes, "value", *zeros], check=True)


class TestExec:
    """--exec traces a command from its first open on."""

    _COMMAND = ["cat", "/etc/passwd", "/etc/hostname"]

    def _traced(self, tmp_path: Path, *command: str) -> Ended:
        output = tmp_path / "rows"
        ended = run(*("--format", "json", "-o", output, "--exec"), *command)
        return ended._replace(output=output.read_bytes())

    def test_all_its_opens_and_its_end(self, tmp_path: Path) -> None:
        """What strace sees of the same command, from the first open on."""
        ended = self._traced(tmp_path, *self._COMMAND)
        assert ended.status == 0
        log = tmp_path / "log"
        (expected,) = strace.run([*self._COMMAND], log, tmp_path).values()
        assert [row.path for row in ended.rows] == [
            one.path for one in expected
        ]
        assert ended.rows[0].path == b"/etc/ld.so.cache"
        assert {row.comm for row in ended.rows} == {b"cat"}
        assert len({row.pid for row in ended.rows}) == 1
        assert ended.end.shown == len(expected)

    def test_with_selection(self, tmp_path: Path) -> None:
        command = ["cat", "/etc/passwd", "/nowhere"]
        output = tmp_path / "rows"
        options = ["--format", "json", "-x", "-o", str(output)]
        ended = run(*options, "--exec", *command)
        assert ended.status == 1  # that of cat
        rows = ended._replace(output=output.read_bytes()).rows
        assert b"/nowhere" in [row.path for row in rows]
        assert all(row.ret < 0 for row in rows)

    def test_the_commands_own_options_stay_its_own(
        self, tmp_path: Path
    ) -> None:
        ended = self._traced(tmp_path, "sh", "-c", ": <$1", "-x", "/etc/group")
        assert ended.rows[-1].path == b"/etc/group"

    @pytest.mark.parametrize(
        "content, why",
        [
            (b"\x7fELF, but no more of it", "a program for this machine"),
            (b"echo no first line\n", "a script whose first line is #!"),
            (b"#!/no/such/sh\n", "an interpreter that exists"),
        ],
    )
    def test_a_command_that_the_kernel_cannot_run(
        self, tmp_path: Path, content: bytes, why: str
    ) -> None:
        program = tmp_path / "program"
        program.write_bytes(content)
        program.chmod(0o755)
        ended = run("--exec", program)
        assert ended.status == 1
        assert str(program) in ended.messages.splitlines()[-1]
        assert why in ended.messages.splitlines()[-1]
        assert "Traceback" not in ended.messages
