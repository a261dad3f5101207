# SPDX-License-Identifier: Apache-2.0
"""Proof that the trace sees opens: it makes some, and waits for their records.

The path can't exist and nobody can guess it, so a record of it is the record
of this very open. Where full paths are shown, the path is relative: the record
must have the working directory as well.
"""

from __future__ import annotations

import errno
import os
from typing import Callable, List, Mapping, NamedTuple, Optional, Sequence

from opensnooplib.base import native_library
from opensnooplib import reader
from opensnooplib.options import Options

# Time for the reader: a record is in its ring before the open returns.
_RECORD_TIMEOUT_MS = 100

# On a busy host with small rings, the record of a test open can be lost.
_TRIES = 5


class Result(NamedTuple):
    seen: List[str]
    unseen: List[str]  # made, but no record came
    untested: List[str]  # the call is refused here, for example by seccomp
    unproven: Sequence[str] = ()  # no call by the tool can prove it
    why_not: Mapping[str, str] = {}  # ways that this plan can't see

    def warnings(self) -> List[str]:
        """A sentence for each kind of open that may not be shown."""
        return [
            *(f"opens by {call} can't be seen here" for call in self.unseen),
            *(
                f"opens by {call} may not be seen: the tool's own test open "
                "is refused here, perhaps by seccomp or ulimit -l"
                for call in self.untested
            ),
        ]


def prove(
    rings: reader.Reader,
    calls: Sequence[str],
    options: Options,
    before_round: Callable[[], None],
) -> Result:
    """Open a file with each of `calls`, and see which are seen.

    Drops the records that came before; the trace begins with the last one.
    `before_round` is called each time before opens are made.
    """
    before_round()
    start = _start(options)
    result = _make_and_see(rings, calls, start)
    for _ in range(_TRIES):
        if not result.unseen:
            break
        # Waiting for one that isn't seen dropped the records of the others.
        for call in list(result.unseen):
            rings.discard()
            before_round()
            if _make_and_see(rings, [call], start).seen:
                result.unseen.remove(call)
                result.seen.append(call)
    result.seen.sort(key=list(calls).index)
    return result


def _start(options: Options) -> Optional[str]:
    """The working directory, or None if test paths must be absolute."""
    if not options.full_path or options.path_view == "host":
        return None
    try:
        return os.getcwd()
    except OSError:
        return None  # it was removed


class _Made(NamedTuple):
    """An open that the tool has made, and what its record must have."""

    call: str
    path: Optional[str]
    ret: int


def _make(calls: Sequence[str], start: Optional[str]) -> List[_Made]:
    folder = f"opensnoop-{os.urandom(16).hex()}"
    made = []
    for call in calls:
        name = f"{folder}/{call}" if start else f"/{folder}/{call}"
        shown: Optional[str] = os.path.join(start or "", name)
        if call == "open_by_handle_at":
            shown = None
        made.append(_Made(call, shown, native_library.test_open(call, name)))
    return made


def _make_and_see(
    rings: reader.Reader, calls: Sequence[str], start: Optional[str]
) -> Result:
    result = Result([], [], [])
    for made in _make(calls, start):
        if made.ret == -errno.EOPNOTSUPP:
            continue  # not on this architecture: arm64 has no open
        if made.path is not None and made.ret != -errno.ENOENT:
            result.untested.append(made.call)
            continue
        is_seen = rings.await_open(
            made.path, os.getpid(), made.ret, _RECORD_TIMEOUT_MS
        )
        (result.seen if is_seen else result.unseen).append(made.call)
    return result
