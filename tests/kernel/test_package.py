# SPDX-License-Identifier: Apache-2.0
"""The Debian package: `make deb`, installed, run, and removed again.

In a machine of `make test-all`, one for each suite, and not on a host.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import List

import pytest

from tests.kernel.tool import CHECKOUT


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def _installed(files: List[str]) -> List[str]:
    return [one for one in files if os.path.lexists(one)]


@pytest.mark.one_kernel(release=None)
@pytest.mark.skipif(
    os.uname().nodename != "opensnoop-vm" or not shutil.which("dh"),
    reason="installs a package: only in a machine of make test-all",
)
def test_package(tmp_path: Path) -> None:
    built = _run("sh", f"{CHECKOUT}/docs/packaging/build_deb.sh").split()[-1]
    _run("dpkg", "--install", built)
    files = _run("dpkg", "--listfiles", "opensnoop").split()
    ours = [one for one in files if "opensnoop" in one and Path(one).is_file()]
    assert "/usr/bin/opensnoop" in ours and len(ours) > 100
    command = ["/usr/bin/opensnoop", "--format", "json", "--exec"]
    path = tmp_path / "a file"
    path.touch()
    assert str(path) in _run(*command, "cat", str(path))
    _run("dpkg", "--purge", "opensnoop")
    assert _installed(ours) == []
    assert not os.path.exists("/usr/lib/opensnoop")
