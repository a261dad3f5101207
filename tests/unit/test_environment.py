# SPDX-License-Identifier: Apache-2.0
"""The environment that --exec hands on is the one that the tool was given."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.unit.native import CHECKOUT

PROGRAM = """\
import os
from opensnooplib.base import environment
print(sorted(environment.original()), sorted(os.environb))
"""


def _names(**variables: str) -> str:
    return subprocess.run(
        ["/usr/bin/python3", "-c", PROGRAM],
        check=True,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=variables,
    ).stdout


def test_what_python_adds_is_left_out() -> None:
    found = _names(PATH=os.defpath)
    assert found.startswith("[b'PATH'] ")
    assert "LC_CTYPE" in found, "Python adds it (PEP 538)"


def test_the_tools_own_mark_is_left_out() -> None:
    found = _names(A="=x=", OPENSNOOP_INTERPRETER_CHANGED="1")
    assert found.startswith("[b'A'] ")


def test_values_are_whole() -> None:
    program = (
        "from opensnooplib.base import environment as e; print(e.original())"
    )
    found = subprocess.run(
        ["/usr/bin/python3", "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(CHECKOUT),
        env={"A": "b=c", "E": ""},
    ).stdout
    assert found == "{b'A': b'b=c', b'E': b''}\n"
