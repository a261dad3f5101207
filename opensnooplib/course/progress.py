# SPDX-License-Identifier: Apache-2.0
"""What a learner has done: a JSON file beside the learner's C.

    {"1": {"state": "done", "judged": 4, "hints": 1}, ...}
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Dict

from opensnooplib.base.errors import OpensnoopError

NAME = "course-progress.json"

Progress = Dict[str, Dict[str, Any]]


def read(folder: str) -> Progress:
    """Empty if nothing was done there. Raises OpensnoopError."""
    path = os.path.join(folder, NAME)
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        if all(isinstance(one["state"], str) for one in found.values()):
            return dict(found)
        raise ValueError("a state is not a text")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as no:
        raise OpensnoopError(
            f"{path}: not a record of progress ({no}); remove it to begin anew"
        ) from None


def of_lesson(folder: str, number: int) -> Dict[str, Any]:
    """What is known of a lesson, also of one that was not begun."""
    begun = {"state": "not yet", "judged": 0, "hints": 0}
    return {**begun, **read(folder).get(str(number), {})}


def note(folder: str, number: int, **facts: Any) -> None:
    """Keep facts about a lesson; one that is done stays so.

    Raises OpensnoopError.
    """
    known = of_lesson(folder, number)
    if known["state"] == "done":
        facts.pop("state", None)
    progress = {**read(folder), str(number): {**known, **facts}}
    write_new(
        os.path.join(folder, NAME), json.dumps(progress, indent=1) + "\n"
    )


def write_new(path: str, text: str) -> None:
    """Replace a file, if it is there; it belongs to its folder's owner.

    Another program never sees half of it. A link is replaced, not followed:
    root writes where others can. Raises OpensnoopError.
    """
    new = f"{path}.new"
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        with open(new, "x", encoding="utf-8") as file:
            owner = os.stat(os.path.dirname(path) or ".")
            with contextlib.suppress(OSError):  # FAT has no owners
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(text)
        os.rename(new, path)
    except OSError as error:
        raise OpensnoopError(
            f"cannot write {path}: {error.strerror}"
        ) from None
