# SPDX-License-Identifier: Apache-2.0
"""-F and -R, held against what the kernel itself says of the same files."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from opensnooplib.plan_list import PLANS
from tests.kernel import chosen
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import Attempt, Opener
from tests.kernel.tool import CHECKOUT, Ended, Tool, wait_until

_AT_FDCWD = -100

_PROGRAM = CHECKOUT / "tests" / "programs" / "open_paths.py"


class Run:
    """One run of the program in a trace."""

    def __init__(self, folder: Path, *options: str) -> None:
        program = subprocess.Popen(
            ["/usr/bin/python3", _PROGRAM, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert program.stdout and program.stdout.readline() == b"ready\n"
        arguments = ["-p", str(program.pid), "--format", "json", *options]
        with Tool(*arguments) as tool:
            told, _ = program.communicate(b"\n")
            assert program.returncode == 0
            self.ended: Ended = tool.stop()
        self.opens: List[Dict[str, Any]] = json.loads(told)

    def shown(self) -> List[bytes]:
        """Paths of the rows of these opens, without others in between.

        The program looks links up and makes folders, which opens nothing.
        """
        rows = self.ended.rows
        assert [row.ret for row in rows] == [o["ret"] for o in self.opens]
        assert not any(row.path_cut for row in rows)
        return [row.path or b"" for row in rows]

    def told(self, key: str) -> List[bytes]:
        return [os.fsencode(one[key]) for one in self.opens]


@pytest.mark.parametrize(
    "plan, option, key",
    chosen.plans_with([("-F", "meant"), ("-R", "real")]),
)
def test_as_the_kernel_says(
    tmp_path: Path, plan: str, option: str, key: str
) -> None:
    skip_without_hooks_for(plan)
    folder = tmp_path / "folder"
    folder.mkdir()
    try:
        run = Run(folder, option, "--attach", plan)
    finally:
        # Too deep for pytest, which removes old folders of tests.
        subprocess.run(["rm", "-rf", folder], check=True)
    assert run.shown() == run.told(key)
    assert run.ended.end.lost == run.ended.end.missed == 0


def _rows_of(opener: Opener, *options: str) -> Ended:
    arguments = ["-p", str(opener.pid), "--format", "json", *options]
    with Tool(*arguments) as tool:
        opener.run()
        return tool.stop()


def test_a_chroot_as_the_host_sees_it(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "link").symlink_to("/etc")

    def prepare() -> None:
        os.chroot(tmp_path)
        os.chdir("/etc")

    names = [b"missing", b"/etc/missing", b"/link"]
    attempts = [Attempt(name, os.O_RDONLY) for name in names]
    with Opener(attempts, prepare=prepare) as opener:
        ended = _rows_of(opener, "-F", "--path-view", "host")
    root = bytes(tmp_path)
    assert [row.path for row in ended.rows] == [
        root + b"/etc/missing",
        root + b"/etc/missing",
        root + b"/link",
    ]
    with Opener(attempts, prepare=prepare) as opener:
        ended = _rows_of(opener, "-R", "--path-view", "host")
    assert ended.rows[2].path == root + b"/etc"


_libc = ctypes.CDLL(None, use_errno=True)
_BIND = 4096  # MS_BIND of mount(2)


def _mount(source: bytes, point: Path, kind: bytes, flags: int = 0) -> None:
    done = _libc.mount(source, bytes(point), kind, flags, None)
    assert done == 0, os.strerror(ctypes.get_errno())


def _unshare_mounts() -> None:
    clone_newns, rec, private = 0x20000, 16384, 1 << 18
    assert _libc.unshare(clone_newns) == 0
    _mount(b"none", Path("/"), b"", rec | private)


def _enter(root: Path) -> None:
    """What is mounted there is all that there is."""
    os.chdir(root)
    assert _libc.pivot_root(b".", b".") == 0
    assert _libc.umount2(b".", 2) == 0  # MNT_DETACH
    os.chdir("/etc")


def _in_a_container(folder: Path, host: int) -> None:
    """A mount namespace whose root is `folder`, and a way out as 100."""
    _unshare_mounts()
    _mount(bytes(folder), folder, b"", _BIND)
    _enter(folder)
    os.dup2(host, 100)


def _openat(dirfd: int, attempt: Attempt) -> int:
    fd: int = _libc.openat(dirfd, attempt.path, attempt.flags, 0)
    return fd if fd >= 0 else -ctypes.get_errno()


@pytest.mark.parametrize("plan, option", chosen.plans_with(["-F", "-R"]))
def test_a_container_as_the_host_sees_it(
    tmp_path: Path, plan: str, option: str
) -> None:
    """Also what it opens where it got out of its own."""
    skip_without_hooks_for(plan)
    deep = "/".join("d" * 200)
    for folder in ("etc", deep):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/passwd").touch()
    names = [b"/etc/passwd", b"passwd", b"missing", f"/{deep}".encode()]
    attempts = [Attempt(name, os.O_RDONLY) for name in names]
    host = os.open("/etc", os.O_PATH)

    def make(attempt: Attempt) -> int:
        return _openat(100 if attempt.mode == 1 else _AT_FDCWD, attempt)

    attempts.append(Attempt(b"hostname", os.O_RDONLY, mode=1))
    with Opener(
        attempts, prepare=lambda: _in_a_container(tmp_path, host), make=make
    ) as opener:
        ended = _rows_of(
            *(opener, option, "--path-view", "host", "--attach", plan)
        )
    os.close(host)
    root = bytes(tmp_path)
    assert [row.path for row in ended.rows[-5:]] == [
        root + b"/etc/passwd",
        root + b"/etc/passwd",
        root + b"/etc/missing",
        root + f"/{deep}".encode(),
        b"/etc/hostname",
    ]


class _Container:
    """Its root is a tmpfs that the host has too. It has a directory of the
    host as /data, and a tmpfs of its own as /private.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.data = folder / "data"
        for point in (self.root, self.data):
            point.mkdir()
        (self.data / "file").touch()

    def mount(self) -> None:
        _mount(b"none", self.root, b"tmpfs")
        for name in ("etc", "data", "private"):
            (self.root / name).mkdir()
        (self.root / "etc/passwd").touch()

    def unmount(self) -> None:
        _libc.umount2(bytes(self.root), 2)

    def enter(self) -> None:
        _unshare_mounts()
        _mount(bytes(self.data), self.root / "data", b"", _BIND)
        _mount(b"none", self.root / "private", b"tmpfs")
        (self.root / "private/file").touch()
        _enter(self.root)


