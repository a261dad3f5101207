# SPDX-License-Identifier: Apache-2.0
"""Hosts that lack something: a working trace, or one clear sentence."""

from __future__ import annotations

import datetime
import json
import os
import platform
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest

from opensnooplib.host import hooks, kernel
from opensnooplib.options import PLANS
from tests.kernel import ways
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.tool import CHECKOUT, Ended, Tool, run

_CANNOT = 1


def _under(script: str, *start: str) -> Tuple[str, ...]:
    """A shell that prepares a mount namespace of its own, then the tool."""
    start = start or ("unshare", "--mount")
    return (*start, "sh", "-c", f'set -e; {script}; exec "$@"', "sh")


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
    _assert_it_works(under=_under("umount -l /sys/kernel/tracing || true"))


@pytest.mark.usefixtures("perf_events_for_others")
@pytest.mark.parametrize("plan", ["syscall-exit", "syscall"])
def test_tracefs_can_not_be_mounted(plan: str) -> None:
    under = _under(f'{_hide(*_TRACEFS)}; set -- {_NO_MOUNTING} "$@"')
    sentence = _sentence(run("--attach", plan, under=under))
    assert "tracefs" in sentence
    assert "mount -t tracefs" in sentence


@pytest.mark.one_kernel
@pytest.mark.usefixtures("perf_events_for_others")
def test_without_tracefs_a_function_serves() -> None:
    skip_without_hooks_for("fentry")
    under = _under(f'{_hide(*_TRACEFS)}; set -- {_NO_MOUNTING} "$@"')
    _assert_it_works(under=under)


@pytest.mark.usefixtures("perf_events_for_others")
@pytest.mark.parametrize("options", ["-L", "-p 1 --children"])
def test_without_tracefs_what_needs_it_says_so(options: str) -> None:
    """What is kept for a thread goes when a tracepoint tells that it ends."""
    under = _under(f'{_hide(*_TRACEFS)}; set -- {_NO_MOUNTING} "$@"')
    sentence = _sentence(run(*options.split(), under=under))
    assert "tracefs" in sentence
    assert "mount -t tracefs" in sentence


