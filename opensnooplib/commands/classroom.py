# SPDX-License-Identifier: Apache-2.0
"""A lesson under way: the learner's file, the trace of it, and the judge.

Both are children. The trace is one with --live, which has the terminal. The
other child has each save judged, and tells the verdicts through a pipe, which
the trace reads while there is one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import Callable, Iterator

from opensnooplib.base import child
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.messages import Messages, print_text, write_line
from opensnooplib.cli import arguments
from opensnooplib.commands import trace_opens
from opensnooplib.course import judge, network, progress
from opensnooplib.course.lessons import Lesson
from opensnooplib.kernel import ran_out
from opensnooplib.live.file_watch import Watch
from opensnooplib.trace import line_steps
from opensnooplib.trace.ending_signals import EndedEarly


def learn(lesson: Lesson, path: str, messages: Messages) -> None:
    """Show the page, then trace the C in a file and check it until Ctrl-C.

    Raises OpensnoopError.
    """
    missing = judge.why_not(lesson)
    if missing:
        raise OpensnoopError(
            f"lesson {lesson.number}: {judge.CAN_NOT}: {'; '.join(missing)}"
        )
    if not os.path.lexists(path):
        progress.write_new(path, lesson.text("start.c"))
    print_text(lesson.page + "\n")
    page = os.path.relpath(lesson.path("lesson.md"))
    messages.note(f"edit {path}: each save is judged; this page is {page}")
    if os.isatty(0) and os.isatty(1):
        write_line("Press Enter to begin.")  # rows hide the page
        os.read(0, 1024)
    with contextlib.suppress(EndedEarly), contextlib.ExitStack() as stack:
        if lesson.check().network:
            stack.enter_context(network.interface())
        _trace_and_judge(lesson, path, messages)


def check(lesson: Lesson, path: str, quiet: bool) -> int:
    """Judge the C in a file, once, and keep the verdict beside it.

    With `quiet`, what the tool says about C that can't be attached is left
    out. Returns the exit status. Raises OpensnoopError.
    """
    began = time.monotonic()
    verdict = judge.judge(lesson, path)
    seconds = time.monotonic() - began
    text = f"lesson {lesson.number}: {verdict.state} ({seconds:.1f} s)\n"
    hint = f"hint: {verdict.hint}\n" if verdict.hint else ""
    if verdict.state == judge.NOT_ATTACHED:
        # What the verifier says may be long.
        text += ("" if quiet else verdict.says) + hint
    else:
        text += hint + "".join(f"  {line}\n" for line in verdict.lines)
    print_text(text)  # also where the progress can't be kept
    folder, own = os.path.dirname(path) or ".", os.path.realpath(lesson.folder)
    no_learners = own, os.path.join(own, "mistakes")
    if os.path.realpath(folder) not in no_learners:
        judged = progress.read(folder)[lesson.number].judged + 1
        facts = {"state": verdict.state, "judged": judged}
        progress.note(folder, lesson.number, **facts)
    return int(verdict.state != judge.DONE)


def outcome(work: Callable[[], int], messages: Messages) -> int:
    """The exit status of a child that does the work: what that returns, or 1
    after an OpensnoopError, which is reported."""
    with _child(work, messages) as pid:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return ended.si_status if ended else 1


@contextlib.contextmanager
def _child(work: Callable[[], int], messages: Messages) -> Iterator[int]:
    """The PID of such a child, which is asked to end at the end."""

    def report() -> None:
        status = 1
        try:
            status = work()
        except OpensnoopError as error:
            messages.report(ran_out.explained(error) or error)
        os._exit(status)

    pid = child.fork(report)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


def _trace_and_judge(lesson: Lesson, path: str, messages: Messages) -> None:
    """Until a trace ends that could be attached."""
    asked = lesson.check()
    words = ["--live", "--source", path, *asked.options, *asked.shown]
    verdicts, told = os.pipe()
    step = line_steps.steps(verdicts, messages.show).__next__

    def trace() -> int:
        return trace_opens.run(arguments.parse(words), messages, step)

    def judge_saves() -> int:
        os.dup2(told, 1)
        os.dup2(told, 2)
        watch = Watch([path])
        while True:
            if watch.have_changed():
                # The trace says why C can't be attached, if there is one.
                outcome(lambda: check(lesson, path, asked.is_live), messages)

    watch = Watch([path])
    with _child(judge_saves, messages):
        while True:
            while not watch.have_changed():  # at first, it has
                step()
            # 1: the C can't be attached, as the trace has said.
            if asked.is_live and outcome(trace, messages) != 1:
                return
