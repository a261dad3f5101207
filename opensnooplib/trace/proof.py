# SPDX-License-Identifier: Apache-2.0
"""Proof that the trace sees opens: it makes some, and waits for their records.

The path can't exist and nobody can guess it, so a record of it is the record
of this very open. Where full paths are shown, the path is relative: the record
must have the working directory as well.
"""

from __future__ import annotations

import errno
import os
from typing import Callable, Mapping, NamedTuple, Sequence

from opensnooplib import reader
from opensnooplib.base.privileged import doer_pid
from opensnooplib.kernel import own_opens, ways
from opensnooplib.options import Columns

# Time for the reader, which holds records of --live's later programs back for
# 20 ms (MERGE_HOLD_BACK_MS): a record is in its ring before the open returns.
_RECORD_TIMEOUT_MS = 50

# How often an open is tried; on a busy host, its record can be lost.
_TRIES, _TRIES_IF_LOST = 2, 6

# Why, the proof can't tell: the kernel, or a filter that was added to the C.
_UNSEEN = (
    "opens by {} can't be seen here, or the C drops the tool's own test "
    "opens, too: a filter must keep these, as in if (ret < 0 && "
    "!is_tool(caller_pid_tgid())) return 0;"
)


class Result(NamedTuple):
    seen: list[str]
    unseen: list[str]  # made, but no record came
    untested: list[str]  # the call is refused here, for example by seccomp
    unproven: Sequence[str] = ()  # no call by the tool can prove it
    why_not: Mapping[str, str] = {}  # ways that this plan can't see

    def warnings(self) -> list[str]:
        """Sentences about opens that may not be shown."""
        unseen = ", ".join(self.unseen)
        return [
            *(_UNSEEN.format(unseen) for _ in self.unseen[:1]),
            *(
                f"opens by {call} may not be seen: the tool's own test open "
                "is refused here, perhaps by seccomp or ulimit -l"
                for call in self.untested
            ),
        ]

    def notes(self) -> list[str]:
        """Sentences about opens that --all would show."""
        if self.why_not.get(ways.CALLS_OF_32_BITS) != ways.ONLY_WITH_ALL:
            return []
        return [
            f"opens by {ways.CALLS_OF_32_BITS} (int $0x80), which any program "
            f"can make, are {ways.ONLY_WITH_ALL}"
        ]


def prove(
    rings: reader.Reader,
    calls: Sequence[str],
    columns: Columns,
    before_round: Callable[[], None],
    lost: Callable[[], int],
) -> Result:
    """Open a file with each of `calls`, and see which are seen.

    Drops the records that came before; the trace begins with the last one.
    `before_round` is called each time before opens are made; `lost` returns
    how many opens were lost or missed since then.
    """
    before_round()
    start = _start(columns)
    result = Result([], [], [])
    tries = dict.fromkeys(calls, 0)  # of those that aren't in the result
    batch = list(tries)
    while batch:
        folder, results = own_opens.make_all(batch, start is not None)
        for call, ret in zip(batch, results):
            path: str | None = f"{start or ''}/{folder}/{call}"
            if call == "open_by_handle_at":
                path = None
            if ret == -errno.EOPNOTSUPP:
                del tries[call]  # not on this architecture: arm64 has no open
                continue
            if path is not None and ret != -errno.ENOENT:
                del tries[call]
                result.untested.append(call)
                continue
            if rings.await_open(path, doer_pid(), ret, _RECORD_TIMEOUT_MS):
                del tries[call]
                result.seen.append(call)
                continue
            tries[call] += 1
            if tries[call] >= (_TRIES_IF_LOST if lost() else _TRIES):
                del tries[call]
                result.unseen.append(call)
            break  # the wait dropped the records of the calls that follow
        batch = list(tries)[:1]
        if batch:
            before_round()
    result.seen.sort(key=list(calls).index)
    return result


def _start(columns: Columns) -> str | None:
    """The working directory, or None if test paths must be absolute."""
    if not columns.full_path or columns.path_view == "host":
        return None
    try:
        return os.getcwd()
    except OSError:
        return None  # it was removed
