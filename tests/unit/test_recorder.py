# SPDX-License-Identifier: Apache-2.0
"""--keep: what its monitor does in the file system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.privileged import FUNCTIONS
from opensnooplib.recording import description, recorder


def test_a_directory_that_has_become_a_link(tmp_path: Path) -> None:
    """Whoever may replace it can't have a file renamed that isn't theirs."""
    folder, other = tmp_path / "folder", tmp_path / "other"
    for one in (folder, other):
        one.mkdir()
        (one / "kept").touch()
    path = str(folder / "kept")
    fd = description.open_for_writing(path)
    recorder.let_monitor_turn(path, fd)
    folder.rename(tmp_path / "moved")
    folder.symlink_to(other)
    with pytest.raises((OSError, OpensnoopError), match="symbolic link"):
        FUNCTIONS["next_piece"]()
    os.close(fd)
    assert os.listdir(other) == ["kept"]
