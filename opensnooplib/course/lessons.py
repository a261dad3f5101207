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
from pathlib import Path
from typing import NamedTuple

from opensnooplib.base.errors import UsageError, as_sentence
from opensnooplib.course.check import Check

_HERE = os.path.dirname(os.path.abspath(__file__))
_FOLDER = os.path.abspath(f"{_HERE}/../../docs/course")  # in a checkout
if not os.path.isdir(_FOLDER):
    _FOLDER = os.path.abspath(f"{_HERE}/../lessons")  # installed: see setup.py
_HINTS = "\n## Hints\n"


class Lesson(NamedTuple):
    number: int
    name: str  # such as 01-first-probe, of its folder
    folder: str

    def text(self, file: str) -> str:
        """The text of one of its files. Raises OpensnoopError."""
        with as_sentence(f"cannot read {self.path(file)}"):
            return Path(self.path(file)).read_text("utf-8")

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
        """Import its check.py. Raises OpensnoopError if that fails.

        As with all that is imported, opensnoop.py refuses folders that others
        can write to: also those below, whose programs a check may run.
        """
        folders = [found[0] for found in os.walk(self.folder, topdown=False)]
        with as_sentence(f"{self.folder} is damaged: reinstall opensnoop"):
            spec = importlib.machinery.PathFinder.find_spec("check", folders)
            assert spec and spec.loader, "check.py is missing"
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            found: Check = module.CHECK
        return found


def all_lessons() -> list[Lesson]:
    """The lessons, by number. Raises OpensnoopError."""
    with as_sentence(f"the course is missing: {_FOLDER}"):
        return [
            Lesson(int(name[:2]), name, os.path.join(_FOLDER, name))
            for name in sorted(os.listdir(_FOLDER))
            if re.match(r"\d\d-", name)
        ]


def find(number: int) -> Lesson:
    """Raises UsageError if there is no such lesson."""
    for lesson in all_lessons():
        if lesson.number == number:
            return lesson
    raise UsageError(
        "--lesson needs one of the numbers that opensnoop --lesson lists"
    )
