# SPDX-License-Identifier: Apache-2.0
"""The Makefile: what it hands on as it was given."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

_COMMAND = r"""echo $0 $((1+2)) "a b" $(date) $$ ${HOME:-\$} 'it''s' # \1"""
_SHOW = 'show:; @printf %s "$$VM_COMMAND"'


@pytest.mark.parametrize("is_exported", [False, True])
def test_the_command_for_a_machine(is_exported: bool) -> None:
    """make vm CMD=...: its $ are for the shell in the machine."""
    environment = {**os.environ, **({"CMD": _COMMAND} if is_exported else {})}
    words = [] if is_exported else [f"CMD={_COMMAND}"]
    done = subprocess.run(
        ["make", "-s", f"--eval={_SHOW}", "show", *words],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout == _COMMAND


@pytest.mark.parametrize("folder", ["docs", "opensnooplib", "bpf_src"])
def test_scripts_that_are_installed_can_be_run(folder: str) -> None:
    """lintian, and with it make deb, takes no others."""
    files = [one for one in (CHECKOUT / folder).rglob("*") if one.is_file()]
    scripts = [one for one in files if one.read_bytes()[:2] == b"#!"]
    assert [one for one in scripts if not os.access(one, os.X_OK)] == []
