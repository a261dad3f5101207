# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all tests on the running kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

from opensnooplib.kernel import limits, this_kernel, tracefs
from tests.kernel.cast import Cast, a_cast
from tests.kernel.cgroup_folders import a_group, mount_hierarchy
from tests.kernel.starts import (
    BPF_PERFMON_AND_READ,
    MOUNT_TRACEFS,
    Locked,
    prepared,
)
from tests.kernel.tool import CHECKOUT, copy_checkout

_HERE = Path(__file__).parent
_PROGRAMS = CHECKOUT / "tests" / "programs"
_C_FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-pthread"]


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    if os.geteuid() == 0:
        return
    for item in items:
        if _HERE in Path(item.fspath).parents:
            item.add_marker(pytest.mark.skip(reason="tracing needs root"))


def build(name: str, folder: Path, *flags: str) -> Path:
    program = folder / name
    source = _PROGRAMS / f"{name}.c"
    command = ["cc", *_C_FLAGS, *flags, "-o", str(program), str(source)]
    subprocess.run(command, check=True)
    return program


@pytest.fixture(scope="session")
def open_load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that opens a file a known number of times."""
    return build("open_load", tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def every_open(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that opens files in every way."""
    return build("every_open", tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def fork_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that makes processes which open files."""
    return build("fork_tree", tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def swap_names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that opens files by names that change during the open."""
    return build("swap_names", tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def call_chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of functions that call each other."""
    folder = tmp_path_factory.mktemp("programs")
    return build("call_chain", folder, "-O0")


@pytest.fixture(scope="session")
def slow_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program whose file can't be read."""
    return build("slow_file", tmp_path_factory.mktemp("programs"))


@pytest.fixture
def cast(tmp_path: Path) -> Iterator[Cast]:
    """The processes that open files in tests of selection."""
    with a_cast(tmp_path) as everyone:
        yield everyone


@pytest.fixture
def checkout_copy(tmp_path: Path) -> Path:
    """A copy of the tool that a test may edit or break."""
    return copy_checkout(tmp_path / "checkout")


@pytest.fixture
def readable_checkout() -> Iterator[Path]:
    """A copy of the tool that every user may read."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield copy_checkout(Path(folder) / "checkout")


@pytest.fixture
def mounts() -> Iterator[List[Path]]:
    """Mount points that a test adds to; they are unmounted at its end."""
    mounted: List[Path] = []
    yield mounted
    for path in reversed(mounted):
        subprocess.run(["umount", path], check=True)


@pytest.fixture
def cgroup(tmp_path: Path, mounts: List[Path]) -> Iterator[Path]:
    """A cgroup of version 2 for this test, empty at first."""
    mount_hierarchy(2, tmp_path / "cgroup2", mounts)
    with a_group(tmp_path / "cgroup2") as group:
        yield group


def pytest_configure(config: pytest.Config) -> None:
    """Undo ignored signals, which all that the tests start would inherit.

    A shell starts background jobs with SIGINT ignored, nohup(1) with SIGHUP.
    The processes of pytest-xdist inherit what this does in the first one: they
    sometimes run tests outside their main thread, where Python can't do it.
    """
    if hasattr(config, "workerinput"):
        return
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _lock_memory() -> None:
    """Allow locked memory: before Linux 5.11, programs and maps are."""
    limits.raise_limits()


_PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")


@pytest.fixture
def perf_events_for_others() -> Iterator[None]:
    """Allow perf events to others: Debian's default is CAP_SYS_ADMIN only."""
    before = _PARANOID.read_text()
    _PARANOID.write_text("2")
    yield
    _PARANOID.write_text(before)


_MLOCK_KIB = Path("/proc/sys/kernel/perf_event_mlock_kb")


@pytest.fixture
def locked(perf_events_for_others: None) -> Iterator[Locked]:
    """A function that limits locked memory, in KiB: for each ring, and more.

    It returns the command to start the tool under.
    """
    before = _MLOCK_KIB.read_text()

    def allow(for_each_cpu: int, besides: int = 0) -> Tuple[str, ...]:
        if this_kernel.version() < limits.BPF_IS_NOT_LOCKED:
            pytest.skip("programs and maps are locked memory here, too")
        _MLOCK_KIB.write_text(str(for_each_cpu))
        return prepared(
            f"{MOUNT_TRACEFS}; ulimit -l {besides}; "
            f'set -- {BPF_PERFMON_AND_READ} "$@"'
        )

    yield allow
    _MLOCK_KIB.write_text(before)


@pytest.fixture(scope="session", autouse=True)
def _tracefs() -> Iterator[None]:
    """Mount tracefs as systemd does: tests read it, some without mount(2).

    The tool mounts it for itself where it is missing: see test_odd_hosts.py.
    """
    if os.geteuid() != 0 or tracefs.is_mounted(tracefs.TRACEFS):
        yield
        return
    mount = ["mount", "-t", "tracefs", "tracefs", tracefs.TRACEFS]
    subprocess.run(mount, check=True)
    yield
    subprocess.run(["umount", "-l", tracefs.TRACEFS], check=True)
