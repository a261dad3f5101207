# SPDX-License-Identifier: Apache-2.0
"""-o FILE and --record FILE: no other user chooses or loses what root writes.

They open the file by the same function: what holds for one, holds for both.
"""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from tests.kernel.openers import OpenLoad
from tests.kernel.tool import Ended, Tool, run, wait_until

NOBODY = 65534
_AS_NOBODY = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
_UNDER_SUDO = ("env", f"SUDO_UID={NOBODY}", f"SUDO_GID={NOBODY}")

# A trace of one open, which ends by itself.
_ONE = ("--path", "/etc/hostname", "--exec", "head", "-c0", "/etc/hostname")

both = pytest.mark.parametrize("option", ["-o", "--record"])


@pytest.fixture
def precious(tmp_path: Path) -> Iterator[Path]:
    """A file of root's, which must stay as it is."""
    file = tmp_path / "precious"
    file.write_text("do not lose me\n")
    yield file
    assert file.read_text() == "do not lose me\n"


@pytest.fixture
def folder(readable_checkout: Path) -> Path:
    """A folder of nobody's, who can reach it."""
    folder = readable_checkout.parent / "folder"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    return folder


def _as_nobody(*words: object) -> None:
    command = ["setpriv", *_AS_NOBODY, *map(str, words)]
    subprocess.run(command, check=True)


def _link(folder: Path, precious: Path) -> Path:
    _as_nobody("ln", "-s", precious, folder / "rows")
    return folder / "rows"


def _link_of_a_folder(folder: Path, precious: Path) -> Path:
    _as_nobody("ln", "-s", precious.parent, folder / "link")
    return folder / "link" / precious.name


def _link_to_nothing(folder: Path, precious: Path) -> Path:
    _as_nobody("ln", "-s", folder / "nothing", folder / "rows")
    return folder / "rows"


def _hard_link(folder: Path, precious: Path) -> Path:
    # Root makes it: /proc/sys/fs/protected_hardlinks may keep others from it.
    os.link(precious, folder / "rows")
    return folder / "rows"


def _file_of_another_user(folder: Path, precious: Path) -> Path:
    _as_nobody("touch", folder / "rows")
    return folder / "rows"


def _fifo_of_another_user(folder: Path, precious: Path) -> Path:
    _as_nobody("mkfifo", folder / "rows")
    # Never closed: it is read until the test ends.
    os.open(folder / "rows", os.O_RDONLY | os.O_NONBLOCK)
    return folder / "rows"


def _refused(ended: Ended, option: str, path: object, why: str) -> None:
    assert ended.messages.startswith(f"opensnoop: {option} {path}: ")
    assert why in ended.messages and ended.messages.count("\n") == 1
    assert ended.status == 1 and ended.output == b""


@both
@pytest.mark.parametrize(
    "make, why",
    [
        (_link, "symbolic link; write {precious} instead"),
        (
            _link_of_a_folder,
            "symbolic link; write {precious} instead",
        ),
        (_link_to_nothing, "symbolic link"),
        (_hard_link, "hard links"),
        (_file_of_another_user, "belongs to another user"),
        (_fifo_of_another_user, "belongs to another user"),
    ],
)
def test_what_another_user_has_prepared_is_refused(
    option: str,
    make: Callable[[Path, Path], Path],
    why: str,
    folder: Path,
    precious: Path,
) -> None:
    path = make(folder, precious)
    ended = run(option, path, *_ONE)
    _refused(ended, option, path, why.format(precious=precious))


@both
def test_a_new_file_in_a_folder_of_another_user(
    option: str, folder: Path
) -> None:
    """It is root's own, and nobody else may read it."""
    assert run(option, folder / "rows", *_ONE).status == 0
    status = (folder / "rows").stat()
    assert status.st_uid == 0 and status.st_size > 0
    assert stat.S_IMODE(status.st_mode) == 0o600


@both
def test_a_new_file_is_the_users_who_called_sudo(
    option: str, folder: Path, readable_checkout: Path
) -> None:
    file = folder / "rows"
    for _ in range(2):  # it is new, then it is there
        assert run(option, file, *_ONE, under=_UNDER_SUDO).status == 0
        status = file.stat()
        assert (status.st_uid, status.st_gid) == (NOBODY, NOBODY)
        assert stat.S_IMODE(status.st_mode) == 0o600
    if option == "--record":
        under = ("setpriv", *_AS_NOBODY)
        words = ("--replay", file, "--format", "json")
        ended = run(*words, checkout=readable_checkout, under=under)
        assert ended.status == 0
        assert [row.path for row in ended.rows] == [b"/etc/hostname"]


