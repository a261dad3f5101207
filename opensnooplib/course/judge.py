# SPDX-License-Identifier: Apache-2.0
"""The judge of a lesson: it runs the learner's C, and says what is missing.

It uses the tool as a learner does: it starts a trace of the C in a process of
its own, lets the lesson's workload happen, ends the trace, and compares what
that printed with what the workload expects. Nothing is known of the C but its
text, in which the patterns of hints look for known mistakes.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import IO, Any, Callable, Iterator, NamedTuple, Sequence

from opensnooplib.base import libc
from opensnooplib.base.errors import OpensnoopError, as_sentence
from opensnooplib.course import comparison, network
from opensnooplib.course.check import ROWS, Case, Check
from opensnooplib.course.lessons import Lesson
from opensnooplib.kernel import capabilities, offered_hooks
from opensnooplib.source import c_text, comments

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


def judge(lesson: Lesson, path: str) -> Verdict:
    """Judge the C in a file. Raises OpensnoopError if it can't be read, or
    the lesson's own workload fails."""
    missing = why_not(lesson)
    if missing:
        return Verdict(CAN_NOT, missing)
    code = comments.without_comments(c_text.read_file(path))
    asked = lesson.check()
    with as_sentence(lesson.name), contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory("-lesson"))
        os.chmod(folder, 0o755)  # work may be that of another user
        if asked.network:
            # So that a second trace can have an interface of the same name.
            libc.unshare(libc.CLONE_NEWNET)
            stack.enter_context(network.interface())
        verdict = _try(asked, path, folder)
    if verdict.state == DONE:
        return verdict
    return verdict._replace(hint=_hint(asked, code, verdict))


def check_rights() -> None:
    """Raises OpensnoopError where no lesson could be judged."""
    if not capabilities.may_trace():
        raise OpensnoopError("the course needs root: try sudo opensnoop")


def why_not(lesson: Lesson) -> list[str]:
    """Why the lesson can't be done on this kernel or machine, and what helps;
    none if it can. Raises OpensnoopError without the rights to find out."""
    asked = lesson.check()
    check_rights()
    missing = [
        f"hook {kind}: {why}"
        for kind in asked.hooks
        if (why := offered_hooks.why_not(kind))
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


def _try(asked: Check, path: str, folder: str) -> Verdict:
    """Run the workload with each tracer; all of them must be right."""
    tracers: Sequence[Sequence[str]] = [trace(path, *asked.options)]
    if asked.tracers:
        tracers = asked.tracers(path, folder)
    for words in tracers:
        case = Case(folder)
        asked.before(case)
        watched, rows, said = _traced(words, lambda: asked.work(case))
        if not watched:
            sentence = said.rstrip().rpartition("opensnoop: ")[2]
            return Verdict(NOT_ATTACHED, [sentence], said)
        lines = comparison.differences(case, _tables(rows, said))
        if lines:
            among = [f"with {' '.join(words)}:"] * (len(tracers) > 1)
            return Verdict(NOT_YET, [*among, *lines], said)
    return Verdict(DONE)


def trace(path: str, *options: str) -> list[str]:
    """The words of a command that traces the C in a file for the judge."""
    words = ["--source", path, "--format", "json", *options]
    return [sys.executable, "-IS", _TOOL, *words]


def _traced(
    words: Sequence[str], work: Callable[[], None]
) -> tuple[bool, str, str]:
    """Let a command trace the work, which begins when the trace watches.

    Returns whether it ever did, and what it wrote to stdout and to stderr.
    Raises OpensnoopError if it fails later: it was killed, or a disk is full.
    """
    watches = re.compile(r"^opensnoop: watching ", re.MULTILINE).search
    with tempfile.TemporaryFile() as rows, tempfile.TemporaryFile() as said:
        tracer = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=rows,
            stderr=said,
            preexec_fn=functools.partial(libc.end_with, os.getpid()),
        )
        try:
            deadline = time.monotonic() + _LAUNCH_SECONDS
            while not (watched := watches(_text(said))):
                if tracer.poll() is not None or time.monotonic() > deadline:
                    break
                time.sleep(0.01)
            if watched:
                work()
        finally:
            tracer.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                tracer.wait(_END_SECONDS)
            tracer.kill()
            tracer.wait()
        if watched and tracer.returncode:
            last = _text(said).rstrip().rpartition("\n")[2]
            raise OpensnoopError(
                f"the trace failed ({tracer.returncode}): {last}; save again"
            )
        return bool(watched), _text(rows), _text(said)


def _text(file: IO[bytes]) -> str:
    """All of a file that another process writes to, by the same offset.

    Without an open, which the learner's C may refuse, by an LSM hook.
    """
    fd = file.fileno()
    return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")


def _tables(rows: str, said: str) -> dict[str, list[comparison.Entry]]:
    """The entries of the rows, of each output and of each map."""
    tables: dict[str, list[comparison.Entry]] = {ROWS: []}
    for row in _objects(rows):
        tables.setdefault(row.get("output", ROWS), []).append(row)
    for facts in _objects(said):
        if "contents" in facts:
            tables[facts["contents"]] = facts["entries"]
    return tables


def _objects(lines: str) -> Iterator[dict[str, Any]]:
    """The JSON objects among the lines."""
    for line in lines.splitlines():
        with contextlib.suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict):
                yield found


def _hint(asked: Check, code: str, verdict: Verdict) -> str:
    """The first hint all of whose patterns are found."""
    texts = code, verdict.says, "\n".join(verdict.lines)
    for hint, *patterns in asked.hints.values():
        pairs = zip(patterns, texts)
        if all(re.search(one, text, re.MULTILINE) for one, text in pairs):
            return hint
    return ""
