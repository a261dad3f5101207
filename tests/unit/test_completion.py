# SPDX-License-Identifier: Apache-2.0
"""What bash offers when Tab is pressed, asked of bash itself."""

from __future__ import annotations

import argparse
import os
import pwd
import re
import subprocess
from pathlib import Path
from typing import List

import pytest

from opensnooplib.cli import arguments, column_list, option_list
from opensnooplib.course import lessons
from opensnooplib.options import FORMATS
from opensnooplib.plan_list import PLANS
from opensnooplib.rows.headings import STYLES

ROOT = Path(__file__).resolve().parents[2]

# As bash calls it: the words, and which of them is being typed.
_SCRIPT = """
source docs/opensnoop.bash
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_opensnoop "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[[ ${#COMPREPLY[@]} == 0 ]] || printf '%s\\n' "${COMPREPLY[@]}"
complete -p opensnoop opensnoop.py >/dev/null
"""


def _offered(*words: str) -> List[str]:
    done = subprocess.run(
        ["bash", "--norc", "-uc", _SCRIPT, "bash", "./opensnoop.py", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0
    return done.stdout.splitlines()


def test_all_options() -> None:
    parser = option_list.build_parser()
    assert set(_offered("-")) == {
        option
        for option, action in parser._option_string_actions.items()
        if action.help != argparse.SUPPRESS
    }
    assert _offered("-T", "--for") == ["--format"]
    assert _offered("--no-such") == []


@pytest.mark.parametrize("option", ["--columns", "--by"])
def test_columns(option: str) -> None:
    names = re.findall(r"^  (\w+) ", column_list.help_text(), re.MULTILINE)
    assert _offered(option, "") == names
    assert _offered(option, "pid,pp") == ["pid,ppid"]
    assert _offered(option, "time,pid,er") == [
        "time,pid,err",
        "time,pid,errname",
    ]


@pytest.mark.parametrize(
    "option, words",
    [
        ("--attach", ["auto", *PLANS]),
        ("--format", list(FORMATS)),
        ("--time", list(STYLES)),
        ("--color", ["auto", "always", "never"]),
    ],
)
def test_values(option: str, words: List[str]) -> None:
    assert _offered(option, "") == words
    for word in words:
        arguments.parse([option, word])


def test_processes_and_users() -> None:
    assert str(os.getpid()) in _offered("-p", "")
    assert f"1,{os.getpid()}" in _offered("-p", f"1,{str(os.getpid())[:-1]}")
    assert str(os.getpid()) in _offered("-t", "")
    root = pwd.getpwuid(0).pw_name
    assert root in _offered("-u", root[:2])


@pytest.mark.parametrize("option", ["-f", "--errno"])
def test_flags_and_errors_are_understood(option: str) -> None:
    words = _offered(option, "")
    assert len(words) > 10
    for word in words:
        arguments.parse([option, word])
        assert _offered(option, f"x,{word}") == [f"x,{word}"]


def test_lessons() -> None:
    numbers = [str(one.number) for one in lessons.all_lessons()]
    assert numbers
    offered = _offered("--lesson", "")
    assert offered[: len(numbers)] == numbers
    assert "--progress" in offered
    assert _offered("--lesson", "1", "--hi") == ["--hint"]
    assert _offered("--lesson", "1", "--check", "setup") == ["setup.py"]
    assert _offered("--lesson", "--progress", "tests/ke") == ["tests/kernel"]


def test_files_and_commands() -> None:
    assert _offered("-o", "docs/opensnoop.8") == ["docs/opensnoop.8"]
    assert "date" in _offered("-x", "--exec", "dat")
    assert _offered("--exec", "cat", "Makef") == ["Makefile"]
    assert _offered("--exec", "cat", "--for") == []
    for option in ("-d", "--interval", "--path", "--container"):
        assert _offered(option, "") == []
