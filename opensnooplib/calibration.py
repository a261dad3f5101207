# SPDX-License-Identifier: Apache-2.0
"""Proof that the trace sees opens: it makes some, and waits for their records.

The path can't exist and nobody can guess its name, so a record of it is a
record of this very open.
"""

from __future__ import annotations

import errno
import os
from typing import List, NamedTuple, Sequence

from opensnooplib import reader

_PATIENCE_MS = 1000


class Result(NamedTuple):
    seen: List[str]
    unseen: List[str]  # made, but no record came
    untested: List[
        str
    ]  # the kernel refuses the call here, for example seccomp


def calibrate(rings: reader.Reader, calls: Sequence[str]) -> Result:
    """Open a file with each of `calls`, and see which are seen.

    Drops the records that came before; the trace begins with the last one.
    """
    together = _try(rings, [calls])
    if not together.unseen:
        return together
    # One that isn't seen takes the records of the others along.
    return _try(rings, [[call] for call in calls])


def _try(rings: reader.Reader, rounds: Sequence[Sequence[str]]) -> Result:
    """Make all opens of a round, then see them; a round takes some 2 ms."""
    result = Result([], [], [])
    folder = f"/opensnoop-{os.urandom(16).hex()}"
    for calls in rounds:
        made: List[str] = []
        for call in calls:
            error = reader.calibration_open(call, f"{folder}/{call}")
            if error == -errno.ENOENT:
                made.append(call)
            elif error != -errno.ENOSYS:  # else this machine doesn't have it
                result.untested.append(call)
        for call in made:
            path = f"{folder}/{call}"
            is_seen = rings.await_open(path, os.getpid(), _PATIENCE_MS)
            (result.seen if is_seen else result.unseen).append(call)
    return result