_SECCOMP = str(CHECKOUT / "tests" / "programs" / "under_seccomp.py")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="its numbers")
@pytest.mark.parametrize(
    "refused, call", [("openat2", "openat2"), ("32-bits", "32-bit programs")]
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
    assert f"opens by {call} are perhaps not seen" in ended.messages


@pytest.mark.parametrize("place", ["/proc", "/sys"])
def test_what_has_to_be_mounted(place: str) -> None:
    under = _under(f"umount -l {place}")
    for options in ("--exec true", "-p 1", "-u 0", "--ebpf"):
        sentence = _sentence(run(*options.split(), under=under))
        assert f"{place} is not mounted: as root, mount -t" in sentence
    found = _ask_doctor(under=under)
    missing = [one for one in found.values() if not one["ok"]]
    assert [one["found"] for one in missing] == [f"not mounted at {place}"]
    assert f"none {place}" in missing[0]["remedy"]


def test_headers_of_another_kernel_are_not_used() -> None:
    build = f"/lib/modules/{kernel.release()}/build"
    generated = f"{build}/include/generated"
    script = (
        f"mkdir -p /lib/modules; {_hide('/lib/modules')}; "
        f"mkdir -p {generated}; "
        """echo '#define UTS_RELEASE "4.9.0-other"' """
        f">{generated}/utsrelease.h"
    )
    ended = _assert_it_works("-v", under=_under(script))
    what = f"those in {build} are of 4.9.0-other"
    assert what in ended.messages
    assert "not used" in ended.messages
    found = _ask_doctor(under=_under(script))
    assert what in found["headers"]["found"]


@pytest.mark.one_kernel
def test_without_btf() -> None:
    _assert_it_works(under=_under(_hide("/sys/kernel/btf")))


@pytest.mark.one_kernel
def test_without_btf_what_needs_it_says_so() -> None:
    under = _under(_hide("/sys/kernel/btf"))
    sentence = _sentence(run("--attach", "fentry", under=under))
    assert "BTF" in sentence
    found = _ask_doctor(under=under)
    assert not found["btf"]["ok"]
    assert not found["hook fentry"]["ok"]
    assert found["plan fentry"]["found"] in sentence


_PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")


@pytest.fixture
def perf_events_for_others() -> Iterator[None]:
    """Debian's kernels open perf events for CAP_SYS_ADMIN alone, at first."""
    before = _PARANOID.read_text()
    _PARANOID.write_text("2")
    yield
    _PARANOID.write_text(before)


def _as_nobody(*capabilities: int) -> str:
    """By number: an older setpriv doesn't know the names of newer ones."""
    added = ",".join(["-all", *(f"+cap_{each}" for each in capabilities)])
    return (
        "setpriv --reuid=65534 --regid=65534 --clear-groups "
        f"--inh-caps={added} --ambient-caps={added}"
    )


_BPF_PERFMON_AND_READ = _as_nobody(39, 38, 2)
_MOUNT_TRACEFS = (
    "mountpoint -q /sys/kernel/tracing || "
    "mount -t tracefs none /sys/kernel/tracing; "
    "mountpoint -q /sys/kernel/debug || "
    "mount -t debugfs none /sys/kernel/debug"
)


@pytest.mark.every_kernel
@pytest.mark.usefixtures("perf_events_for_others")
def test_capabilities_instead_of_root(readable_checkout: Path) -> None:
    under = _under(f'{_MOUNT_TRACEFS}; set -- {_BPF_PERFMON_AND_READ} "$@"')
    _assert_it_works(under=under, checkout=readable_checkout)


@pytest.mark.every_kernel
def test_capabilities_where_perf_events_need_more(
    readable_checkout: Path,
) -> None:
    if kernel.perf_event_paranoid() <= 2:
        pytest.skip("not a kernel of Debian's")
    under = _under(f'{_MOUNT_TRACEFS}; set -- {_BPF_PERFMON_AND_READ} "$@"')
    sentence = _sentence(run(checkout=readable_checkout, under=under))
    assert "kernel.perf_event_paranoid=2" in sentence


@pytest.mark.parametrize("capabilities", [(), (2,)], ids=["none", "one"])
def test_an_unprivileged_user(
    readable_checkout: Path, capabilities: Tuple[int, ...]
) -> None:
    under = _under(f'set -- {_as_nobody(*capabilities)} "$@"')
    sentence = _sentence(run(checkout=readable_checkout, under=under))
    assert "CAP_BPF" in sentence
    found = _ask_doctor(checkout=readable_checkout, under=under)
    assert not found["capabilities"]["ok"]
    for plan in PLANS:
        assert not found[f"plan {plan}"]["ok"]
        assert "CAP_BPF" in found[f"plan {plan}"]["remedy"]


def test_container() -> None:
    """Own PID and mount namespaces, and a /sys that can't be written."""
    start = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    script = "mount -t proc proc /proc; mount -o remount,bind,ro /sys"
    path = f"/tmp/odd-host-{os.getpid()}"
    command = ["--exec", "cat", path]
    ended = run(
        "-q", "--format", "json", *command, under=_under(script, *start)
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
        under=_under(_renamed(hooks.open_function_names()))
    )
    assert f"plan fentry: not here: {_NONE_OF}" in ended.messages


@pytest.mark.one_kernel
def test_renamed_functions_are_the_reason_of_a_plan_that_is_forced() -> None:
    skip_without_hooks_for("fentry")
    under = _under(_renamed(hooks.open_function_names()))
    sentence = _sentence(run("--attach", "fentry", under=under))
    assert _NONE_OF in sentence


def test_a_locked_down_kernel() -> None:
    if kernel.lockdown() != "confidentiality":
        pytest.skip("needs a boot with lockdown=confidentiality")
    sentence = _sentence(run())
    assert "locked down" in sentence
    assert "lockdown=confidentiality" in sentence
    found = _ask_doctor()
    assert not found["lockdown"]["ok"]
    for plan in PLANS:
        assert not found[f"plan {plan}"]["ok"]
        assert found[f"plan {plan}"]["remedy"] == found["lockdown"]["remedy"]
