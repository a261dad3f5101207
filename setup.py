# SPDX-License-Identifier: Apache-2.0
"""Install the command `opensnoop`: Python, native library, C and man page.

The Makefile knows how the native library is built, so this calls make.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from setuptools import Distribution, find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.install import install

os.chdir(Path(__file__).resolve().parent)


def version() -> str:
    """The version, read but not imported: an import would leave byte code."""
    text = Path("opensnooplib/__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert found
    return found.group(1)


class BuildWithMake(build_py):
    """Copies the Python and the data after make has built the library."""

    def run(self) -> None:
        subprocess.run(["make", "--quiet"], check=True)
        super().run()


class InstallFiles(install):
    """Installs files in their directories, not as one .egg directory."""

    def initialize_options(self) -> None:
        super().initialize_options()
        self.old_and_unmanageable = True


class BinaryDistribution(Distribution):
    """Contains machine code, so a package is for one architecture."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    name="opensnoop",
    version=version(),
    description="Show every file that is opened on a Linux host, live",
    license="Apache-2.0",
    python_requires=">=3.9",
    py_modules=["opensnoop"],
    packages=[
        *find_packages(include=["opensnooplib", "opensnooplib.*"]),
        "opensnooplib.bpf_src",
        "opensnooplib.lessons",
    ],
    package_dir={
        "opensnooplib.bpf_src": "bpf_src",
        "opensnooplib.lessons": "docs/course",
    },
    package_data={
        "opensnooplib": [
            "cli/conflicts.txt",
            "cli/help.txt",
            "cli/short_help.txt",
            "compile/few_symbols.txt",
            "explain/compiler_errors.txt",
            "explain/noise.txt",
            "explain/verifier_errors.txt",
            "kernel/hooks.txt",
            "kernel/perf_events.txt",
            "kernel/struct_offsets.txt",
            "native/libopensnoop.so",
            "rows/columns.txt",
            "source/kernel_headers.txt",
            "source/known_maps.txt",
            "source/headers/*/*.h",
            "source/headers/*/*/*.h",
        ],
        "opensnooplib.bpf_src": ["*.[ch]", "*/*.h", "*/*/*.h"],
        "opensnooplib.lessons": ["*.md", "*/*", "*/*/*"],
    },
    data_files=[
        ("share/man/man8", ["docs/opensnoop.8"]),
        # bash-completion looks there for a file with the command's name.
        ("share/bash-completion/completions", ["docs/opensnoop.bash"]),
        ("share/doc/opensnoop", ["docs/opensnoop.service"]),
    ],
    entry_points={"console_scripts": ["opensnoop = opensnoop:main"]},
    zip_safe=False,
    cmdclass={"build_py": BuildWithMake, "install": InstallFiles},
    distclass=BinaryDistribution,
    # The library doesn't use Python's C API, so it works with any CPython 3
    # from 3.9 on.
    options={"bdist_wheel": {"py_limited_api": "cp39"}},
)
