# SPDX-License-Identifier: Apache-2.0
"""--exec and -p: the trace ends with what it traces, and as that did."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import List

import pytest

from tests.kernel.openers import OpenLoad
from tests.kernel.tool import (
    HANG_SECONDS,
    Tool,
    Word,
    children,
    replace_in,
    run,
    wait_until,
)

# Forks itself away, as nginx does, and opens files until one is removed.
_DAEMON = """
import os, sys, time
folder, command = sys.argv[1], os.getpid()
if os.fork():
    sys.exit(3)
os.setsid()
if os.fork():
    os._exit(0)
while not os.path.exists(folder + "/parent"):
    time.sleep(0.01)
while os.path.exists(f"/proc/{command}"):  # Python ends slowly
    time.sleep(0.01)
for number in range(5):
    try:
        open(f"{folder}/open-{number}")
    except FileNotFoundError:
        pass
with open(folder + "/pid", "w") as file:
    print(os.getpid(), file=file)
while os.path.exists(folder + "/parent"):
    time.sleep(0.01)
"""


@pytest.mark.parametrize("follow", [[], ["--follow"]], ids=str)
@pytest.mark.parametrize(
    "script", ["true", "exit 7", "kill -9 $$", "kill $$", "exit 255"]
)
def test_the_status_is_passed_on(script: str, follow: List[str]) -> None:
    """As a shell has it."""
    shell = ["sh", "-c", f"sh -c '{script}'; exit $?"]
    done = subprocess.run(shell, capture_output=True)
    ended = run("-q", *follow, "--exec", "sh", "-c", script)
    assert ended.status == done.returncode


def test_a_command_that_goes_on_has_no_status() -> None:
    ended = run("-d", "0.2", "--exec", "sh", "-c", "sleep 1; exit 9")
    assert ended.status == 0
    assert "is still running\n" in ended.messages


def test_as_another_user(tmp_path: Path) -> None:
    """By the kernel's word, and by what id(1) says of the groups."""
    tmp_path.chmod(0o755)
    status = "/proc/self/status"
    options = ["-q", "-o", str(tmp_path / "rows"), "--exec-user", "nobody"]
    said = run(
        *(*options, "--exec", "sh", "-c"),
        f"id; grep -E '^(Uid|Gid|CapEff)' {status}; echo $HOME $USER $LOGNAME",
    ).output
    ids = subprocess.run(["id", "nobody"], capture_output=True).stdout
    home = os.path.expanduser("~nobody")
    lines = said.decode().splitlines()
    assert lines[0] == ids.decode().strip()
    assert [line.split()[1:] for line in lines[1:4]] == [
        ["65534"] * 4,
        ["65534"] * 4,
        ["0" * 16],
    ]
    assert lines[4] == f"{home} nobody nobody"


