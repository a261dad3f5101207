# SPDX-License-Identifier: Apache-2.0
"""The folder with headers that is made for one compile."""

from __future__ import annotations

import os
from typing import List

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.compile.job import Job
from opensnooplib.source import kernel_headers, small_headers
from opensnooplib.source.kernel_headers import Headers


def prepare(job: Job, chosen: Headers, text: str) -> List[str]:
    """Have BCC take the headers that were chosen, for the C in `text`.

    Returns compiler options. Raises OpensnoopError.
    """
    for name in ("BCC_KERNEL_SOURCE", "BCC_LINUX_VERSION_CODE"):
        os.environ.pop(name, None)  # what we say was taken must be taken
    if chosen.kind == kernel_headers.Kind.UNPACKED:
        os.environ["BCC_KERNEL_SOURCE"] = chosen.folder
    if chosen.kind != kernel_headers.Kind.SMALL_TREE:
        return []
    _make_small_tree(job.folder, text)
    os.environ["BCC_KERNEL_SOURCE"] = job.folder
    return small_headers.compiler_options(job.folder)


def _make_small_tree(folder: str, text: str) -> None:
    try:
        os.mkdir(folder, mode=0o700)
        small_headers.make_tree(folder, text)
    except OSError as error:
        raise OpensnoopError(
            f"cannot write headers for the compiler to {folder}: "
            f"{error.strerror}; make room there"
        ) from None


def remove(job: Job) -> None:
    """The room does it when it has compiled, the trace room if it crashed."""
    if os.path.lexists(job.folder):
        import shutil  # costs a launch 3 ms

        shutil.rmtree(job.folder, ignore_errors=True)
