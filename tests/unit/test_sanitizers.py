# SPDX-License-Identifier: Apache-2.0
"""The tests of the native code once more, under ASan and UBSan."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.native import CHECKOUT, LIBRARY_VARIABLE, build

NATIVE_TESTS = [
    f"tests/unit/test_{name}.py"
    for name in (
        *("text", "row", "row_kinds", "csv", "globs"),
        *("full_path", "host_mounts"),
    )
]


def _runtime(name: str) -> str:
    return subprocess.run(
        ["cc", f"-print-file-name={name}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


@pytest.mark.skipif(
    LIBRARY_VARIABLE in os.environ, reason="these are the tests once more"
)
def test_native_code_under_sanitizers(tmp_path: Path) -> None:
    library = build(
        tmp_path,
        "-g",
        "-O1",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    )
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x"]
        + ["-p", "no:cacheprovider", *NATIVE_TESTS],
        cwd=CHECKOUT,
        env={
            **os.environ,
            LIBRARY_VARIABLE: str(library),
            # Python itself is built without them; its leaks are its own.
            "LD_PRELOAD": _runtime("libasan.so"),
            "ASAN_OPTIONS": "detect_leaks=0",
            "PYTHONMALLOC": "malloc",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert result.returncode == 0, result.stdout
