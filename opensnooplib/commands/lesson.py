# SPDX-License-Identifier: Apache-2.0
"""--lesson: the course, on this kernel."""

from __future__ import annotations

import os
import time
from typing import Iterator, Sequence

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
    asked = options.course
    if asked.progress:
        print_text("".join(_of_learners(asked.progress)))
    elif options.output.doctor:
        return _try_all()
    elif not asked.lesson:
        print_text("".join(_list()))
    elif asked.check is not None:
        lesson = lessons.find(asked.lesson)
        return _check(lesson, asked.check, options.output.quiet)
    else:
        _begin(lessons.find(asked.lesson), options, messages)
    return 0


def _of_learners(folders: Sequence[str]) -> Iterator[str]:
    """For a teacher: which lessons are done, and how often one that isn't was
    judged."""
    for folder in folders:
        known = sorted(progress.read(folder).items())
        done = [str(n) for n, one in known if one.state == judge.DONE]
        tries = [
            f"{n} ({one.judged})"
            for n, one in known
            if one.judged and one.state != judge.DONE
        ]
        yield (
            f"{printable(folder)}: done: {' '.join(done) or 'none'}; "
            f"not yet (saves): {' '.join(tries) or 'none'}\n"
        )


def _try_all() -> int:
    """Judge all solutions here: a table of what is ready, and why not."""
    worst = 0
    for lesson in lessons.all_lessons():
        running = classroom.start_judge(
            lesson, lesson.path("solution.c"), "-q"
        )
        first, *more = running.communicate()[0].splitlines() or [""]
        is_ready = running.returncode == 0
        ready, why = ("ready", []) if is_ready else ("--", more or [first])
        worst |= not is_ready
        print_text(
            f"{lesson.number:2}  {ready:<5}  {lesson.title}\n"
            + "".join(f"           {line}\n" for line in why)
        )
    return worst


def _list() -> Iterator[str]:
    known = progress.read(".")
    for lesson in lessons.all_lessons():
        is_done = known[lesson.number].state == judge.DONE
        state = judge.DONE if is_done else judge.NOT_YET
        yield f"{lesson.number:2}  {state:<7}  {lesson.title}\n"


def _check(lesson: Lesson, path: str, quiet: bool) -> int:
    """Judge a file, once. With `quiet`, what the tool says about C that can't
    be attached is left out: it is said elsewhere."""
    began = time.monotonic()
    EndingSignals()
    try:
        with as_sentence("cannot judge the C"):
            verdict = judge.judge(lesson, path)
    except EndedEarly:
        raise OpensnoopError("interrupted before the verdict") from None
    seconds = time.monotonic() - began
    folder = os.path.dirname(path) or "."
    if folder != lesson.folder:
        judged = progress.read(folder)[lesson.number].judged + 1
        facts = {"state": verdict.state, "judged": judged}
        progress.note(folder, lesson.number, **facts)
    text = f"lesson {lesson.number}: {verdict.state} ({seconds:.1f} s)\n"
    hint = f"hint: {verdict.hint}\n" if verdict.hint else ""
    if verdict.state == judge.NOT_ATTACHED and not quiet:
        text += verdict.says + hint  # what the verifier says may be long
    else:
        text += hint + "".join(f"  {line}\n" for line in verdict.lines)
    print_text(text)
    return int(verdict.state != judge.DONE)


def _begin(lesson: Lesson, options: Options, messages: Messages) -> None:
    """Begin a lesson, or do what else is asked of it."""
    path = f"{lesson.name}.c"
    if options.course.solution:
        print_text(lesson.text("solution.c"))
    elif options.course.hint:
        print_text(_next_hint(lesson) + "\n")
    elif options.course.reset:
        if os.path.lexists(path):
            os.rename(path, f"{path}.old")
            messages.note(f"your {path} is now {path}.old")
        progress.write_new(path, lesson.text("start.c"))
        messages.note(f"{path} is as at the start of the lesson")
    else:
        classroom.learn(lesson, path, messages)


def _next_hint(lesson: Lesson) -> str:
    """Each time another one, and the last one again."""
    hints = lesson.hints
    number = min(progress.read(".")[lesson.number].hints + 1, len(hints))
    progress.note(".", lesson.number, hints=number)
    return f"hint {number} of {len(hints)}: {hints[number - 1]}"
