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
    result = Result([], [], [])
    folder = f"/opensnoop-{os.urandom(16).hex()}"
    for call in calls:
        path = f"{folder}/{call}"
        error = reader.calibration_open(call, path)
        if error == -errno.ENOSYS:
            continue  # this machine doesn't have it
        if error != -errno.ENOENT:
            result.untested.append(call)
        elif rings.await_open(path, os.getpid(), _PATIENCE_MS):
            result.seen.append(call)
        else:
            result.unseen.append(call)
    return result
