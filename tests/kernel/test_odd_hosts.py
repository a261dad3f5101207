# SPDX-License-Identifier: Apache-2.0
"""Hosts that lack something: a working trace, or one clear sentence."""

from __future__ import annotations

import datetime
import json
import os
import platform
import signal
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from opensnooplib.kernel import function_names, limits, lockdown, this_kernel
from opensnooplib.plan_list import PLANS
from tests.kernel import ways
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import OpenLoad
from tests.kernel.starts import (
    BPF_PERFMON_AND_READ,
    MOUNT_TRACEFS,
    Locked,
    as_nobody,
    prepared,
)
from tests.kernel.tool import CHECKOUT, Ended, Tool, run

_CANNOT = 1


def _hide(*folders: str) -> str:
    return "; ".join(f"mount -t tmpfs none {folder}" for folder in folders)


def _assert_it_works(
    *options: str, under: Tuple[str, ...], checkout: Path = CHECKOUT
) -> Ended:
    """An open is made while it traces, and comes out."""
    path = f"/no/such/file-{os.urandom(8).hex()}"
    words = ("--format", "json", *options)
    with Tool(*words, under=under, checkout=checkout) as tool:
        with pytest.raises(FileNotFoundError):
            open(path)
        ended = tool.stop()
    assert ended.status == 0
    paths = [row.path for row in ended.rows]
    assert paths.count(path.encode()) == 1, (ended.messages, paths)
    return ended


def _sentence(ended: Ended) -> str:
    assert ended.status == _CANNOT
    assert "Traceback" not in ended.messages
    assert "internal error" not in ended.messages
    (line,) = ended.messages.splitlines()
    return line


def _ask_doctor(
    *, under: Tuple[str, ...] = (), checkout: Path = CHECKOUT
) -> Dict[str, Dict[str, Any]]:
    """What it found, by subject."""
    words = ("--doctor", "--format", "json")
    ended = run(*words, under=under, checkout=checkout)
    assert ended.messages == ""
    findings = json.loads(ended.output)
    works = any("plan" in one["subject"] and one["ok"] for one in findings)
    assert ended.status == (0 if works else _CANNOT)
    return {finding["subject"]: finding for finding in findings}


_TRACEFS = ("/sys/kernel/tracing", "/sys/kernel/debug")
# With CAP_BPF and CAP_PERFMON still, but nothing can be mounted.
_NO_MOUNTING = "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin"


@pytest.mark.one_kernel
def test_tracefs_is_mounted_where_it_was_not() -> None:
    _assert_it_works(under=prepared("umount -l /sys/kernel/tracing || true"))


@pytest.mark.usefixtures("perf_events_for_others")
@pytest.mark.parametrize("plan", ["syscall-exit", "syscall"])
def test_tracefs_can_not_be_mounted(plan: str) -> None:
    under = prepared(f'{_hide(*_TRACEFS)}; set -- {_NO_MOUNTING} "$@"')
    sentence = _sentence(run("--attach", plan, under=under))
    assert "tracefs" in sentence
    assert "mount -t tracefs" in sentence


@pytest.mark.usefixtures("perf_events_for_others")
@pytest.mark.parametrize("options", ["-L", "-p 1 --children"])
def test_without_tracefs_what_needs_it_says_so(options: str) -> None:
    """What is kept for a thread goes when a tracepoint tells that it ends."""
    under = prepared(f'{_hide(*_TRACEFS)}; set -- {_NO_MOUNTING} "$@"')
    sentence = _sentence(run(*options.split(), under=under))
    assert "tracefs" in sentence
    assert "mount -t tracefs" in sentence


