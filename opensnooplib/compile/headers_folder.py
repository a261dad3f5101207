# SPDX-License-Identifier: Apache-2.0
"""The directory of headers that is made for one compile.

It is in a mount namespace of the compile room's own, and vanishes with it,
however the room ends. Without the right to mount, it is in /tmp.
"""

from __future__ import annotations

import os

from opensnooplib.base import libc
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.compile.job import Job
from opensnooplib.source import kernel_headers, small_headers
from opensnooplib.source.kernel_headers import Headers

# Where it is mounted: a directory that every kernel has, and no compile needs.
_OWN = "/proc/driver"


def prepare(
    job: Job, chosen: Headers, text: str, all_fields: bool
) -> list[str]:
    """Make BCC use the headers that were chosen, for the C in `text`.

    `all_fields`: see small_headers.make_tree(). Returns compiler options.
    Raises OpensnoopError.
    """
    # The headers that are reported must be used.
    for name in ("BCC_KERNEL_SOURCE", "BCC_LINUX_VERSION_CODE"):
        os.environ.pop(name, None)
    options = list(kernel_headers.AS_FOR_THE_KERNEL)
    if chosen.are_installed:
        return options
    is_mounted = mount_own("opensnoop", _OWN, "tmpfs")
    folder = _OWN if is_mounted else job.folder
    try:
        if not is_mounted:
            os.mkdir(folder, mode=0o700)
        small_headers.make_tree(folder, text, all_fields)
    except OSError as error:
        raise OpensnoopError(
            f"cannot write headers for the compiler to {folder}: "
            f"{error.strerror}; free some space there"
        ) from None
    os.environ["BCC_KERNEL_SOURCE"] = folder
    return options


def mount_own(what: str, path: str, kind: str | None, flags: int = 0) -> bool:
    """Mount something in /proc that only this process sees, if it may."""
    try:
        libc.own_mounts("/proc")
        libc.mount(what, path, kind, flags)
    except OSError:
        return False
    return True


def remove(job: Job) -> None:
    """Remove the one in /tmp: done by the room, or if it crashed, after it."""
    if os.path.lexists(job.folder):
        import shutil  # takes 3 ms at launch

        shutil.rmtree(job.folder, ignore_errors=True)
