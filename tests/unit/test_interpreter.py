# SPDX-License-Identifier: Apache-2.0
"""A Python without BCC gives way to the system's, once."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict

import pytest

from tests.unit.native import CHECKOUT

SYSTEM_PYTHON = "/usr/bin/python3"

# As opensnoop.py does: isolated, it adds the folders of packages itself.
PROGRAM = f"""\
import os, site, sys
if sys.flags.isolated and "WITHOUT_PACKAGES" not in os.environ:
    for folder in site.getsitepackages():
        site.addsitedir(folder)
sys.path.insert(0, {str(CHECKOUT)!r})
from opensnooplib.base.environment import INTERPRETER_CHANGED
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.cli import interpreter
try:
    interpreter.use_one_with_bcc(os.path.abspath(__file__))
    print("isolated", sys.flags.isolated, sys.argv[1:])
except OpensnoopError as error:
    print(error.sentence)
print("mark" if INTERPRETER_CHANGED in os.environb else "no mark")
"""

pytestmark = pytest.mark.skipif(
    sys.executable != SYSTEM_PYTHON or importlib.util.find_spec("bcc") is None,
    reason="BCC does not belong to /usr/bin/python3 here",
)


def _run(folder: Path, *flags: str, **environment: str) -> str:
    """Python without its site packages (-S) has no BCC."""
    program = folder / "program.py"
    program.write_text(PROGRAM)
    env: Dict[str, str] = {**os.environ, **environment}
    return subprocess.run(
        [SYSTEM_PYTHON, *flags, str(program), "-x", "two words"],
        check=True,
        capture_output=True,
        text=True,
        env=env,
        timeout=60,
    ).stdout


def test_one_with_bcc_stays(tmp_path: Path) -> None:
    assert _run(tmp_path, "-IS") == (
        "isolated 1 ['-x', 'two words']\nno mark\n"
    )


def test_one_without_gives_way(tmp_path: Path) -> None:
    assert _run(tmp_path, "-S") == _run(tmp_path, "-IS")


def test_where_none_has_bcc(tmp_path: Path) -> None:
    said = _run(tmp_path, "-S", WITHOUT_PACKAGES="1")
    assert said.startswith("BCC for Python is missing: install python3-bpfcc")


def test_it_gives_way_only_once(tmp_path: Path) -> None:
    said = _run(tmp_path, "-S", OPENSNOOP_INTERPRETER_CHANGED="1")
    assert said.startswith("BCC for Python is missing: install python3-bpfcc")
    assert said.endswith("\nno mark\n")
