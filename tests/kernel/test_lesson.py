# SPDX-License-Identifier: Apache-2.0
"""--lesson: the learner's folder, the running lesson, and a teacher's view."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, List, Optional

import pytest

from opensnooplib.course import judge, lessons, network, progress
from tests.kernel.tool import (
    CHECKOUT,
    Ended,
    Tool,
    assert_nothing_left,
    descendants,
    loaded_objects,
    run,
    wait_until,
)

_LESSON = lessons.find(1)
_FILE = f"{_LESSON.name}.c"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The learner's folder, which the tool is started in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _begin() -> Tool:
    return Tool("--lesson", "1", wait=False)


def _check(number: int, path: Path) -> Ended:
    return run("--lesson", str(number), "--check", path)


def test_each_save_is_judged(folder: Path) -> None:
    """Also where the C can't be attached at the start, or a save is wrong."""
    before = loaded_objects()
    (folder / _FILE).write_text("nonsense\n")
    with _begin() as tool:
        tool.await_line(r"opensnoop: the C does not compile")
        tool.await_line(r"lesson 1: not attached \(")
        (folder / _FILE).write_text(_LESSON.text("start.c"))
        tool.await_message("watching ")
        tool.await_line(r"lesson 1: not yet \(")
        (folder / _FILE).write_text("nonsense\n")
        either = r"lesson 1: not attached \(|opensnoop: the trace continues"
        said = {tool.await_line(either)[:6] for _ in range(2)}
        assert said == {"lesson", "opensn"}  # in any order
        (folder / _FILE).write_text(_LESSON.text("solution.c"))
        tool.await_line(r"lesson 1: done \(")
        ended = tool.stop(signal.SIGINT)
    assert ended.status == 0, ended
    # The trace has said why, and at the end rows hide no verdict.
    assert ended.messages.count("the C does not compile") == 2
    last = ended.messages.splitlines()[-1]
    assert last == "opensnoop: lesson 1: done", ended
    assert _LESSON.title.encode() in ended.output.splitlines()[0]
    assert "not yet" not in ended.messages.partition("lesson 1: done")[2]
    assert_nothing_left(ended, before)
    assert progress.read(str(folder))[1].judged == 4


def test_begin_again_goes_on(folder: Path) -> None:
    """What the learner has written is never written over."""
    with _begin() as tool:
        tool.await_message("watching ")
        tool.stop()
    assert (folder / _FILE).read_text() == _LESSON.text("start.c")
    (folder / _FILE).write_text(_LESSON.text("solution.c"))
    with _begin() as tool:
        tool.await_line(r"lesson 1: done \(")
        tool.stop()
    assert (folder / _FILE).read_text() == _LESSON.text("solution.c")
    assert run("--lesson", "1", "--reset").status == 0
    assert (folder / _FILE).read_text() == _LESSON.text("start.c")
    old = folder / f"{_FILE}.old"
    assert old.read_text() == _LESSON.text("solution.c")
    assert run("--lesson", "1", "--reset").status == 0  # nothing to keep
    assert old.read_text() == _LESSON.text("solution.c")


def test_list_and_progress(folder: Path) -> None:
    path = folder / "mine.c"
    path.write_text(_LESSON.text("solution.c"))
    listed = run("--lesson").output.decode()
    assert len(listed.splitlines()) == len(lessons.all_lessons())
    assert listed.startswith(f" 1  not yet  {_LESSON.title}\n")
    assert _check(1, path).status == 0
    path.write_text(_LESSON.text("start.c"))
    assert _check(1, path).status == 1
    assert run("--lesson").output.startswith(b" 1  done     ")
    assert _check(2, path).status == 1
    (folder / "other").mkdir()
    table = run("--lesson", "--progress", folder, "other").output.decode()
    assert table == (
        f"{folder}: done: 1; not yet (saves): 2 (1)\n"
        "other: done: none; not yet (saves): none\n"
    )


def test_progress_of_many(folder: Path) -> None:
    """What is wrong with one folder hides no other learner's line."""
    for name in ("ada", "bob"):
        (folder / name).mkdir()
    (folder / "ada" / progress.NAME).write_text("{")
    ended = run("--lesson", "--progress", "ada", "bob", "eve")
    assert ended.status == 1
    assert ended.output == b"bob: done: none; not yet (saves): none\n"
    damaged, missing = ended.messages.splitlines()
    assert f"ada/{progress.NAME}: not a record of progress" in damaged
    assert missing == "opensnoop: cannot read eve: No such file or directory"


