# SPDX-License-Identifier: Apache-2.0
"""Proof that the trace sees opens: it makes some, and waits for their records.

The path can't exist and nobody can guess its name, so a record of it is a
record of this very open.
"""

from __future__ import annotations

import errno
import os
from typing import Callable, List, Mapping, NamedTuple, Sequence

from opensnooplib import reader

# A record is in its ring before the open returns; this is for the reader.
_PATIENCE_MS = 100

# On a busy host with small rings, the very record can be lost.
_TRIES = 5


class Result(NamedTuple):
    seen: List[str]
    unseen: List[str]  # made, but no record came
    untested: List[
        str
    ]  # the kernel refuses the call here, for example seccomp
    unproven: Sequence[str] = ()  # no call of the tool's can show it
    why_not: Mapping[str, str] = {}  # ways that this plan can't see


def calibrate(
    rings: reader.Reader,
    calls: Sequence[str],
    before_round: Callable[[], None],
) -> Result:
    """Open a file with each of `calls`, and see which are seen.

    Drops the records that came before; the trace begins with the last one.
    `before_round` is called each time before opens are made.
    """
    before_round()
    result = _make_and_see(rings, calls)
    for _ in range(_TRIES):
        if not result.unseen:
            break
        # One that isn't seen took the records of the others along.
        for call in list(result.unseen):
            rings.discard()
            before_round()
            if _make_and_see(rings, [call]).seen:
                result.unseen.remove(call)
                result.seen.append(call)
    return result


def _make_and_see(rings: reader.Reader, calls: Sequence[str]) -> Result:
    result = Result([], [], [])
    folder = f"/opensnoop-{os.urandom(16).hex()}"
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
