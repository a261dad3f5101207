# SPDX-License-Identifier: Apache-2.0
"""What a learner has done: a JSON file beside the learner's C.

    {"1": {"state": "done", "judged": 4, "hints": 1}, ...}

Root reads and writes where others can write, so it follows no link when it
writes, and waits for nothing when it reads.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import defaultdict
from typing import Any, NamedTuple

from opensnooplib.base import libc
from opensnooplib.base.errors import as_sentence
from opensnooplib.course.judge import DONE, NOT_YET

NAME = "course-progress.json"

_SIZE_LIMIT = 1 << 20  # characters: far more than all lessons need


class Known(NamedTuple):
    """What is known of a lesson; at first, that it was not begun."""

    state: str = NOT_YET  # of the last verdict, or DONE after any such
    judged: int = 0  # how often
    hints: int = 0  # how many were given


def read(folder: str) -> defaultdict[int, Known]:
    """What is known, by number of the lesson. Raises OpensnoopError."""
    path = os.path.join(folder, NAME)
    known: defaultdict[int, Known] = defaultdict(Known)
    what = f"{path}: not a record of progress; remove it to begin anew"
    with as_sentence(what), contextlib.suppress(FileNotFoundError):
        with open(path, encoding="utf-8", opener=libc.open_at_once) as file:
            found = json.loads(file.read(_SIZE_LIMIT))
        for number, one in found.items():
            counts = int(one["judged"]), int(one["hints"])
            known[int(number)] = Known(str(one["state"]), *counts)
    return known


def note(folder: str, number: int, **facts: Any) -> None:
    """Keep facts about a lesson; one that is done stays so.

    Raises OpensnoopError.
    """
    known = read(folder)
    if known[number].state == DONE:
        facts.pop("state", None)
    known[number] = known[number]._replace(**facts)
    text = json.dumps({n: one._asdict() for n, one in known.items()}, indent=1)
    write_new(os.path.join(folder, NAME), text + "\n")


def write_new(path: str, text: str) -> None:
    """Replace a file, if it is there; it belongs to its folder's owner.

    Another program never sees half of it. A link is replaced, not followed.
    Raises OpensnoopError.
    """
    new = f"{path}.new"
    with as_sentence(f"cannot write {path}"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        with open(new, "x", encoding="utf-8") as file:
            owner = os.stat(os.path.dirname(path) or ".")
            with contextlib.suppress(OSError):  # FAT has no owners
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(text)
        os.rename(new, path)