_SECCOMP = str(CHECKOUT / "tests" / "programs" / "under_seccomp.py")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="its numbers")
@pytest.mark.parametrize(
    "refused, call",
    [("openat2", "openat2"), ("32-bits", "32-bit system calls")],
)
def test_what_the_tool_may_not_try(
    tmp_path: Path, refused: str, call: str
) -> None:
    """It says so, and goes on, whether the call fails or kills."""
    ways.build(tmp_path)
    if refused == "32-bits" and not ways.runs_32_bits(tmp_path):
        pytest.skip("nobody makes such calls here")
    ended = _assert_it_works("--all", under=(_SECCOMP, refused))
    (watching,) = [
        line
        for line in ended.messages.splitlines()
        if line.startswith("opensnoop: watching ")
    ]
    assert f", {call}" not in watching.partition(";")[0]
    assert f"opens by {call} may not be seen" in ended.messages


@pytest.mark.parametrize("path", ["/proc", "/sys"])
def test_what_has_to_be_mounted(path: str) -> None:
    under = prepared(f"umount -l {path}")
    for options in ("--exec true", "-p 1", "-u 0", "--ebpf", "--doctor"):
        sentence = _sentence(run(*options.split(), under=under))
        assert f"{path} is not mounted: as root, mount -t" in sentence


def test_headers_of_another_kernel_are_not_used() -> None:
    build = f"/lib/modules/{this_kernel.release()}/build"
    generated = f"{build}/include/generated"
    script = (
        f"mkdir -p /lib/modules; {_hide('/lib/modules')}; "
        f"mkdir -p {generated}; "
        """echo '#define UTS_RELEASE "4.9.0-other"' """
        f">{generated}/utsrelease.h"
    )
    ended = _assert_it_works("-v", under=prepared(script))
    what = f"those in {build} are for 4.9.0-other"
    assert what in ended.messages
    assert "not used" in ended.messages
    found = _ask_doctor(under=prepared(script))
    assert what in found["headers"]["found"]


@pytest.mark.one_kernel
def test_without_btf() -> None:
    _assert_it_works(under=prepared(_hide("/sys/kernel/btf")))


@pytest.mark.one_kernel
def test_without_btf_what_needs_it_says_so() -> None:
    under = prepared(_hide("/sys/kernel/btf"))
    sentence = _sentence(run("--attach", "fentry", under=under))
    assert "BTF" in sentence
    found = _ask_doctor(under=under)
    assert not found["btf"]["ok"]
    assert not found["hook fentry"]["ok"]
    assert found["plan fentry"]["found"] in sentence


@pytest.mark.every_kernel
@pytest.mark.usefixtures("perf_events_for_others")
def test_capabilities_instead_of_root(readable_checkout: Path) -> None:
    under = prepared(f'{MOUNT_TRACEFS}; set -- {BPF_PERFMON_AND_READ} "$@"')
    _assert_it_works(under=under, checkout=readable_checkout)


@pytest.mark.every_kernel
@pytest.mark.skipif(
    this_kernel.version() >= limits.BPF_IS_NOT_LOCKED,
    reason="programs and maps are no locked memory here",
)
@pytest.mark.usefixtures("perf_events_for_others")
def test_programs_are_locked_memory(readable_checkout: Path) -> None:
    under = prepared(
        f"{MOUNT_TRACEFS}; ulimit -l 8192; "
        f'set -- {BPF_PERFMON_AND_READ} "$@"'
    )
    ended = run("-b", "8", under=under, checkout=readable_checkout)
    assert "8192 KiB (ulimit -l)" in _sentence(ended)


# With the page of control data that each ring has.
@pytest.mark.parametrize("size", [512, 64], ids="{} KiB".format)
def test_rings_no_larger_than_may_be_locked(
    locked: Locked, readable_checkout: Path, open_load: Path, size: int
) -> None:
    """Each open that finds no room in them is counted."""
    opens = 100_000
    under = locked(size + 4)
    with OpenLoad(open_load, "-n", str(opens), "/etc/passwd") as load:
        words = ("--format", "json", "-p", str(load.pid))
        with Tool(*words, under=under, checkout=readable_checkout) as tool:
            tool.hold_back()
            load.run()
            tool.send(signal.SIGCONT)
            ended = tool.stop()
    assert f"perf rings of {size} KiB instead of 4096 KiB" in ended.messages
    assert "CAP_IPC_LOCK" in ended.messages
    assert ended.status == 0
    assert ended.end.lost > 0
    assert ended.end.happened == opens
    assert len(ended.rows) == ended.end.shown
    quiet = run(
        *("-q", "--exec", "true"), under=under, checkout=readable_checkout
    )
    assert "perf rings" not in quiet.messages


