# SPDX-License-Identifier: Apache-2.0
"""How many files may be open: rings, maps, programs and attachments count.

A host with many CPUs needs more than the soft limit of most shells, which the
hard one allows. Where that is too few, a sentence says so, whoever found out.
"""

from __future__ import annotations

import errno
import os
import re
import resource
from typing import Optional

from opensnooplib.base.errors import OpensnoopError

# What a process may have, and what the host may.
ERRNOS = (errno.EMFILE, errno.ENFILE)

# As BCC and the dynamic linker tell of them.
_IN_WORDS = re.compile(
    f": ({'|'.join(os.strerror(number) for number in ERRNOS)})$", re.MULTILINE
)

_as_given = resource.getrlimit(resource.RLIMIT_NOFILE)


def raise_limit() -> None:
    """As far as anyone may."""
    hard = _as_given[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def restore_limit() -> None:
    """For a program that isn't ours."""
    resource.setrlimit(resource.RLIMIT_NOFILE, _as_given)


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
            "too many files are open on this host: end what has them open, "
            "or raise the sysctl fs.file-max"
        )
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return (
        f"{limit} open files, the limit here, are too few for the rings, maps "
        f"and programs: raise it, for example ulimit -n {max(1024, 2 * limit)}"
    )


def explained(error: Exception) -> Optional[OpensnoopError]:
    """What to say instead, if that is why."""
    number = ran_out(error)
    return OpensnoopError(sentence(number)) if number else None
