# SPDX-License-Identifier: Apache-2.0
"""The fuzzers build, find nothing in the corpus, nor in three seconds more.

OPENSNOOP_FUZZ_SECONDS=300 looks longer, as make test-all does.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import List

import pytest

HERE = Path(__file__).resolve().parent
SECONDS = os.environ.get("OPENSNOOP_FUZZ_SECONDS", "3")
TARGETS = ["row", "text", "merge", "ring_buffer", "recording"]


def _make(build: Path, goal: str) -> str:
    result = subprocess.run(
        [
            "make",
            "-C",
            str(HERE),
            f"BUILD={build}",
            f"SECONDS={SECONDS}",
            goal,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    # libFuzzer prints the input of a finding as base64.
    assert result.returncode == 0, result.stdout[-20_000:]
    return result.stdout


def _seeds(target: str) -> List[Path]:
    return list((HERE / "corpus" / target).iterdir())


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the fuzzers are built."""
    folder = tmp_path_factory.mktemp("fuzz")
    _make(folder, "all")
    return folder


@pytest.mark.parametrize("target", TARGETS)
def test_replay_of_the_corpus(build: Path, target: str) -> None:
    replayed = _make(build, f"replay-{target}")
    done = re.search(r"^Done (\d+) runs", replayed, re.MULTILINE)
    assert done and int(done.group(1)) >= len(_seeds(target)) >= 10


@pytest.mark.parametrize("target", TARGETS)
def test_short_run(build: Path, target: str) -> None:
    run = _make(build, f"run-{target}")
    done = re.search(r"number_of_executed_units: (\d+)", run)
    assert done and int(done.group(1)) > len(_seeds(target))
