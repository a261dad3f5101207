# SPDX-License-Identifier: Apache-2.0
"""The judge of a lesson: it runs the learner's C, and says what is missing.

It uses the tool as a learner does: it starts a trace of the C in a process of
its own, lets the lesson's workload happen, ends the trace, and compares what
that printed with what the workload expects. Nothing is known of the C but its
text, in which the patterns of hints look for known mistakes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import Any, NamedTuple, Sequence

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.course import check, comparison, network
from opensnooplib.course.check import ROWS, Case, Check, Hint
from opensnooplib.course.lessons import Lesson
from opensnooplib.kernel import hooks
from opensnooplib.source import comments

DONE = "done"
NOT_YET = "not yet"
NOT_ATTACHED = "not attached"
CAN_NOT = "this kernel can't"

# Far longer than a launch takes, also on an emulated machine.
_LAUNCH_SECONDS = 120.0
_END_SECONDS = 60.0

_TOOL = os.path.abspath(f"{__file__}/../../../opensnoop.py")


class Verdict(NamedTuple):
    """What is said about a learner's C."""

    state: str  # DONE, NOT_YET, NOT_ATTACHED or CAN_NOT
    lines: Sequence[str] = ()  # why
    says: str = ""  # what the tool printed to stderr
    hint: str = ""  # of a known mistake


def tool(*options: str) -> list[str]:
    """The words of a command that runs this tool."""
    return [sys.executable, "-IS", _TOOL, *options]


def trace(path: str, *options: str) -> list[str]:
    """The words of a command that traces the C in a file for the judge."""
    return tool("--source", path, "--format", "json", *options)


def why_not(lesson: Lesson) -> list[str]:
    """Why the lesson can't be done on this kernel or machine, and what helps;
    none if it can."""
    asked = lesson.check()
    missing = [
        f"hook {kind}: {why}"
        for kind in asked.hooks
        if (why := hooks.KINDS[kind]())
    ]
    if missing:
        missing.append(
            "do the lesson in a virtual machine: in a checkout of opensnoop, "
            f"make vm KERNEL=6.12 SHARE={os.getcwd()}, and there "
            f"opensnoop --lesson {lesson.number}"
        )
    absent = [x for x in asked.programs if not shutil.which(x, os.F_OK)]
    if absent:
        missing.append(f"not installed: {', '.join(absent)}; run make course")
    return missing


def judge(lesson: Lesson, path: str) -> Verdict:
    """Judge the C in a file. Raises OpensnoopError if it can't be read."""
    missing = why_not(lesson)
    if missing:
        return Verdict(CAN_NOT, missing)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            code = comments.without_comments(file.read())
    except OSError as error:
        raise OpensnoopError(f"{path}: {error.strerror}") from None
    asked = lesson.check()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(check.folder())
        if asked.network:
            network.enter_own_namespace()
            stack.enter_context(network.interface())
        verdict = _try(asked, path, folder)
    return verdict._replace(hint=_hint(asked, code, verdict))


def _try(asked: Check, path: str, folder: str) -> Verdict:
    """Run the workload with each tracer; all of them must be right."""
    tracers: Sequence[Sequence[str]] = [trace(path, *asked.options)]
    try:
        if asked.tracers:
            tracers = asked.tracers(path, folder)
            assert tracers, "nothing traced is no lesson done"
    except OpensnoopError as error:
        return Verdict(NOT_ATTACHED, [error.sentence], error.detail)
    for number, words in enumerate(tracers):
        case = Case(folder)
        if asked.before:
            asked.before(case)
        log = os.path.join(folder, f"tracer-{number}")
        with _Tracer(words, log) as tracer:
            attached = tracer.await_watching()
            if attached:
                asked.work(case)
        said = tracer.said()
        if not attached:
            sentence = said.rstrip().rpartition("opensnoop: ")[2]
            return Verdict(NOT_ATTACHED, [sentence], said)
        lines = comparison.differences(case, tracer.tables())
        if lines:
            if len(tracers) > 1:
                lines.insert(0, f"with {' '.join(words)}:")
            return Verdict(NOT_YET, lines, said)
    return Verdict(DONE)


class _Tracer:
    """A trace in a process of its own, whose output goes to files."""

    def __init__(self, words: Sequence[str], log: str) -> None:
        self._rows, messages = f"{log}.rows", f"{log}.messages"
        with open(self._rows, "xb") as rows, open(messages, "xb") as to:
            # Opened first: the learner's C may refuse opens, with an LSM hook.
            self._messages = open(messages, encoding="utf-8", errors="replace")
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=rows, stderr=to
            )

    def __enter__(self) -> _Tracer:
        return self

    def __exit__(self, *_: object) -> None:
        """End it, with all that it still has to write."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def await_watching(self) -> bool:
        """Returns whether it watches, or has ended before."""
        deadline = time.monotonic() + _LAUNCH_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if "watching " in self.said():
                return True
            time.sleep(0.01)
        return False

    def said(self) -> str:
        self._messages.seek(0)
        return self._messages.read()

    def tables(self) -> dict[str, list[comparison.Entry]]:
        """The entries of the rows, of each output and of each map."""
        tables: dict[str, list[comparison.Entry]] = {ROWS: []}
        with open(self._rows, encoding="utf-8", errors="replace") as file:
            for row in filter(None, map(_object, file)):
                tables.setdefault(row.get("output", ROWS), []).append(row)
        for facts in filter(None, map(_object, self.said().splitlines())):
            if "contents" in facts:
                tables[facts["contents"]] = facts["entries"]
        return tables


def _object(line: str) -> dict[str, Any]:
    """The JSON object of a line; empty for any other line."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _hint(asked: Check, code: str, verdict: Verdict) -> str:
    """The first hint all of whose patterns are found."""

    def fits(hint: Hint) -> bool:
        return all(
            re.search(pattern, text, re.MULTILINE)
            for pattern, text in (
                (hint.c, code),
                (hint.says, verdict.says),
                (hint.came, "\n".join(verdict.lines)),
            )
        )

    if verdict.state not in (NOT_YET, NOT_ATTACHED):
        return ""
    return next((one.text for one in asked.hints.values() if fits(one)), "")
