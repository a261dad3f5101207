# SPDX-License-Identifier: Apache-2.0
"""The headers that BCC compiles with.

These are those of the running kernel, if they are installed; else those that
the kernel itself contains (kheaders); else a small tree, made for the compile
(small_headers.py). BCC takes the directory from the environment variable
BCC_KERNEL_SOURCE.
"""

from __future__ import annotations

import os
import re
import stat
from enum import Enum
from typing import NamedTuple, Optional

from opensnooplib.kernel import this_kernel

# The directory of unpacked headers. Only root may write there, so that no
# other user can add a header.
CACHE = "/var/cache/opensnoop"

KHEADERS = "/sys/kernel/kheaders.tar.xz"

# The compiler options that the kernel's structs need since Linux 6.19: they
# have unnamed members of named types.
AS_FOR_THE_KERNEL = ("-fms-extensions", "-Wno-microsoft-anon-tag")


class Kind(Enum):
    INSTALLED = 1  # the running kernel's, which BCC finds by itself
    UNPACKED = 2  # from kheaders, below CACHE
    SMALL_TREE = 3  # made for the compile


class Headers(NamedTuple):
    """Which headers to compile with, and why."""

    kind: Kind
    reason: str
    folder: str = ""  # for BCC_KERNEL_SOURCE, if UNPACKED


def choose(modules: str = "/lib/modules") -> Headers:
    """The headers to compile with on this host. `modules` is for tests."""
    build = f"{modules}/{this_kernel.release()}/build"
    why_not = _why_not_installed(build)
    if not why_not:
        reason = f"the running kernel's own, in {build}"
        return Headers(Kind.INSTALLED, reason)
    if os.path.exists(KHEADERS):
        unpacked = _unpacked_kheaders()
        if unpacked:
            reason = f"the kernel's own, from {KHEADERS}"
            return Headers(Kind.UNPACKED, reason, unpacked)
        why_not += f", and {KHEADERS} can't be unpacked into {CACHE}"
    return Headers(
        Kind.SMALL_TREE, f"a small tree of the tool's own ({why_not})"
    )


def has_structs() -> bool:
    """Can the C use the kernel's own structs here?"""
    return this_kernel.has_btf() or choose().kind != Kind.SMALL_TREE


def _why_not_installed(build: str) -> str:
    release = this_kernel.release()
    if not os.path.isdir(build):
        return f"there are none in {build}"
    found = _release_of(build)
    if not found:
        return (
            f"those in {build} don't say which kernel they are for, and are "
            "not used"
        )
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


def _release_of(build: str) -> Optional[str]:
    """The release that the headers are for, written when they were built."""
    try:
        with open(
            f"{build}/include/generated/utsrelease.h", encoding="ascii"
        ) as file:
            found = re.search(r'UTS_RELEASE "([^"]+)"', file.read())
    except (OSError, UnicodeDecodeError):
        return None
    return found.group(1) if found else None


def _unpacked_kheaders() -> Optional[str]:
    """Unpack kheaders, once for each build of the kernel.

    Returns the directory; None if that fails, and the small tree is used.
    """
    build = re.sub(
        r"[^\w.-]+", "_", f"{this_kernel.release()}-{os.uname().version}"
    )
    target = f"{CACHE}/kheaders-{build}"
    if not _make_private(CACHE):
        return None
    if os.path.isdir(target):
        return target
    import shutil  # takes 8 ms at launch, and is seldom needed
    import subprocess

    partial = f"{target}.{os.getpid()}"
    try:
        os.mkdir(partial, mode=0o700)
        subprocess.run(
            ["/usr/bin/tar", "-xf", KHEADERS, "-C", partial],
            check=True,
            capture_output=True,
        )
        os.rename(partial, target)
    except (OSError, subprocess.CalledProcessError):
        shutil.rmtree(partial, ignore_errors=True)
        # Another launch may have unpacked them meanwhile.
        return target if os.path.isdir(target) else None
    return target


def _make_private(folder: str) -> bool:
    """Make a directory that only this user can write to. False if it fails."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            return False
        os.chmod(folder, 0o700)
    except OSError:
        return False
    return True


# A missing header in a directory, as the kernel's are; those of the C library
# often aren't.
_NOT_FOUND = re.compile(r"'((?:\w+/)+[\w-]+\.h)' file not found")


def hint(output: str, chosen: Headers) -> str:
    """Why the compiler lacks a header of the kernel, if it does; else "".

    `output` is what the compiler printed.
    """
    missing = _NOT_FOUND.search(output)
    if not missing or chosen.kind != Kind.SMALL_TREE:
        return ""
    release = this_kernel.release()
    return (
        f"<{missing[1]}>, if it is spelled correctly, is one of the kernel's "
        "headers, which are not installed here: install "
        f"linux-headers-{release}, or on Fedora kernel-devel-{release}"
    )
