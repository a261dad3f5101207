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

# The compiler options that the kernel's C needs: since Linux 6.19 its structs
# have unnamed members of named types; and its min(), for example, calls an
# external function where the compiler optimizes, which BCC refuses
# (__compiletime_assert of include/linux/compiler_types.h).
#
# The last is against wrong offsets. BCC has clang lay out structs as the host
# does and then LLVM as BPF does. Before LLVM 18, these differ on x86-64: BPF
# aligns integers of more than 64 bits to 16 bytes. clang makes such an integer
# of bit fields in a row, which may be padding from libbpf.
AS_FOR_THE_KERNEL = (
    "-fms-extensions",
    "-Wno-microsoft-anon-tag",
    "-U__OPTIMIZE__",
    "-ffine-grained-bitfield-accesses",
)


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
# often aren't. And what a header of the kernel's may declare.
_NOT_FOUND = re.compile(r"'((?:\w+/)+[\w-]+\.h)' file not found")
_NOT_DECLARED = re.compile(
    r"error: .*(?:incomplete (?:definition of )?type|unknown type name"
    r"|undeclared identifier|function) '([\w ]+)'"
)


def hint(output: str, chosen: Headers, includes_others: bool) -> str:
    """Why the compiler lacks a header of the kernel, if it does; else "".

    `output` is what the compiler printed. `includes_others`: the C includes
    headers of the kernel that the small tree doesn't really have.
    """
    missing = _NOT_FOUND.search(output)
    unknown = _NOT_DECLARED.search(output) if includes_others else None
    if chosen.are_installed or not (missing or unknown):
        return ""
    what = "is one of the kernel's headers, which are"
    name = f"<{missing[1]}>" if missing else ""
    if unknown and not missing:
        name = unknown[1]
        what = "may be in the kernel's headers, but not in its BTF; they are"
    release = this_kernel.release()
    return (
        f"{name}, if it is spelled correctly, {what} not installed here: "
        f"install linux-headers-{release}, or on Fedora kernel-devel-{release}"
    )
