# SPDX-License-Identifier: Apache-2.0
"""The lessons of docs/course, each judged on this kernel.

What a learner begins with is not done yet, a solution is, and each known
mistake gets its own hint. deceivers/ has C that was written to get past the
checks: none of it may be done.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from opensnooplib.course import judge, lessons
from opensnooplib.course.lessons import Lesson
from tests.kernel.tool import Ended, run

_LESSONS = lessons.all_lessons()
_DECEIVERS = Path(__file__).parent / "deceivers"


def _each(folder_of: Callable[[Lesson], Path]) -> pytest.MarkDecorator:
    """A test for each C file in a folder of each lesson."""
    params = [
        pytest.param(lesson, path, id=f"{lesson.name}-{path.stem}")
        for lesson in _LESSONS
        for path in sorted(folder_of(lesson).glob("*.c"))
    ]
    return pytest.mark.parametrize("lesson, path", params)


def _check(lesson: Lesson, path: Path, folder: Path) -> Ended:
    why_not = judge.why_not(lesson)
    if why_not:
        pytest.skip(why_not[0])
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    return run("--lesson", str(lesson.number), "--check", copy)


def _state(ended: Ended) -> str:
    """The verdict, without the lesson's number and the time it took."""
    first = ended.output.decode().partition("\n")[0]
    assert first.endswith(" s)"), ended
    return first.partition(": ")[2].rpartition(" (")[0]


_EACH_LESSON = pytest.mark.parametrize(
    "lesson", [pytest.param(one, id=one.name) for one in _LESSONS]
)


@_EACH_LESSON
@pytest.mark.one_kernel(release="6.12.")
def test_solution_is_done(lesson: Lesson, tmp_path: Path) -> None:
    ended = _check(lesson, Path(lesson.path("solution.c")), tmp_path)
    assert _state(ended) == judge.DONE, ended
    assert ended.status == 0


@_EACH_LESSON
@pytest.mark.one_kernel(release=None)
def test_start_is_not_done(lesson: Lesson, tmp_path: Path) -> None:
    ended = _check(lesson, Path(lesson.path("start.c")), tmp_path)
    assert _state(ended) in (judge.NOT_YET, judge.NOT_ATTACHED), ended
    assert ended.status == 1


@_each(lambda lesson: Path(lesson.path("mistakes")))
@pytest.mark.one_kernel(release=None)
def test_mistake_gets_its_hint(
    lesson: Lesson, path: Path, tmp_path: Path
) -> None:
    hint = lesson.check().hints[path.stem]
    ended = _check(lesson, path, tmp_path)
    assert _state(ended) in (judge.NOT_YET, judge.NOT_ATTACHED), ended
    assert f"\nhint: {hint.text}\n" in ended.output.decode(), ended


@pytest.mark.matrix
@_each(lambda lesson: _DECEIVERS / lesson.name)
@pytest.mark.one_kernel(release=None)
def test_deceiver_is_not_done(
    lesson: Lesson, path: Path, tmp_path: Path
) -> None:
    ended = _check(lesson, path, tmp_path)
    assert _state(ended) == judge.NOT_YET, ended


@_EACH_LESSON
def test_each_hint_has_a_mistake(lesson: Lesson) -> None:
    mistakes = Path(lesson.path("mistakes")).glob("*.c")
    assert {path.stem for path in mistakes} == set(lesson.check().hints)
    assert lesson.hints, "lesson.md has no section Hints"
