# SPDX-License-Identifier: Apache-2.0
"""The limits of open files, of memory, and of the stack: raised for the tool.

Rings, maps, programs and attachments are files; rings are locked memory, and
before Linux 5.11 maps and programs are, too. A host with many CPUs needs more
than the soft limits of most shells; the hard limits are usually enough. If
they aren't, ran_out.py says so, whatever has failed.
"""

from __future__ import annotations

import contextlib
import resource

# The first kernel on which programs and maps are not locked memory (commit
# bdb7b79b4ce8).
BPF_IS_NOT_LOCKED = (5, 11, 0)

_as_given = {
    kind: resource.getrlimit(kind)
    for kind in (
        resource.RLIMIT_NOFILE,
        resource.RLIMIT_MEMLOCK,
        resource.RLIMIT_STACK,
    )
}


def raise_limits() -> None:
    """Raise the limits as far as possible: the soft ones to the hard ones.

    With CAP_SYS_RESOURCE, locked memory and the stack are unlimited.
    """
    for kind, (_, hard) in _as_given.items():
        resource.setrlimit(kind, (hard, hard))
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    for kind in (resource.RLIMIT_MEMLOCK, resource.RLIMIT_STACK):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, unlimited)


def restore_limits() -> None:
    """Restore the limits for a program that isn't part of the tool."""
    for kind, limit in _as_given.items():
        resource.setrlimit(kind, limit)