def _in_folder(attempt: Attempt) -> int:
    """With the mode 1 a name is relative to its directory."""
    if attempt.mode != 1:
        return _openat(_AT_FDCWD, attempt)
    folder, name = os.path.split(attempt.path)
    os.chdir(folder)
    return _openat(_AT_FDCWD, attempt._replace(path=name))


@pytest.mark.parametrize("option", ["-F", "-R"])
def test_mounts_of_a_container(tmp_path: Path, option: str) -> None:
    """Those that the host has somewhere, and one that it hasn't."""
    container = _Container(tmp_path)
    attempts = [
        Attempt(b"/etc/passwd", os.O_RDONLY),
        Attempt(b"/data/file", os.O_RDONLY),
        Attempt(b"/data/file", os.O_RDONLY, mode=1),
        Attempt(b"/data/missing", os.O_RDONLY, mode=1),
        Attempt(b"/private/file", os.O_RDONLY),
        Attempt(b"/private/missing", os.O_RDONLY, mode=1),
    ]
    container.mount()
    try:
        with Opener(
            attempts, prepare=container.enter, make=_in_folder
        ) as opener:
            ended = _rows_of(opener, option, "--path-view", "host")
    finally:
        container.unmount()
    data = bytes(container.data)
    assert [row.path for row in ended.rows[-6:]] == [
        bytes(container.root) + b"/etc/passwd",
        data + b"/file",
        data + b"/file",
        data + b"/missing",
        b"(other mounts)/private/file",
        b"(other mounts)/private/missing",
    ]


def test_an_open_of_the_host_after_one_of_a_container(tmp_path: Path) -> None:
    """In the same buffer, where the container's directories are marked."""
    container = _Container(tmp_path)
    host = os.open(tmp_path, os.O_PATH)

    def prepare() -> None:
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
        os.dup2(host, 100)
        container.enter()

    attempts = [
        Attempt(b"/private/file", os.O_RDONLY),
        Attempt(b"data/missing", os.O_RDONLY),
    ]
    container.mount()
    try:
        with Opener(
            attempts, prepare=prepare, make=lambda one: _openat(100, one)
        ) as opener:
            ended = _rows_of(opener, "-F", "--path-view", "host")
    finally:
        container.unmount()
        os.close(host)
    assert [row.path for row in ended.rows[-2:]] == [
        b"(other mounts)/private/file",
        bytes(tmp_path) + b"/data/missing",
    ]


def test_containers_that_start_later(tmp_path: Path) -> None:
    """Than the trace; the second after rows of the first were shown. What
    the patterns select is the host's path.
    """
    containers = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        containers.append(_Container(tmp_path / name))
    attempts = [
        Attempt(b"/etc/passwd", os.O_RDONLY),
        Attempt(b"/data/file", os.O_RDONLY),
    ]
    with Tool(
        *("-n", "opener", "--format", "json", "-F", "--path-view", "host"),
        *("--path", f"{tmp_path}/*/root/etc/passwd"),
    ) as tool:
        for number, container in enumerate(containers, 1):
            container.mount()
            try:
                with Opener(attempts, prepare=container.enter) as opener:
                    opener.run()
                wait_until(lambda: tool.output_so_far().count(b"\n") == number)
            finally:
                container.unmount()
        ended = tool.stop()
    assert [row.path for row in ended.rows] == [
        bytes(container.root) + b"/etc/passwd" for container in containers
    ]


