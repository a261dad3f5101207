# SPDX-License-Identifier: Apache-2.0
"""The lessons: folders of docs/course, each with

    lesson.md     the page: the idea, the task, what to try next; its last
                  section, "## Hints", is a numbered list for --hint
    start.c       what the learner begins with
    solution.c    one that is done
    check.py      what the judge does: see check.py of this package
    mistakes/     common wrong edits, each with a hint of its name in check.py
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import re
from typing import NamedTuple

from opensnooplib.base.errors import UsageError
from opensnooplib.course.check import Check

_HERE = os.path.dirname(os.path.abspath(__file__))
# In a checkout, and in an installed copy: see setup.py.
_FOLDERS = (
    os.path.abspath(f"{_HERE}/../../docs/course"),
    os.path.abspath(f"{_HERE}/../lessons"),
)
_HINTS = "\n## Hints\n"


class Lesson(NamedTuple):
    number: int
    name: str  # such as 01-first-probe, of its folder
    folder: str

    def text(self, file: str) -> str:
        """The text of one of its files."""
        with open(self.path(file), encoding="utf-8") as opened:
            return opened.read()

    def path(self, file: str) -> str:
        return os.path.join(self.folder, file)

    @property
    def title(self) -> str:
        return self.text("lesson.md").partition("\n")[0].lstrip("# ")

    @property
    def page(self) -> str:
        return self.text("lesson.md").partition(_HINTS)[0]

    @property
    def hints(self) -> list[str]:
        listed = self.text("lesson.md").partition(_HINTS)[2]
        return [
            " ".join(hint.split())
            for hint in re.split(r"^\d+\. ", listed, flags=re.MULTILINE)[1:]
        ]

    def check(self) -> Check:
        """Import its check.py: from a folder that opensnoop.py has found to
        be safe, as with all that is imported."""
        spec = importlib.machinery.PathFinder.find_spec("check", [self.folder])
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found: Check = module.CHECK
        return found


def all_lessons() -> list[Lesson]:
    """The lessons, by number."""
    for folder in _FOLDERS:
        if os.path.isdir(folder):
            return [
                Lesson(int(name[:2]), name, os.path.join(folder, name))
                for name in sorted(os.listdir(folder))
                if re.match(r"\d\d-", name)
            ]
    return []


def find(number: int) -> Lesson:
    """Raises UsageError if there is no such lesson."""
    for lesson in all_lessons():
        if lesson.number == number:
            return lesson
    raise UsageError(
        f"--lesson {number}: no such lesson; opensnoop --lesson lists them"
    )