def test_a_command_is_found_as_the_user_finds_it(tmp_path: Path) -> None:
    """Not in a directory of PATH that only root may search."""
    for name in ("false", "only-here"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 9\n")
        (tmp_path / name).chmod(0o755)
    tmp_path.chmod(0o700)
    under = ("env", f"PATH={tmp_path}:/usr/bin:/bin")
    assert run("-q", "--exec", "false", under=under).status == 9
    options = ("-q", "--exec-user", "nobody", "--exec")
    assert run(*options, "false", under=under).status == 1
    ended = run(*options, "only-here", under=under)
    assert ended.status == 1
    assert ended.messages == (
        "opensnoop: cannot run only-here: Permission denied\n"
    )


def test_another_user_where_that_is_not_permitted() -> None:
    without = "-setuid,-setgid"
    under = ("setpriv", "--bounding-set", without, "--inh-caps", without)
    ended = run("-q", "--exec-user", "nobody", "--exec", "true", under=under)
    assert ended.status == 1
    assert ended.messages.startswith(
        "opensnoop: cannot run true: Operation not permitted"
    )


@pytest.mark.parametrize(
    "options, told", [("-x", 1), ("--summary", 1), ("", 0)]
)
def test_it_is_said_that_only_opens_are_seen(options: str, told: int) -> None:
    ended = run(*options.split(), "--exec", "true")
    assert ended.messages.count("opensnoop: only opens are seen") == told


def _follow(folder: Path) -> Tool:
    script = folder / "daemon.py"
    script.write_text(_DAEMON)
    rows = ["--format", "json", "-o", str(folder / "rows"), "--follow"]
    command = ["--exec", "/usr/bin/python3", "-I", str(script), str(folder)]
    return Tool(*rows, *command)


def _daemon(folder: Path) -> int:
    """Its PID, once its parents have ended and it has opened files."""
    (folder / "parent").touch()
    path = folder / "pid"
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


def test_follow_where_no_process_can_be_started(checkout_copy: Path) -> None:
    """The adopter, which cannot fork, is gone before it tells a PID."""
    file = checkout_copy / "opensnooplib" / "trace" / "exec_command.py"
    fork = "command = child.fork(run, outlives=True)"
    replace_in(file, fork, 'raise BlockingIOError(11, "")')
    ended = run("--follow", "--exec", "true", checkout=checkout_copy)
    assert ended.status == 1
    assert ended.messages == (
        "opensnoop: --exec true: no process could be started: Resource "
        "temporarily unavailable\n"
    )


def test_follow(tmp_path: Path) -> None:
    """Until the daemon ends, whose parents have ended long before."""
    with _follow(tmp_path) as tool:
        pid = _daemon(tmp_path)
        assert tool.process.poll() is None
        (tmp_path / "parent").unlink()
        ended = tool.ended()
    rows = (tmp_path / "rows").read_text()
    assert all(f"{tmp_path}/open-{number}" in rows for number in range(5))
    assert f'"pid": {pid},' in rows
    assert ended.status == 3
    assert "still running" not in ended.messages


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
)
def test_a_signal_ends_it_all_the_same(tmp_path: Path, number: int) -> None:
    """The daemon goes on; nothing of the tool does."""
    with _follow(tmp_path) as tool:
        pid = _daemon(tmp_path)
        own = children(tool.pid)
        tool.send(number)
        tool.process.wait(HANG_SECONDS)
        wait_until(
            lambda: not any(os.path.exists(f"/proc/{one}") for one in own)
        )
        os.kill(pid, 0)
        (tmp_path / "parent").unlink()  # it has the tool's stderr open
        ended = tool.ended()
    if number == signal.SIGKILL:
        assert ended.status == -number
    else:
        assert ended.status == 3  # of the command, which has ended
        found = re.findall(
            "opensnoop: (.*) is still running\n", ended.messages
        )
        command = r"a descendant of /usr/bin/python3 \(PID [0-9]+\)"
        assert len(found) == 1 and re.fullmatch(command, found[0])


@pytest.mark.parametrize("follow", [[], ["--follow"]], ids=str)
def test_ctrl_c_reaches_the_command_and_not_the_adopter(
    follow: List[str], checkout_copy: Path
) -> None:
    """All of them are in the terminal's group."""
    script = """
        trap 'cat /etc/hostname; exit 7' INT
        while :; do sleep 0.01; done
    """
    file = checkout_copy / "opensnooplib" / "commands" / "trace_opens.py"
    limit = "_COMMAND_SECONDS = 0.2"  # a busy host takes longer
    replace_in(file, limit, "_COMMAND_SECONDS = 60")
    words = (*follow, "--exec", "sh", "-c", script)
    with Tool(*words, checkout=checkout_copy) as tool:
        wait_until(lambda: b" sleep " in tool.output_so_far())
        os.killpg(tool.pid, signal.SIGINT)
        ended = tool.ended()
    assert ended.status == 7
    assert b" /etc/hostname\n" in ended.output
    assert "still running" not in ended.messages


def test_a_command_that_ignores_ctrl_c() -> None:
    with Tool("--exec", "sh", "-c", "trap '' INT; sleep 1") as tool:
        wait_until(lambda: b" sleep " in tool.output_so_far())
        os.killpg(tool.pid, signal.SIGINT)
        ended = tool.ended()
    assert ended.status == 0
    assert "is still running\n" in ended.messages


def test_it_ends_with_the_last_process_of_p(open_load: Path) -> None:
    load: List[Word] = [open_load, "-n", "100", "/etc/passwd"]
    with OpenLoad(*load) as one, OpenLoad(*load) as other:
        pids = f"{one.pid},{other.pid}"
        with Tool("--format", "json", "-p", pids) as tool:
            one.run()
            assert tool.process.poll() is None
            other.run()
            ended = tool.ended()
    assert ended.status == 0
    assert ended.end.shown == len(ended.rows) == 200
    assert "opensnoop: all processes of -p have ended\n" in ended.messages


def test_it_ends_with_the_process_of_p_but_not_with_children() -> None:
    with subprocess.Popen(["sleep", "600"]) as sleep:
        with Tool("-p", str(sleep.pid)) as tool, Tool(
            "-p", str(sleep.pid), "--children"
        ) as other:
            sleep.kill()  # it is a zombie now
            ended = tool.ended()
            assert other.process.poll() is None
            assert other.stop().status == 0
    assert f"opensnoop: process {sleep.pid} has ended\n" in ended.messages