def test_what_is_in_no_directory(tmp_path: Path) -> None:
    """A pipe, a namespace, and a file in memory, which has a name."""
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        pipe, _ = os.pipe()
        os.dup2(pipe, 100)
        os.dup2(libc.memfd_create(b"name", 0), 101)

    attempts = [
        Attempt(b"/proc/self/fd/100", os.O_RDONLY | os.O_NONBLOCK),
        Attempt(b"/proc/self/ns/mnt", os.O_RDONLY),
        Attempt(b"/proc/self/fd/101", os.O_RDONLY),
    ]
    with Opener(attempts, prepare=prepare) as opener:
        ended = _rows_of(opener, "-R")
    assert [row.path for row in ended.rows] == [
        b"/proc/self/fd/100",
        b"/proc/self/ns/mnt",
        b"(unreachable)/memfd:name",
    ]


@pytest.mark.parametrize("plan", chosen.plans())
def test_a_file_whose_name_is_gone(tmp_path: Path, plan: str) -> None:
    """-R shows it nevertheless. The open itself takes the name away: its page
    is of the file, which it truncates.
    """
    skip_without_hooks_for(plan)
    path = tmp_path / ("long-" * 40)
    path.write_bytes(bytes(path) + b"\0")
    libc = ctypes.CDLL(None, use_errno=True)

    def make(attempt: Attempt) -> int:
        with open(path, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        name = ctypes.addressof((ctypes.c_char * 1).from_buffer(mapped))
        fd: int = libc.openat(-100, ctypes.c_void_p(name), attempt.flags)
        return fd if fd >= 0 else -ctypes.get_errno()

    attempts = [Attempt(bytes(path), os.O_RDWR | os.O_TRUNC)]
    with Opener(attempts, make=make) as opener:
        ended = _rows_of(opener, "-R", "--attach", plan)
    assert [row.path for row in ended.rows][-1] == bytes(path)
    assert ended.rows[-1].fd >= 0 and ended.end.unreadable == 0


def test_patterns_are_for_what_is_shown(tmp_path: Path) -> None:
    def prepare() -> None:
        os.chdir(tmp_path)

    attempts = [Attempt(b"one", os.O_RDONLY), Attempt(b"/two", os.O_RDONLY)]
    with Opener(attempts, prepare=prepare) as opener:
        ended = _rows_of(opener, "-F", "--path", f"{tmp_path}/*")
    assert [row.path for row in ended.rows] == [bytes(tmp_path) + b"/one"]


class _Handle(ctypes.Structure):
    """struct file_handle of name_to_handle_at(2), with room."""

    _fields_ = [
        ("size", ctypes.c_uint),
        ("type", ctypes.c_int),
        ("bytes", ctypes.c_char * 128),
    ]


def _by_handle(path: Path) -> Callable[[Attempt], int]:
    """An open by the file's handle; for another file by one of no bytes.

    A wrong type isn't enough: tmpfs doesn't look at it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    handle, mount_id = _Handle(size=128), ctypes.c_int()
    reference = (ctypes.byref(handle), ctypes.byref(mount_id))
    assert libc.name_to_handle_at(-100, bytes(path), *reference, 0) == 0
    mount = os.open(path.parent, os.O_RDONLY)

    def make(attempt: Attempt) -> int:
        if attempt.path != bytes(path):
            handle.size = 0
        fd: int = libc.open_by_handle_at(
            mount, ctypes.byref(handle), attempt.flags
        )
        return fd if fd >= 0 else -ctypes.get_errno()

    return make


@pytest.mark.parametrize("plan", chosen.plans())
def test_too_many_names_are_cut_and_counted(tmp_path: Path, plan: str) -> None:
    """No selection drops such a path: what is missing could be selected."""
    skip_without_hooks_for(plan)

    def go_down() -> None:
        os.chdir(tmp_path)
        for _ in range(300):
            os.mkdir("d")
            os.chdir("d")

    with Opener([Attempt(b"file", os.O_RDONLY)], prepare=go_down) as opener:
        options = ("-F", "--attach", plan, "--path", "/no/such/*")
        ended = _rows_of(opener, *options)
    (row,) = map(json.loads, ended.lines)
    assert row["path"].endswith("/d/d/file") and row["path_cut"]
    assert row["path"].count("/d") > 200
    assert ended.end.cut == 1


@pytest.mark.parametrize("plan", PLANS)
def test_open_by_handle(tmp_path: Path, plan: str) -> None:
    skip_without_hooks_for(plan)
    path = tmp_path / ("deep/" * 100) / "file"
    path.parent.mkdir(parents=True)
    path.touch()
    attempts = [Attempt(bytes(path), os.O_RDWR), Attempt(b"", os.O_RDONLY)]
    with Opener(attempts, make=_by_handle(path)) as opener:
        ended = _rows_of(
            *(opener, "--attach", plan, "--columns", _COLUMNS),
            *("--path", f"{tmp_path}/*/file"),
        )
    found, wrong = map(json.loads, ended.lines)
    assert found["path"] == str(path) and found["fd"] > 0
    assert found["call"] == wrong["call"] == "open_by_handle_at"
    assert wrong["path"] is None and wrong["fd"] == -1
    assert ended.end.unreadable == 1


_COLUMNS = "pid,fd,call,path"
