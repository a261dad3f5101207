# SPDX-License-Identifier: Apache-2.0
"""The Debian suites whose kernels are tested, and their bootable images.

An image is built once and kept outside the checkout. It is built anew when
what it is made from changes: the package list or the scripts.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, NamedTuple

HERE = Path(__file__).resolve().parent
_DISUSED_SECONDS = 7 * 24 * 3600

# What an image is made from.
RECIPE = ("build_image.sh", "initrd_init.sh", "packages")

# Suites by the kernel that each had when it was chosen. If a suite has a newer
# kernel now, that one is used, under either name.
SUITES: Dict[str, str] = {
    "5.10": "bullseye",
    "6.1": "bookworm",
    "6.12": "trixie",
    "7.2": "sid",
}


class Image(NamedTuple):
    """A folder with what QEMU needs."""

    suite: str
    folder: Path
    release: str  # the kernel's name, as uname -r gives it


class ImageError(Exception):
    """An image can't be built or found; the text is for the person."""


def suite_of(name: str) -> str:
    """The suite of this name, or with a kernel of this version."""
    if name in SUITES.values():
        return name
    if name in SUITES:
        return SUITES[name]
    for suite in SUITES.values():
        folder = _folder(suite)
        if folder.is_dir() and _release(folder).startswith(f"{name}."):
            return suite
    known = ", ".join(f"{key} ({suite})" for key, suite in SUITES.items())
    raise ImageError(f"no image has kernel {name}; there are {known}")


def get(suite: str) -> Image:
    """The suite's image; builds it if it is missing, which needs root."""
    folder = _folder(suite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / f"{suite}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _build(suite, folder)
        os.utime(folder)  # for _remove_disused
    return Image(suite, folder, _release(folder))


def _cache() -> Path:
    """OPENSNOOP_VM_CACHE, or opensnoop-vm in the system's cache directory."""
    named = os.environ.get("OPENSNOOP_VM_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME", "/var/cache"), "opensnoop-vm")


def _folder(suite: str) -> Path:
    digest = hashlib.sha256(suite.encode())
    for name in RECIPE:
        digest.update((HERE / name).read_bytes())
    return _cache() / f"{suite}-{digest.hexdigest()[:12]}"


def _release(folder: Path) -> str:
    return (folder / "release").read_text().strip()


def _build(suite: str, folder: Path) -> None:
    """Build an image, which gets its name only when it is complete."""
    log_path = folder.parent / f"{suite}.log"
    print(f"building {suite}; its log: {log_path}", file=sys.stderr)
    unfinished = folder.parent / f"unfinished-{suite}"
    with open(log_path, "w") as log:
        done = subprocess.run(
            ["nice", HERE / "build_image.sh", suite, unfinished],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    if done.returncode != 0:
        tail = log_path.read_text(errors="replace").splitlines()[-10:]
        raise ImageError("\n".join([f"cannot build {suite}:", *tail]))
    unfinished.rename(folder)
    _remove_disused(suite)


def _remove_disused(suite: str) -> None:
    """Remove images that were not used for a while.

    Another checkout may use one of another recipe.
    """
    for folder in _cache().glob(f"{suite}-*"):
        if time.time() - folder.stat().st_mtime > _DISUSED_SECONDS:
            shutil.rmtree(folder)
