# SPDX-License-Identifier: Apache-2.0
"""True opens that look as if seccomp(2) had refused them, with a signal."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Dict, List

import pytest

from tests.attack.conftest import Start
from tests.kernel.tool import Ended, Tool

_OPENS = 200


def _shown(ended: Ended, path: Path) -> List[Dict[str, Any]]:
    rows = map(json.loads, ended.lines)
    return [row for row in rows if row["path"] == str(path)]


@pytest.mark.one_kernel
@pytest.mark.parametrize("word", ["", "under-seccomp"])
def test_an_open_that_looks_refused(
    word: str, attack: Start, attacker_folder: Path
) -> None:
    """It is shown; under seccomp its result isn't known, and counted so."""
    path = attacker_folder / "file"
    path.touch()
    options = ["--attach", "syscall-exit", "--path", str(path)]
    with Tool(*options, "--format", "json") as tool:
        program = attack(
            *("sigsys_open", str(path), str(_OPENS)),
            *word.split(),
            stdout=subprocess.PIPE,
        )
        said, _ = program.communicate()
        ended = tool.stop()
    assert int(said) == _OPENS
    rows = _shown(ended, path)
    number = 257 if os.uname().machine == "x86_64" else 56  # of openat
    expected = (None, None) if word else (number, 0)
    assert [(row["fd"], row["err"]) for row in rows] == [expected] * _OPENS
    assert ended.end.unsure == (_OPENS if word else 0)
    assert ended.end.shown == len(ended.lines)
    assert (ended.end.lost, ended.end.missed) == (0, 0)


@pytest.mark.parametrize("options", [["-x"], ["--errno", "ENOENT"]])
def test_none_hides_from_a_selection_by_result(
    options: List[str], attack: Start, attacker_folder: Path
) -> None:
    """They may have failed."""
    path = attacker_folder / "file"
    path.touch()
    with Tool("--attach", "syscall-exit", "--format", "json", *options) as t:
        attack("sigsys_open", str(path), "9", "under-seccomp").wait()
        ended = t.stop()
    assert len(_shown(ended, path)) == 9 <= ended.end.unsure
