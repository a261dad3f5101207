# SPDX-License-Identifier: Apache-2.0
"""--lesson: the course, on this kernel."""

from __future__ import annotations

import filecmp
import os
from functools import partial
from typing import Iterator

from opensnooplib.base.errors import OpensnoopError, as_sentence
from opensnooplib.base.messages import Messages, print_text
from opensnooplib.base.quoting import printable
from opensnooplib.commands import classroom
from opensnooplib.course import judge, lessons, progress
from opensnooplib.course.lessons import Lesson
from opensnooplib.options import Options
from opensnooplib.trace.ending_signals import EndedEarly, EndingSignals


def run(options: Options, messages: Messages) -> int:
    """Do what is asked of the course. Returns the exit status.

    Raises OpensnoopError.
    """
    EndingSignals()
    try:
        return _do(options, messages)
    except EndedEarly:
        raise OpensnoopError("interrupted before the end") from None


def _do(options: Options, messages: Messages) -> int:
    asked = options.course
    if asked.progress:
        rows = [partial(_of_learner, one) for one in asked.progress]
    elif options.output.doctor:
        judge.check_rights()  # else each lesson would say the same
        rows = [partial(_try, one) for one in lessons.all_lessons()]
    elif any(asked):
        return _one(lessons.find(asked.lesson or 0), options, messages)
    else:
        print_text("".join(_list()))
        return 0
    # Each in a child: one that fails is reported, and the next one comes.
    return max(classroom.outcome(row, messages) for row in rows)


def _of_learner(folder: str) -> int:
    """For a teacher: which lessons are done, and how often one that isn't was
    judged."""
    with as_sentence(f"cannot read {folder}"):
        os.listdir(folder)
    known = sorted(progress.read(folder).items())
    done = [str(n) for n, one in known if one.state == judge.DONE]
    tries = [
        f"{n} ({one.judged})"
        for n, one in known
        if one.judged and one.state != judge.DONE
    ]
    print_text(
        f"{printable(folder)}: done: {' '.join(done) or 'none'}; "
        f"not yet (saves): {' '.join(tries) or 'none'}\n"
    )
    return 0


def _try(lesson: Lesson) -> int:
    """Judge a solution here: a line of a table of what is ready, and why it
    isn't."""
    verdict = judge.judge(lesson, lesson.path("solution.c"))
    is_ready = verdict.state == judge.DONE
    ready = "ready" if is_ready else "--"
    print_text(
        f"{lesson.number:2}  {ready:<5}  {lesson.title}\n"
        + "".join(f"           {line}\n" for line in verdict.lines)
    )
    return int(not is_ready)


def _list() -> Iterator[str]:
    known = progress.read(".")
    for lesson in lessons.all_lessons():
        is_done = known[lesson.number].state == judge.DONE
        state = judge.DONE if is_done else judge.NOT_YET
        yield f"{lesson.number:2}  {state:<7}  {lesson.title}\n"


def _one(lesson: Lesson, options: Options, messages: Messages) -> int:
    asked = options.course
    path = f"{lesson.name}.c"
    if asked.check is not None:
        return classroom.check(lesson, asked.check, options.output.quiet)
    if asked.solution:
        print_text(lesson.text("solution.c"))
    elif asked.hint:
        print_text(_next_hint(lesson) + "\n")
    elif asked.reset:
        with as_sentence(f"cannot rename {path}"):
            # The C as at the start is not kept: what was kept before stays.
            start = lesson.path("start.c")
            if os.path.exists(path) and not filecmp.cmp(path, start, False):
                os.rename(path, f"{path}.old")
                messages.note(f"your {path} is now {path}.old")
        progress.write_new(path, lesson.text("start.c"))
        messages.note(f"{path} is as at the start of the lesson")
    else:
        classroom.learn(lesson, path, messages)
        # Rows may have scrolled the last verdict away.
        state = progress.read(".")[lesson.number].state
        messages.note(f"lesson {lesson.number}: {state}")
    return 0


def _next_hint(lesson: Lesson) -> str:
    """Each time another one, and the last one again."""
    hints = lesson.hints
    number = min(progress.read(".")[lesson.number].hints + 1, len(hints))
    progress.note(".", lesson.number, hints=number)
    return f"hint {number} of {len(hints)}: {hints[number - 1]}"
