# SPDX-License-Identifier: Apache-2.0
"""Each save is noticed once, when it is over."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from opensnooplib.live.file_watch import Watch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "my.c"
    path.write_text("1")
    return path


def _seconds_until_change(watch: Watch, at_most: float = 3) -> float:
    began = time.monotonic()
    while not watch.have_changed():
        assert time.monotonic() < began + at_most
        time.sleep(0.001)
    return time.monotonic() - began


def _watch(path: Path) -> Watch:
    """A watch whose first answer is over."""
    watch = Watch([str(path)])
    _seconds_until_change(watch)
    watch.read([str(path)])
    return watch


def _is_calm(watch: Watch) -> bool:
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        if watch.have_changed():
            return False
        time.sleep(0.001)
    return True


def test_a_save_just_after_the_files_were_read(path: Path) -> None:
    """Of the same size, and with times that an editor sets back."""
    watch = _watch(path)
    times = path.stat()
    path.write_text("2")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    _seconds_until_change(watch)
    watch.read([str(path)])
    assert _is_calm(watch)


def test_a_save_that_is_slow(path: Path) -> None:
    """A program empties the file, and writes it a while later."""
    watch = _watch(path)
    with path.open("w") as file:
        assert _is_calm(watch)
        file.write("2")
    _seconds_until_change(watch)
    watch.read([str(path)])
    assert _is_calm(watch)
    path.write_text("")
    assert _seconds_until_change(watch) > 0.5


def test_a_file_that_is_away_for_a_moment(path: Path) -> None:
    watch = _watch(path)
    path.unlink()
    assert _is_calm(watch)
    path.write_text("2")
    assert _seconds_until_change(watch) < 0.9


def test_a_file_that_is_gone(path: Path) -> None:
    watch = _watch(path)
    path.unlink()
    assert _seconds_until_change(watch) > 0.9
    watch.read([str(path)])
    assert _is_calm(watch)
    path.write_text("2")
    _seconds_until_change(watch)


def test_saves_that_never_end(path: Path) -> None:
    watch = _watch(path)
    end = time.monotonic() + 3
    while not watch.have_changed():
        assert time.monotonic() < end
        path.write_text(str(time.monotonic()))


def test_a_file_that_a_save_includes(path: Path) -> None:
    """It is new to the watch, and may change while it is read."""
    watch = _watch(path)
    included, absent = path.with_name("my.h"), path.with_name("absent.h")
    path.write_text("2")
    _seconds_until_change(watch)
    included.write_text("1")
    watch.read([str(path), str(included), str(absent)])
    _seconds_until_change(watch)
    watch.read([str(path), str(included), str(absent)])
    assert _is_calm(watch)
    absent.write_text("1")
    _seconds_until_change(watch)
