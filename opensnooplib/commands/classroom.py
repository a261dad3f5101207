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
import subprocess
import time
from typing import Callable, Iterator

from opensnooplib.base import child
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.messages import Messages, print_text, write_line
from opensnooplib.cli import arguments
from opensnooplib.commands import trace_opens
from opensnooplib.course import judge, network, progress
from opensnooplib.course.lessons import Lesson
from opensnooplib.kernel import limits
from opensnooplib.trace import line_steps
from opensnooplib.trace.ending_signals import EndedEarly, EndingSignals

_TICK_SECONDS = 0.1


def learn(lesson: Lesson, path: str, messages: Messages) -> None:
    """Show the page, then trace and judge the C in a file until Ctrl-C.

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
        EndingSignals()
        if lesson.check().network:
            stack.enter_context(network.interface())
        _trace_and_judge(lesson, path, messages)


def start_judge(
    lesson: Lesson, path: str, *options: str
) -> "subprocess.Popen[str]":
    """Judge a file in a process of its own, which does not get Ctrl-C."""
    return judge.start(
        judge.tool("--lesson", str(lesson.number), "--check", path, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


def _trace_and_judge(lesson: Lesson, path: str, messages: Messages) -> None:
    """Until a trace ends which could be attached."""
    verdicts, told = os.pipe()
    show_verdicts = line_steps.steps(verdicts, write_line).__next__
    # What the lesson builds is only run by the judge.
    is_built = bool(lesson.check().tracers)
    with _child(lambda: _judge_saves(lesson, path, is_built, told)):
        while True:
            saved = _last_save(path)
            if not is_built:
                with _child(
                    lambda: _trace(lesson, path, verdicts, messages)
                ) as pid:
                    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
                # 1: the C can't be attached, as the trace has said.
                if not ended or ended.si_status != 1:
                    return
            while _last_save(path) in (None, saved):
                show_verdicts()
                time.sleep(_TICK_SECONDS)


@contextlib.contextmanager
def _child(work: Callable[[], object]) -> Iterator[int]:
    """The PID of a child, which is asked to end at the end."""
    pid = child.fork(work)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


def _trace(
    lesson: Lesson, path: str, verdicts: int, messages: Messages
) -> None:
    asked = lesson.check()
    words = ["--live", "--source", path, *asked.options, *asked.shown]
    status = 1
    try:
        options = arguments.parse(words)
        course = options.course._replace(verdicts=verdicts)
        status = trace_opens.run(options._replace(course=course), messages)
    except OpensnoopError as error:
        messages.report(limits.explained(error) or error)
    os._exit(status)


def _judge_saves(lesson: Lesson, path: str, is_built: bool, told: int) -> None:
    quiet = [] if is_built else ["-q"]  # the trace says it, too
    saved: object = None
    while True:
        while (now := _last_save(path)) in (None, saved):
            time.sleep(_TICK_SECONDS)
        saved = now
        with start_judge(lesson, path, *quiet) as running:
            try:
                verdict, _ = running.communicate()
            finally:
                running.terminate()
        if _last_save(path) == saved:  # else it is judged anew
            os.write(told, verdict.encode())


def _last_save(path: str) -> object:
    """What differs after a save; None while an editor replaces the file.

    Without an open, which the learner's trace would show.
    """
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
