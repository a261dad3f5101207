# SPDX-License-Identifier: Apache-2.0
"""--lesson: the course, on this kernel.

A lesson is a trace of the learner's C with --live. Beside it, each save is
judged, by this tool with --check in a process of its own: what it prints goes
through a pipe to the trace, which has the terminal.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import signal
import subprocess
import time
from contextlib import ExitStack
from typing import Any, Iterator, Sequence

from opensnooplib.base import child
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.messages import Messages, print_text, write_line
from opensnooplib.base.quoting import printable
from opensnooplib.cli import arguments
from opensnooplib.commands import trace_opens
from opensnooplib.course import judge, lessons, network, progress
from opensnooplib.course.lessons import Lesson
from opensnooplib.kernel import limits
from opensnooplib.options import Options

_TICK_SECONDS = 0.1


def run(options: Options, messages: Messages) -> int:
    """Do what is asked of the course. Returns the exit status.

    Raises OpensnoopError.
    """
    asked = options.course
    if asked.progress:
        print_text("\n".join(_of_learners(asked.progress)) + "\n")
    elif options.output.doctor:
        return _try_all()
    elif not asked.lesson:
        print_text("\n".join(_list()) + "\n")
    else:
        return _one(lessons.find(asked.lesson), options, messages)
    return 0


def _one(lesson: Lesson, options: Options, messages: Messages) -> int:
    asked = options.course
    path = f"{lesson.name}.c"
    if asked.check is not None:
        return _check(lesson, asked.check, options.output.quiet)
    if asked.solution:
        print_text(lesson.text("solution.c"))
    elif asked.hint:
        print_text(_next_hint(lesson) + "\n")
    elif asked.reset:
        if os.path.lexists(path) and not _is_as_at_start(lesson, path):
            os.rename(path, f"{path}.old")
            messages.note(f"your {path} is now {path}.old")
        progress.write_new(path, lesson.text("start.c"))
        messages.note(f"{path} is as at the start of the lesson")
    else:
        return _Classroom(lesson, path, options, messages).learn()
    return 0


def _is_as_at_start(lesson: Lesson, path: str) -> bool:
    """Then there is nothing to keep: what was kept before stays."""
    with contextlib.suppress(OSError):
        return filecmp.cmp(path, lesson.path("start.c"), shallow=False)
    return False


def _list() -> Iterator[str]:
    for lesson in lessons.all_lessons():
        known = progress.of_lesson(".", lesson.number)["state"]
        state = judge.DONE if known == judge.DONE else judge.NOT_YET
        yield f"{lesson.number:2}  {state:<7}  {lesson.title}"


def _of_learners(folders: tuple[str, ...]) -> Iterator[str]:
    """For a teacher: which lessons are done, and how often one that isn't was
    judged."""
    numbers = [lesson.number for lesson in lessons.all_lessons()]
    for folder in folders:
        known = {one: progress.of_lesson(folder, one) for one in numbers}
        done = [n for n in numbers if known[n]["state"] == judge.DONE]
        begun = [n for n in numbers if n not in done and known[n]["judged"]]
        tries = [f"{n} ({known[n]['judged']})" for n in begun]
        yield (
            f"{printable(folder)}: done: {_listed(done)}; "
            f"not yet (saves): {_listed(tries)}"
        )


def _listed(some: Sequence[object]) -> str:
    return " ".join(map(str, some)) or "none"


def _try_all() -> int:
    """Judge all solutions here: a table of what is ready, and why not."""
    worst = 0
    for lesson in lessons.all_lessons():
        solution = lesson.path("solution.c")
        running = _start_judge(lesson.number, solution)
        verdict, _ = running.communicate()
        first, *more = verdict.rstrip("\n").split("\n")
        ready = f": {judge.DONE} " in first
        worst |= not ready
        print_text(
            f"{lesson.number:2}  {'ready' if ready else '--':<5}  "
            f"{lesson.title}\n"
            + ("" if ready else "".join(f"           {x}\n" for x in more))
        )
    return worst


def _next_hint(lesson: Lesson) -> str:
    """Each time another one, and the last one again."""
    hints = lesson.hints
    given = int(progress.of_lesson(".", lesson.number)["hints"])
    progress.note(".", lesson.number, hints=min(given + 1, len(hints)))
    given = min(given, len(hints) - 1)
    return f"hint {given + 1} of {len(hints)}: {hints[given]}"


def _check(lesson: Lesson, path: str, quiet: bool) -> int:
    """Judge a file, once. With `quiet`, why C can't be attached is left out:
    the trace says it."""
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
    print_text(text)
    folder = os.path.dirname(path) or "."
    # Not among the lesson's own files.
    own = os.path.join(os.path.realpath(lesson.folder), "")
    if not os.path.realpath(path).startswith(own):
        judged = progress.of_lesson(folder, lesson.number)["judged"] + 1
        progress.note(
            folder, lesson.number, state=verdict.state, judged=judged
        )
    return int(verdict.state != judge.DONE)


def _start_judge(
    number: int, path: str, *options: str
) -> "subprocess.Popen[str]":
    """Judge a file in a process of its own, which may not end with Ctrl-C."""
    return subprocess.Popen(
        judge.tool("--lesson", str(number), "--check", path, *options),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


class _Classroom:
    """A lesson under way: the learner's file, the trace of it, the judge."""

    def __init__(
        self, lesson: Lesson, path: str, options: Options, messages: Messages
    ) -> None:
        self._lesson, self._path = lesson, path
        self._messages = messages
        verdicts, self._verdicts = os.pipe()
        asked = lesson.check()
        words = ["--live", "--source", path, *asked.options, *asked.shown]
        shown = arguments.parse(words)
        self._options = shown._replace(
            course=options.course._replace(verdicts=verdicts)
        )
        self._saved: object = None  # which save was judged last
        self._verdict = f"lesson {lesson.number}: not judged yet"
        self._trace = 0  # a PID, or 0
        self._judge: subprocess.Popen[str] | None = None
        self._has_ended = False

    def learn(self) -> int:
        """Show the page, then trace and judge until Ctrl-C."""
        missing = judge.why_not(self._lesson)
        if missing:
            raise OpensnoopError(
                f"lesson {self._lesson.number}: {judge.CAN_NOT}: "
                + "; ".join(missing)
            )
        if not os.path.lexists(self._path):
            text = self._lesson.text("start.c")
            progress.write_new(self._path, text)
        print_text(self._lesson.page + "\n")
        self._messages.note(
            f"edit {self._path}: each save is judged; this page is "
            + os.path.relpath(self._lesson.path("lesson.md"))
        )
        _await_enter()
        with ExitStack() as stack:
            if self._lesson.check().network:
                stack.enter_context(network.interface())
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, self._end)
            while not self._has_ended:
                self._step()
                time.sleep(_TICK_SECONDS)
            if self._trace:
                os.kill(self._trace, signal.SIGTERM)
                os.waitpid(self._trace, 0)
                write_line(self._verdict)  # rows may have scrolled it away
        return 0

    def _end(self, _number: int, _frame: Any) -> None:
        self._has_ended = True

    def _step(self) -> None:
        saved = self._last_save()
        if saved not in (None, self._saved) and not self._judge:
            self._saved = saved
            is_live = self._lesson.check().is_live
            quiet = ["-q"] if is_live else []
            self._judge = _start_judge(self._lesson.number, self._path, *quiet)
            if not self._trace and is_live:
                self._trace = child.fork(self._run_trace)
        if self._judge and self._judge.poll() is not None:
            verdict, _ = self._judge.communicate()
            self._judge = None
            if saved == self._saved:  # else it is judged anew
                self._tell(verdict)
        status = child.status(self._trace) if self._trace else -1
        if status >= 0:
            self._trace = 0
            # The C can't be attached, as the trace has said: begin with the
            # next save. Any other end is the end of the lesson.
            if os.waitstatus_to_exitcode(status) != 1:
                self._has_ended = True

    def _last_save(self) -> object:
        """What differs after a save; None while an editor replaces the file.

        Without an open, which the learner's trace would show.
        """
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _run_trace(self) -> None:
        status = 1
        try:
            status = trace_opens.run(self._options, self._messages)
        except OpensnoopError as error:
            self._messages.report(limits.explained(error) or error)
        os._exit(status)

    def _tell(self, verdict: str) -> None:
        self._verdict = verdict.rstrip("\n")
        if self._trace:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._verdicts, verdict.encode())
        else:
            write_line(self._verdict)


def _await_enter() -> None:
    """Let a person at a terminal read before rows come."""
    if os.isatty(0) and os.isatty(1):
        write_line("Press Enter to begin.")
        with contextlib.suppress(KeyboardInterrupt):
            os.read(0, 1024)