def test_what_names_callers_finds_room(
    locked: Locked, readable_checkout: Path
) -> None:
    """In rings of its own, which this user may lock as well."""
    under = locked(516)
    words = ("--exec", "cat", "/dev/null")
    ended = run("-c", *words, under=under, checkout=readable_checkout)
    assert "perf rings of 256 KiB" in ended.messages
    assert b"/dev/null\n\t" in ended.output


def test_rings_that_are_asked_for_and_may_not_be_locked(
    locked: Locked, readable_checkout: Path
) -> None:
    words = ("--exec", "true")
    under = locked(516)
    ended = run("-b", "256", *words, under=under, checkout=readable_checkout)
    sentence = _sentence(ended)
    assert "locked memory" in sentence
    assert "choose a smaller -b" in sentence
    ended = run("-b", "128", *words, under=under, checkout=readable_checkout)
    assert ended.status == 0
    assert "perf rings" not in ended.messages


def test_no_ring_may_be_locked(
    locked: Locked, readable_checkout: Path
) -> None:
    under = locked(4)
    sentence = _sentence(run(under=under, checkout=readable_checkout))
    for what in ("ulimit -l", "perf_event_mlock_kb", "CAP_IPC_LOCK", "-b"):
        assert what in sentence
    found = _ask_doctor(under=under, checkout=readable_checkout)
    for subject in ("hook perf event", *(f"plan {plan}" for plan in PLANS)):
        assert found[subject]["found"] == sentence.partition(": ")[2]
        assert "CAP_IPC_LOCK" in found[subject]["remedy"]


def test_each_plan_is_tried_with_all_that_may_be_locked(
    locked: Locked, readable_checkout: Path
) -> None:
    """What was tried before it holds no memory."""
    found = _ask_doctor(under=locked(68), checkout=readable_checkout)
    for plan in PLANS:
        assert "locked" not in found[f"plan {plan}"]["found"]
    assert found["plan syscall"]["ok"]


@pytest.mark.every_kernel
def test_capabilities_where_perf_events_need_more(
    readable_checkout: Path,
) -> None:
    if this_kernel.perf_event_paranoid() <= 2:
        pytest.skip("not a kernel of Debian's")
    under = prepared(f'{MOUNT_TRACEFS}; set -- {BPF_PERFMON_AND_READ} "$@"')
    sentence = _sentence(run(checkout=readable_checkout, under=under))
    assert "kernel.perf_event_paranoid=2" in sentence


@pytest.mark.parametrize("capabilities", [(), (2,)], ids=["none", "one"])
def test_an_unprivileged_user(
    readable_checkout: Path, capabilities: Tuple[int, ...]
) -> None:
    under = prepared(f'set -- {as_nobody(*capabilities)} "$@"')
    sentence = _sentence(run(checkout=readable_checkout, under=under))
    assert "CAP_BPF" in sentence
    found = _ask_doctor(checkout=readable_checkout, under=under)
    assert not found["capabilities"]["ok"]
    for plan in PLANS:
        assert not found[f"plan {plan}"]["ok"]
        assert "CAP_BPF" in found[f"plan {plan}"]["remedy"]


def _limited(limit: str) -> Tuple[str, ...]:
    return prepared(f'ulimit {limit}; set -- {_NO_RAISING} "$@"')


_NO_RAISING = "setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource"


def test_too_little_memory() -> None:
    sentence = _sentence(run("-d", "0.1", under=_limited("-v 200000")))
    assert "the compiler ran out of memory: " in sentence


