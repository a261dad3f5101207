# SPDX-License-Identifier: Apache-2.0
"""Processes that open the same files, for tests that select some of them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, List, NamedTuple, Tuple

from tests.kernel.openers import Attempt, Opener, without_time
from tests.kernel.tool import Row, Tool

NOBODY = 65534

Predicate = Callable[[Row], bool]


def _attempts(folder: Path) -> List[Attempt]:
    """Opens that work and opens that fail, with and without each flag."""
    new = bytes(folder / "new")
    plain = [
        Attempt(b"/etc/passwd", os.O_RDONLY),
        Attempt(b"/etc/passwd", os.O_RDONLY | os.O_CLOEXEC),
        Attempt(b"/etc/no-such-file", os.O_RDONLY),
        Attempt(b"/dev/null", os.O_WRONLY),
        Attempt(b"/dev/null", os.O_RDWR),
        Attempt(b"/dev/null", os.O_WRONLY | os.O_APPEND),
        Attempt(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640),
        Attempt(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600),
        Attempt(bytes(folder), os.O_RDONLY | os.O_DIRECTORY),
        Attempt(bytes(folder), os.O_WRONLY),
        Attempt(bytes(folder), os.O_TMPFILE | os.O_RDWR, 0o600),
    ]
    return plain + [one._replace(by_openat2=True) for one in plain]


class Cast(NamedTuple):
    """The processes that open files in each test."""

    first: Opener
    second: Opener
    other_user: Opener
    no_name: Opener  # a user without a name
    everyone: Tuple[Opener, ...]

    @property
    def pids(self) -> List[int]:
        return [opener.pid for opener in self.everyone]


@contextmanager
def a_cast(folder: Path) -> Iterator[Cast]:
    folder.chmod(0o777)
    attempts = _attempts(folder)
    with Opener(attempts, comm=b"first") as first, Opener(
        attempts, comm=b"second-of-three"
    ) as second, Opener(attempts, comm=b"other", uid=NOBODY) as other, Opener(
        attempts, comm=b"no name", uid=3_999_999_999
    ) as no_name:
        everyone = (first, second, other, no_name)
        yield Cast(first, second, other, no_name, everyone)


def check(cast: Cast, predicate: Predicate, *options: str) -> List[Row]:
    """Check that a trace shows what the predicate selects, and nothing else.

    Returns its rows. Those of the rest of the host must match, too.
    """
    with Tool("--format", "json", *options) as tool:
        made = [row for opener in cast.everyone for row in opener.run()]
        ended = tool.stop()
    assert ended.status == 0
    assert ended.end.lost == 0
    rows = ended.rows
    assert all(predicate(row) for row in rows)
    theirs = [row for row in rows if row.pid in cast.pids]
    expected = [row for row in made if predicate(row)]
    assert expected, "a test that expects no row could not fail"
    assert without_time(theirs) == expected
    return rows