def test_without_root() -> None:
    """No virtual machine is recommended to one who only forgot sudo."""
    under = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    for words in (["1"], ["1", "--check", "my.c"], ["--doctor"]):
        ended = run("--lesson", *words, under=under)
        assert ended.status == 1
        assert ended.messages == (
            "opensnoop: the course needs root: try sudo opensnoop\n"
        )


@pytest.mark.parametrize("words", [["--hint"], ["99"], ["--check", "my.c"]])
def test_no_such_lesson(words: List[str]) -> None:
    ended = run("--lesson", *words)
    assert ended.status == 2
    assert "one of the numbers that opensnoop --lesson lists" in ended.messages


def test_lessons_own_files_make_no_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However their path is written, and whatever the lesson."""
    where = Path(_LESSON.folder, progress.NAME)
    monkeypatch.chdir(_LESSON.folder)
    for path in ("solution.c", f"../{_LESSON.name}/solution.c"):
        ended = run("--lesson", "1", "--check", path)
        assert ended.status == 0, ended
        assert not where.exists()
    mistake, *_ = Path("mistakes").glob("*.c")
    assert run("--lesson", "1", "--check", mistake).status == 1
    assert not Path("mistakes", progress.NAME).exists()


def test_progress_cannot_be_kept(folder: Path) -> None:
    """The verdict is said all the same."""
    (folder / "mine.c").write_text("nonsense\n")
    (folder / f"{progress.NAME}.new").mkdir()  # as a read-only file system
    ended = _check(1, folder / "mine.c")
    assert ended.output.startswith(b"lesson 1: not attached (")
    assert f"cannot write {folder}/{progress.NAME}: " in ended.messages


def test_an_interface_is_left(folder: Path) -> None:
    """By a lesson that was killed: the next one says how to remove it."""
    lesson = lessons.find(10)
    if judge.why_not(lesson):
        pytest.skip("this kernel has no XDP")
    # In a network namespace of its own: other tests need the interface, too.
    leave = f"ip link add {network.NAME} type veth peer name {network.PEER}"
    under = ("unshare", "--net", "sh", "-c", f'{leave} && exec "$@"', "sh")
    ended = run("--lesson", "10", under=under)
    assert ended.status == 1
    assert "ip link delete lesson0 removes what" in ended.messages


def test_hints_one_by_one() -> None:
    count = len(_LESSON.hints)
    assert count > 1
    for number in [*range(1, count + 1), count]:
        shown = run("--lesson", "1", "--hint").output.decode()
        hint = _LESSON.hints[number - 1]
        assert shown == f"hint {number} of {count}: {hint}\n"
    assert run("--lesson", "1", "--solution").output.decode() == (
        _LESSON.text("solution.c")
    )


def test_files_are_the_learner_s(folder: Path) -> None:
    """Root leaves no file of its own there, and follows no link."""
    os.chown(folder, 1234, 1234)
    victim = folder / "victim"
    victim.write_text("untouched")
    (folder / f"{progress.NAME}.new").symlink_to(victim)
    (folder / f"{_FILE}.new").symlink_to(victim)
    assert run("--lesson", "1", "--hint").status == 0
    assert run("--lesson", "1", "--reset").status == 0
    for name in (progress.NAME, _FILE):
        assert (folder / name).stat().st_uid == 1234
    assert victim.read_text() == "untouched"


@pytest.mark.parametrize("text", ["{", "[]", '{"1": {}}', '{"1": 5}'])
def test_progress_that_is_none(folder: Path, text: str) -> None:
    (folder / progress.NAME).write_text(text)
    ended = run("--lesson")
    assert ended.status == 1
    assert f"{progress.NAME}: not a record of progress" in ended.messages
    assert len(ended.messages.splitlines()) == 1


def test_what_cannot_be_read(folder: Path) -> None:
    ended = _check(1, folder / "missing.c")
    assert ended.status == 1
    assert ended.messages == ("opensnoop: missing.c does not exist\n")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file(folder: Path, make: Callable[[Path], None]) -> None:
    """No FIFO is waited for: neither the C, nor the record of progress."""
    make(folder / "my.c")
    ended = _check(1, folder / "my.c")
    assert ended.status == 1
    assert len(ended.messages.splitlines()) == 1
    assert "my.c" in ended.messages and "internal" not in ended.messages
    make(folder / progress.NAME)
    ended = run("--lesson")
    assert ended.status == 1
    assert f"{progress.NAME}: not a record of progress" in ended.messages


def test_c_of_any_bytes(folder: Path) -> None:
    text = _LESSON.text("solution.c").encode()
    (folder / "my.c").write_bytes(b"// \xff\xfe\n" + text)
    assert _check(1, folder / "my.c").status == 0
    (folder / "my.c").write_bytes(text + b" " * (1 << 20))
    ended = _check(1, folder / "my.c")
    assert ended.messages == "opensnoop: my.c is too large for C: over 1 MiB\n"


def test_full_disk(
    folder: Path, mounts: List[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows or files that cannot be written are no mistake of the learner."""
    small = folder / "small"
    small.mkdir()
    size = ["-t", "tmpfs", "-o", "size=8k", "none"]
    subprocess.run(["mount", *size, str(small)], check=True)
    mounts.append(small)
    monkeypatch.setenv("TMPDIR", str(small))
    (folder / "my.c").write_text(_LESSON.text("solution.c"))
    ended = _check(1, folder / "my.c")
    assert ended.status == 1
    assert ended.output == b""
    said = r"opensnoop: (the trace|a process of the workload) failed \(1\)"
    assert re.match(said, ended.messages), ended


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_judge_leaves_no_trace(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """If it is asked to end, it also removes the folder of its workload."""
    monkeypatch.setenv("TMPDIR", str(folder))
    path = folder / "2.c"
    path.write_text(lessons.find(2).text("solution.c"))
    before = loaded_objects()
    with Tool("--lesson", "2", "--check", path, wait=False) as tool:
        wait_until(lambda: any(folder.glob("*-lesson")))
        time.sleep(0.3)  # at any moment of the launch, or after it
        begun = descendants(tool.pid)
        assert begun
        ended = tool.stop(number)
    wait_until(lambda: not any(map(_is_running, begun)))
    assert_nothing_left(ended, before)
    if number == signal.SIGTERM:
        assert ended.messages == "opensnoop: interrupted before the end\n"
        assert ended.status == 1
        assert not list(folder.glob("*-lesson"))


def _is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def copy(checkout_copy: Path) -> Path:
    """A copy of the tool with its course."""
    course = Path("docs", "course")
    shutil.copytree(CHECKOUT / course, checkout_copy / course)
    return checkout_copy


@pytest.mark.parametrize("below", ["", "core"])
def test_lesson_that_others_can_change(copy: Path, below: str) -> None:
    """Root would run their code: check.py, or what it starts."""
    changed = copy / "docs/course/13-portability" / below
    changed.chmod(0o777)
    ended = run("--lesson", "13", "--check", "my.c", checkout=copy)
    assert ended.status == 1
    assert ended.messages == (
        "opensnoop: refusing to run code that others can change: others can "
        f"write to {changed}: run chmod go-w on it\n"
    )


@pytest.mark.parametrize("text", [None, "", "nonsense"])
def test_damaged_lesson(copy: Path, text: Optional[str]) -> None:
    lesson = copy / "docs/course/01-first-probe"
    (lesson / "check.py").unlink()
    if text is not None:
        (lesson / "check.py").write_text(text)
    ended = run("--lesson", "1", "--check", "my.c", checkout=copy)
    assert ended.status == 1
    (message,) = ended.messages.splitlines()
    start = f"opensnoop: {lesson} is damaged: reinstall opensnoop: "
    assert message.startswith(start)


def test_a_kernel_that_can_not(folder: Path) -> None:
    cases = [(one, judge.why_not(one)) for one in lessons.all_lessons()]
    for lesson, why_not in cases:
        if why_not:
            break
    else:
        pytest.skip("this kernel has the hooks of all lessons")
    (folder / "my.c").write_text(lesson.text("solution.c"))
    ended = _check(lesson.number, folder / "my.c")
    assert ended.status == 1
    first, *more = ended.output.decode().splitlines()
    assert first.startswith(f"lesson {lesson.number}: this kernel can't (")
    assert [line.strip() for line in more] == why_not
    ended = run("--lesson", str(lesson.number))
    assert ended.status == 1
    assert f"lesson {lesson.number}: this kernel can't: " in ended.messages


def test_ready_table() -> None:
    """`make course` ends with it; only lessons that can't be done fail."""
    ended = run("--lesson", "--doctor")
    lines = ended.output.decode().splitlines()
    for lesson in lessons.all_lessons():
        mark = "--" if judge.why_not(lesson) else "ready"
        assert f"{lesson.number:2}  {mark:<5}  {lesson.title}" in lines
    assert ended.status == any(map(judge.why_not, lessons.all_lessons()))


def test_judged_states_are_json(folder: Path) -> None:
    (folder / "my.c").write_text("nonsense\n")
    _check(1, folder / "my.c")
    known = json.loads((folder / progress.NAME).read_text())
    assert known == {"1": {"state": "not attached", "judged": 1, "hints": 0}}
