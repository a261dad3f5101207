# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the attacks: programs that run as a user without privileges.

What the host needs for a trace is as in tests/kernel.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

from tests.kernel.conftest import (  # noqa: F401 - fixtures of these tests too
    _PROGRAMS,
    _lock_memory,
    _tracefs,
    cgroup,
    checkout_copy,
    mounts,
    open_load,
    slow_file,
)

# A user whom no other process on the host is likely to be.
ATTACKER = 54321

Start = Callable[..., "subprocess.Popen[bytes]"]


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    if os.geteuid() == 0:
        return
    for item in items:
        if Path(__file__).parent in Path(item.fspath).parents:
            item.add_marker(pytest.mark.skip(reason="tracing needs root"))


@pytest.fixture
def attacker_folder() -> Iterator[Path]:
    """An empty folder that belongs to the attacker."""
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, ATTACKER, ATTACKER)
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture
def attack(attacker_folder: Path) -> Iterator[Start]:
    """A function that starts a program of tests/programs as the attacker.

    attack("name", "argument", ..., stdin=...) compiles name.c and starts it
    in attacker_folder; it is killed when the test ends.
    """
    started: List[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str, **options: Any) -> Any:
        program = attacker_folder / name
        if not program.exists():
            source = str(_PROGRAMS / f"{name}.c")
            flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pthread"]
            command = ["cc", *flags, "-O2", "-o", str(program), source]
            subprocess.run(command, check=True)
        process = subprocess.Popen(
            [program, *arguments],
            cwd=attacker_folder,
            user=ATTACKER,
            group=ATTACKER,
            extra_groups=[],
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
