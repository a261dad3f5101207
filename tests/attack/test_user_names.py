# SPDX-License-Identifier: Apache-2.0
"""The names of users, from a service that takes its time."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path
from typing import List, Tuple

import pytest

from tests.attack.conftest import ATTACKER, Start
from tests.kernel.conftest import _PROGRAMS
from tests.kernel.openers import OpenLoad
from tests.kernel.tool import Tool, Word

_OPENS = 20_000
_PAUSE_US = "80"  # some 10,000 opens a second

_MOUNT_AND_START = """
mount --bind nsswitch.conf /etc/nsswitch.conf
export LD_LIBRARY_PATH="$PWD"
exec "$@"
"""


def _with_slow_names(folder: Path, seconds: str) -> Tuple[Word, ...]:
    """What starts the tool where each name takes so long."""
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    command = ["cc", *flags, f"-DSECONDS={seconds}"]
    library = folder / "libnss_slow.so.2"
    source = _PROGRAMS / "slow_names.c"
    subprocess.run([*command, "-o", library, source], check=True)
    (folder / "nsswitch.conf").write_text("passwd: slow files\ngroup: files\n")
    start = f"cd {folder} && {_MOUNT_AND_START}"
    return ("unshare", "--mount", "sh", "-ec", start, "sh")


@pytest.mark.parametrize(
    "seconds, names",
    [
        ("0.5", [str(ATTACKER), "slow"]),
        # A helper is given two seconds.
        ("9.0", [str(ATTACKER)]),
    ],
    ids=["late", "never"],
)
def test_rows_dont_wait_for_a_name(
    attack: Start,
    open_load: Path,
    attacker_folder: Path,
    seconds: str,
    names: List[str],
) -> None:
    """The number is shown instead; and nobody's rows are lost."""
    slow = attack(
        *("open_load", "-u", "-w", "10000", "/etc/passwd"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert slow.stdin and slow.stdout
    assert slow.stdout.readline() == b"ready\n"
    load = ["-n", str(_OPENS), "-w", _PAUSE_US, "/etc/hosts"]
    with OpenLoad(open_load, *load) as victim:
        options = ["--format", "csv", "--columns", "user,path"]
        options += ["-p", f"{victim.pid},{slow.pid}"]
        under = _with_slow_names(attacker_folder, seconds)
        with Tool(*options, under=under) as tool:
            slow.stdin.write(b"\n")
            slow.stdin.flush()
            victim.run()
            ended = tool.stop()
    rows = list(csv.reader(ended.output.decode().splitlines()))[1:]
    shown = [user for user, path in rows if path == "/etc/passwd"]
    assert list(dict.fromkeys(shown)) == names
    assert len(rows) - len(shown) == _OPENS and ended.end.lost == 0
    assert rows[-1][0] in ("root", *names)
