# SPDX-License-Identifier: Apache-2.0
"""--cgroup, of both versions, and --mntns."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Iterator, List

import pytest

from tests.kernel import chosen
from tests.kernel.cast import Cast, check
from tests.kernel.cgroup_folders import (
    a_group,
    mount,
    mount_hierarchy,
    move_into,
)
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.live import Edits, await_reload
from tests.kernel.openers import Attempt, Opener, OpenLoad, Word, without_time
from tests.kernel.tool import Tool, run


@pytest.fixture(params=[2, 1])
def group(
    request: pytest.FixtureRequest, tmp_path: Path, mounts: List[Path]
) -> Iterator[Path]:
    """A cgroup, of version 2 and then of version 1."""
    folder = tmp_path / "hierarchy"
    mount_hierarchy(request.param, folder, mounts)
    with a_group(folder) as group:
        yield group


def _below(group: Path, *names: str) -> Path:
    for name in names:
        group = group / name
        group.mkdir()
    return group


@pytest.mark.parametrize(
    "plan, group", chosen.plans_with([2, 1]), indirect=["group"]
)
def test_a_cgroup_and_all_below(cast: Cast, group: Path, plan: str) -> None:
    skip_without_hooks_for(plan)
    wanted = _below(group, "wanted")
    move_into(wanted, cast.first.pid)
    move_into(_below(wanted, "a", "b", "c"), cast.second.pid)
    move_into(_below(group, "sibling"), cast.other_user.pid)
    pids = (cast.first.pid, cast.second.pid)
    options = ("--attach", plan, "--cgroup", str(wanted))
    check(cast, lambda row: row.pid in pids, *options)


def test_several_cgroups(cast: Cast, group: Path) -> None:
    first, second = _below(group, "first"), _below(group, "second")
    move_into(first, cast.first.pid)
    move_into(second, cast.second.pid)
    move_into(_below(group, "third"), cast.other_user.pid)
    pids = (cast.first.pid, cast.second.pid)
    options = ("--cgroup", str(first), "--cgroup", str(second))
    check(cast, lambda row: row.pid in pids, *options)


def test_a_cgroup_left_out(cast: Cast, group: Path) -> None:
    some = _below(group, "some")
    others = _below(some, "others")
    move_into(some, cast.first.pid)
    move_into(others, cast.second.pid)
    left_out = ("--cgroup", f"!{others}")
    pid = cast.first.pid
    check(cast, lambda row: row.pid == pid, "--cgroup", str(some), *left_out)


def test_all_but_a_cgroup(cast: Cast, group: Path) -> None:
    move_into(group, cast.first.pid)
    pid = cast.first.pid
    check(cast, lambda row: row.pid != pid, "--cgroup", f"!{group}")


def test_with_others(cast: Cast, group: Path) -> None:
    move_into(group, cast.first.pid)
    move_into(group, cast.other_user.pid)
    check(
        cast,
        lambda row: row.pid == cast.first.pid and row.ret < 0,
        *("--cgroup", str(group), "-u", "0", "-x"),
    )


_ATTEMPTS = [Attempt(b"/etc/passwd", os.O_RDONLY)] * 3


def test_cgroups_that_are_made_meanwhile(group: Path) -> None:
    with Opener(_ATTEMPTS) as inside, Opener(_ATTEMPTS) as outside:
        move_into(group, outside.pid)
        with Tool("--format", "json", "--cgroup", str(group)) as tool:
            move_into(group.parent, outside.pid)
            outside.run()
            move_into(_below(group, "new", "newer"), inside.pid)
            made = inside.run()
            ended = tool.stop()
    assert without_time(ended.rows) == made


def test_an_edit_of_the_c_keeps_the_selection(
    checkout_copy: Path, group: Path
) -> None:
    edits = Edits(checkout_copy)
    with Opener(_ATTEMPTS) as inside, Opener(_ATTEMPTS) as outside:
        move_into(group, inside.pid)
        options = ["--live", "--cgroup", str(group), "--path", "/etc/*"]
        with Tool(
            "--format", "json", *options, checkout=checkout_copy
        ) as tool:
            edits.write_record(1)
            await_reload(tool, "record.h")
            outside.run()
            made = inside.run()
            ended = tool.stop()
    assert without_time(ended.rows) == made


def test_by_the_path_that_proc_tells(cast: Cast, group: Path) -> None:
    wanted = _below(group, "by a name")
    move_into(wanted, cast.first.pid)
    lines = Path(f"/proc/{cast.first.pid}/cgroup").read_text().splitlines()
    (path,) = [line.split(":", 2)[2] for line in lines if "by a" in line]
    pid = cast.first.pid
    check(cast, lambda row: row.pid == pid, "--cgroup", path)


def test_what_is_no_cgroup(tmp_path: Path, group: Path) -> None:
    for word, named in (
        (str(tmp_path), "no such cgroup"),
        (str(group / "missing"), "no such cgroup"),
        ("opensnoop/missing", "no such cgroup"),
        (str(group / "cgroup.procs"), "no such cgroup"),
        ("", "needs a path"),
    ):
        ended = run("--cgroup", word)
        assert ended.status == 2
        assert ended.messages.count("\n") == 1
        assert f"--cgroup {word}".strip() in ended.messages
        assert named in ended.messages


def test_a_name_that_several_have(group: Path) -> None:
    """Also if one of them is at the top."""
    name = f"{group.name}-twice"
    top, below = group.parent / name, group / name
    top.mkdir()
    try:
        words = ("-d", "0.1", "--cgroup", name)
        assert run(*words).status == 0
        below.mkdir()
        ended = run(*words)
        assert ended.status == 2
        assert f"{name}: 2 cgroups have this name" in ended.messages
        assert run(*words[:-1], f"/{name}").status == 0
    finally:
        top.rmdir()


def test_a_hierarchy_without_controllers(
    tmp_path: Path, mounts: List[Path]
) -> None:
    """Its cgroups can't be told by the kernel's programs."""
    folder = tmp_path / "named"
    folder.mkdir()
    mount("cgroup", folder, mounts, "-o", "none,name=opensnoop-test")
    with a_group(folder) as group:
        ended = run("--cgroup", str(group))
    assert ended.status == 2
    assert "no such cgroup" in ended.messages
    assert "has a controller" in ended.messages


def test_mount_namespaces(open_load: Path) -> None:
    command: List[Word] = [
        "unshare",
        "-m",
        open_load,
        "-n",
        "20",
        "/etc/passwd",
    ]
    with ExitStack() as stack:
        loads = [stack.enter_context(OpenLoad(*command)) for _ in range(4)]
        wanted = [load.pid for load in loads[:2]]
        for pid in wanted:  # held: another can get the number of one that ends
            stack.enter_context(open(f"/proc/{pid}/ns/mnt", "rb"))
        options = ["--mntns", ",".join(map(str, wanted))]
        tool = stack.enter_context(Tool("--format", "json", *options))
        for load in loads:
            load.run()
        ended = tool.stop()
    assert sorted(row.pid for row in ended.rows) == sorted(wanted * 20)


def test_the_hosts_mount_namespace(cast: Cast, open_load: Path) -> None:
    pid = cast.first.pid
    check(
        cast, lambda row: row.pid == pid, "--mntns", str(pid), "-p", str(pid)
    )


@pytest.mark.parametrize("word", ["0", "x", "", "4194305", "1,", "-1"])
def test_no_such_process(word: str) -> None:
    ended = run(f"--mntns={word}")
    assert ended.status == 2
    assert ended.messages.count("\n") == 1
    assert "--mntns" in ended.messages
