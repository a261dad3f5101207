# SPDX-License-Identifier: Apache-2.0
"""How many files may be open, and how much memory may be locked.

Rings, maps, programs and attachments are files; rings are locked memory, and
before Linux 5.11 maps and programs are, too. A host with many CPUs needs more
than the soft limits of most shells, which the hard ones allow. Where that is
too little, a sentence says so, whoever found out.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import resource
from typing import Optional

from opensnooplib.base.errors import OpensnoopError

# The files that a process may have, those that the host may, and what
# ring_map() of native/perf/perf_ring.h makes of the limit of locked memory.
ERRNOS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS)
MORE_LOCKED_MEMORY = "run with CAP_IPC_LOCK or a larger ulimit -l"

# As BCC and the dynamic linker tell of them.
_IN_WORDS = re.compile(
    f": ({'|'.join(os.strerror(number) for number in ERRNOS)})$", re.MULTILINE
)

_as_given = {
    kind: resource.getrlimit(kind)
    for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_MEMLOCK)
}


def raise_limits() -> None:
    """As far as this process may: with CAP_SYS_RESOURCE, beyond the hard."""
    for kind, (_, hard) in _as_given.items():
        resource.setrlimit(kind, (hard, hard))
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_MEMLOCK, unlimited)


def restore_limits() -> None:
    """For a program that isn't ours."""
    for kind, limit in _as_given.items():
        resource.setrlimit(kind, limit)


def ran_out(error: Optional[BaseException], printed: str = "") -> int:
    """Which of ERRNOS made it fail, or 0; `printed` is what BCC said."""
    while error is not None:
        number = getattr(error, "errno", None)
        if number in ERRNOS:
            return int(number)
        if isinstance(error, (ImportError, OSError)):  # of dlopen(3)
            printed = f"{printed}\n{error}"
        error = error.__context__
    found = _IN_WORDS.search(printed)
    texts = [os.strerror(number) for number in ERRNOS]
    return ERRNOS[texts.index(found.group(1))] if found else 0


def sentence(number: int) -> str:
    """For one of ERRNOS."""
    if number == errno.ENFILE:
        return (
            "too many files are open on this host: end processes that have "
            "them open, or raise the sysctl fs.file-max"
        )
    if number == errno.ENOBUFS:
        locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] >> 10
        return (
            "the perf rings need more locked memory than this user may have "
            f"(ulimit -l is {locked}, in KiB, beside what the sysctl "
            "kernel.perf_event_mlock_kb gives for each CPU): "
            f"{MORE_LOCKED_MEMORY}, or choose a smaller -b"
        )
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return (
        f"the limit of {limit} open files is too low for the rings, maps and "
        "programs: raise it, for example with ulimit -n "
        f"{max(1024, 2 * limit)}"
    )


def explained(error: Exception) -> Optional[OpensnoopError]:
    """What to say instead, if that is why."""
    number = ran_out(error)
    return OpensnoopError(sentence(number)) if number else None
