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


def _without_limits(folder: Path) -> str:
    """A library with which helpers get as much memory as ASan needs."""
    source, library = folder / "limits.c", folder / "limits.so"
    source.write_text("int setrlimit(void) { return 0; }\n")
    command = ["cc", "-shared", "-fPIC", "-o", str(library), str(source)]
    subprocess.run(command, check=True)
    return str(library)


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
            "LD_PRELOAD": f"{_runtime('libasan.so')} "
            f"{_without_limits(tmp_path)}",
            "ASAN_OPTIONS": "detect_leaks=0",
            "PYTHONMALLOC": "malloc",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert result.returncode == 0, result.stdout
