# SPDX-License-Identifier: Apache-2.0
"""The headers that BCC compiles with.

These are those of the running kernel, if they are installed; else a small
tree, made for the compile (small_headers.py). BCC takes the directory from the
environment variable BCC_KERNEL_SOURCE.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from opensnooplib.kernel import btf, this_kernel

# The compiler options that the kernel's structs need since Linux 6.19: they
# have unnamed members of named types.
AS_FOR_THE_KERNEL = ("-fms-extensions", "-Wno-microsoft-anon-tag")


class Headers(NamedTuple):
    """Which headers to compile with, and why."""

    are_installed: bool  # BCC finds them by itself; else the small tree
    reason: str


def choose(modules: str = "/lib/modules") -> Headers:
    """The headers to compile with on this host. `modules` is for tests."""
    build = f"{modules}/{this_kernel.release()}/build"
    why_not = _why_not_installed(build)
    if not why_not:
        return Headers(True, f"the running kernel's own, in {build}")
    return Headers(False, f"a small tree of the tool's own ({why_not})")


def has_structs() -> bool:
    """Can the C use the kernel's own structs here?"""
    return btf.has_structs() or choose().are_installed


def _why_not_installed(build: str) -> str:
    release = this_kernel.release()
    if not os.path.isdir(build):
        return f"there are none in {build}"
    found = _release_of(build) or "an unknown kernel"
    if found != release:
        return (
            f"those in {build} are for {found}, not for {release}, and are "
            "not used"
        )
    # Debian keeps those that don't depend on the configuration in "source".
    folders = (build, os.path.join(os.path.dirname(build), "source"))
    for name in ("linux/kconfig.h", "generated/autoconf.h"):
        if not any(os.path.exists(f"{f}/include/{name}") for f in folders):
            return f"those in {build} have no {name}, and are not used"
    return ""


def _release_of(build: str) -> str:
    """The release that the headers are for, written when they were built."""
    path = f"{build}/include/generated/utsrelease.h"
    found = re.search(r'UTS_RELEASE "([^"]+)"', this_kernel.text_of(path))
    return found[1] if found else ""


# A missing header in a directory, as the kernel's are; those of the C library
# often aren't.
_NOT_FOUND = re.compile(r"'((?:\w+/)+[\w-]+\.h)' file not found")


def hint(output: str, chosen: Headers) -> str:
    """Why the compiler lacks a header of the kernel, if it does; else "".

    `output` is what the compiler printed.
    """
    missing = _NOT_FOUND.search(output)
    if not missing or chosen.are_installed:
        return ""
    release = this_kernel.release()
    return (
        f"<{missing[1]}>, if it is spelled correctly, is one of the kernel's "
        "headers, which are not installed here: install "
        f"linux-headers-{release}, or on Fedora kernel-devel-{release}"
    )