def test_the_umask_can_say_less(tmp_path: Path) -> None:
    under = ("sh", "-c", 'umask 0277 && exec "$0" "$@"')
    assert run("-o", tmp_path / "rows", *_ONE, under=under).status == 0
    assert stat.S_IMODE((tmp_path / "rows").stat().st_mode) == 0o400


def _recorded_or_shown(option: str, file: Path) -> int:
    """How many opens are in the file."""
    if option == "--record":
        return run("--replay", file).end.shown
    return file.read_bytes().count(b"/etc/passwd\n")


@both
def test_a_second_trace_does_not_write_to_the_same_file(
    option: str, open_load: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    with OpenLoad(open_load, "-n", "1000", "/etc/passwd") as load:
        with Tool(option, file, "-p", str(load.pid)) as tool:
            _refused(run(option, file, *_ONE), option, file, "locked")
            load.run()
            assert tool.stop().status == 0
    assert _recorded_or_shown(option, file) == 1000
    # Its end, even by SIGKILL, ends the lock.
    with Tool(option, file, "-p", "1") as tool:
        pass
    assert run(option, file, *_ONE).status == 0


def test_a_command_that_goes_on_does_not_keep_the_file_locked(
    tmp_path: Path,
) -> None:
    file = tmp_path / "file"
    script = "exec sleep 600 2>/dev/null"
    ended = run("-o", file, "-d", "0.2", "--exec", "sh", "-c", script)
    found = re.search(r"\(PID (\d+)\) is still running", ended.messages)
    assert found
    try:
        assert run("-o", file, *_ONE).status == 0
    finally:
        os.kill(int(found[1]), signal.SIGKILL)  # it was there


def _empty(file: Path) -> None:
    os.truncate(file, 0)


@both
@pytest.mark.parametrize("lose", [_empty, os.unlink])
def test_rows_that_somebody_removes_are_missed(
    option: str,
    lose: Callable[[Path], None],
    open_load: Path,
    tmp_path: Path,
) -> None:
    file = tmp_path / "file"
    with OpenLoad(open_load, "-n", "1000", "/etc/passwd") as load:
        with Tool(option, file, "-p", str(load.pid)) as tool:
            wait_until(lambda: file.stat().st_size > 0)  # the heading
            lose(file)
            load.run()
            ended = tool.stop()
    assert ended.status == 1
    assert f"{file} was truncated or removed during" in ended.messages
    if file.exists() and option == "-o":  # O_APPEND: without a hole
        assert file.read_bytes().count(b"/etc/passwd\n") == 1000
        assert b"\0" not in file.read_bytes()


def test_a_fifo_that_nobody_reads(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    _refused(
        run("-o", fifo, *_ONE), "-o", fifo, "no process reads from this FIFO"
    )


def test_a_fifo_that_somebody_reads(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    ended = run("-o", fifo, *_ONE)
    assert ended.status == 0 and ended.output == b""
    with open(reader, "rb") as pipe:
        assert pipe.read().count(b"/etc/hostname\n") == 1


@pytest.mark.parametrize(
    "name, redirection",
    [
        ("/dev/stdout", ">>"),
        ("/dev/stderr", "2>>"),
        ("/dev/fd/5", "5>>"),
        ("/proc/self/fd/5", "5>>"),
    ],
)
def test_a_descriptor_that_was_given(
    tmp_path: Path, name: str, redirection: str
) -> None:
    """It is not emptied: who gave it may have written to it."""
    file = tmp_path / "file"
    file.write_text("what was there before\n")
    script = f'file=$0; exec "$@" {redirection}"$file"'
    ended = run("-q", "-o", name, *_ONE, under=("bash", "-c", script, file))
    assert ended.status == 0
    first, heading, row = file.read_bytes().splitlines()
    assert first == b"what was there before" and heading.startswith(b"PID")
    assert row.endswith(b"/etc/hostname")


def test_a_descriptor_that_was_not_given() -> None:
    """One that the tool has opened for itself is not the user's."""
    for number in range(3, 12):
        name = f"/dev/fd/{number}"
        _refused(run("-o", name, *_ONE), "-o", name, "Bad file descriptor")


def test_dev_null() -> None:
    ended = run("-o", "/dev/null", *_ONE)
    assert ended.status == 0 and ended.end.shown == 1


def test_a_file_that_can_only_grow(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("what was there before\n")
    if subprocess.run(["chattr", "+a", file]).returncode:
        pytest.skip("this file system has no chattr +a")
    try:
        ended = run("-o", file, *_ONE)
    finally:
        subprocess.run(["chattr", "-a", file], check=True)
    _refused(ended, "-o", file, "Operation not permitted")