def test_a_small_stack() -> None:
    """The limit is raised, as far as it may be."""
    _assert_it_works(under=_limited("-S -s 64"))
    sentence = _sentence(run("-d", "0.1", under=_limited("-s 64")))
    assert "raise it, with ulimit -s 1024" in sentence


def test_container() -> None:
    """Own PID and mount namespaces, and a /sys that can't be written."""
    start = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    script = "mount -t proc proc /proc; mount -o remount,bind,ro /sys"
    path = f"/tmp/odd-host-{os.getpid()}"
    command = ["--exec", "cat", path]
    ended = run(
        "-q", "--format", "json", *command, under=prepared(script, *start)
    )
    assert [row.path for row in ended.rows].count(path.encode()) == 1


_GONE = "import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')"
_TOO_DEEP = """
import os
for _ in range(25):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
"""


@pytest.mark.parametrize("go", [_GONE, _TOO_DEEP], ids=["gone", "too deep"])
def test_a_working_directory_that_has_no_name(tmp_path: Path, go: str) -> None:
    start = f"import os, sys; os.chdir(sys.argv[1])\n{go}"
    start += "\nos.execvp(sys.argv[2], sys.argv[2:])"
    under = ("/usr/bin/python3", "-c", start, str(tmp_path))
    _assert_it_works(under=under)
    (tmp_path / "again").mkdir()
    _assert_it_works("--live", under=(*under[:-1], f"{tmp_path}/again"))


@pytest.mark.parametrize("offset", ["-1", "500"])
def test_a_time_namespace(offset: str) -> None:
    """Its clock differs from the one that records have."""
    if not os.path.exists("/proc/self/ns/time"):
        pytest.skip("this kernel has no time namespaces")
    under = ("unshare", "--time", "--monotonic", offset, "--fork")
    path = f"/tmp/odd-host-{os.getpid()}"
    command = ["--exec", "cat", path]
    before = time.time()
    ended = run("-q", "--format", "json", *command, under=under)
    (row,) = [
        row for row in map(json.loads, ended.lines) if row["path"] == path
    ]
    date, _, rest = row["time"].partition(".")
    at = datetime.datetime.fromisoformat(date + rest[9:]).timestamp()
    assert int(before) <= at <= time.time()


_NONE_OF = "this kernel has none of the functions that the plan hooks"


def _renamed(names: List[str]) -> str:
    """A shell command: /proc/kallsyms without these names."""
    edits = " ".join(f"-e 's/ {name}$/ {name}_renamed/'" for name in names)
    copy = '"$(mktemp)"'
    return (
        f"copy={copy}; sed {edits} /proc/kallsyms >$copy; "
        "mount --bind $copy /proc/kallsyms; rm $copy"
    )


@pytest.mark.one_kernel
def test_a_kernel_that_renamed_its_functions() -> None:
    skip_without_hooks_for("fentry")
    ended = _assert_it_works(
        under=prepared(_renamed(function_names.every(function_names.SYSCALLS)))
    )
    assert f"plan fentry does not work here: {_NONE_OF}" in ended.messages


@pytest.mark.one_kernel
def test_renamed_functions_are_the_reason_of_a_plan_that_is_forced() -> None:
    skip_without_hooks_for("fentry")
    under = prepared(_renamed(function_names.every(function_names.SYSCALLS)))
    sentence = _sentence(run("--attach", "fentry", under=under))
    assert _NONE_OF in sentence


def test_a_locked_down_kernel() -> None:
    if lockdown.mode() != "confidentiality":
        pytest.skip("needs a boot with lockdown=confidentiality")
    sentence = _sentence(run())
    assert "locked down" in sentence
    assert "lockdown=confidentiality" in sentence
    found = _ask_doctor()
    assert not found["lockdown"]["ok"]
    for plan in PLANS:
        assert not found[f"plan {plan}"]["ok"]
        assert found[f"plan {plan}"]["remedy"] == found["lockdown"]["remedy"]
