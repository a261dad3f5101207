# SPDX-License-Identifier: Apache-2.0
"""A --live trace whose C a test edits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict

from tests.kernel.tool import Tool, objects_held_by

_FIELD = "\tu32 version;\n"
_BEFORE_FIELD = "\tchar comm[TASK_COMM_LEN];\n"
_AFTER_STATEMENT = "\tevent->ret = ret;\n"


class Edits:
    """Edits of bpf_src in a copy of the checkout; rows have their version."""

    def __init__(self, checkout: Path) -> None:
        self.folder = checkout / "bpf_src"
        self._event = (self.folder / "event.h").read_text()
        self._record = (self.folder / "record.h").read_text()
        assert self._event.count(_BEFORE_FIELD) == 1
        assert self._record.count(_AFTER_STATEMENT) == 1
        event = self._event.replace(_BEFORE_FIELD, _BEFORE_FIELD + _FIELD)
        (self.folder / "event.h").write_text(event)
        self.write_record(0)

    def write_record(self, version: int) -> None:
        """Make a valid edit: rows have this version from then on."""
        statement = f"\tevent->version = {version};\n"
        text = self._record.replace(
            _AFTER_STATEMENT, _AFTER_STATEMENT + statement
        )
        (self.folder / "record.h").write_text(text)

    def move_fields(self, count: int) -> None:
        """Move the fields behind `count` more fields of four bytes."""
        extra = "".join(f"\tu32 extra_{i};\n" for i in range(count))
        begin = "struct event {\n"
        event = self._event.replace(begin, begin + extra)
        event = event.replace(_BEFORE_FIELD, _BEFORE_FIELD + _FIELD)
        (self.folder / "event.h").write_text(event)


def counts_of(pid: int) -> Dict[str, int]:
    """How many programs, maps and descriptors a process has."""
    kinds = [kind for kind, _ in objects_held_by(pid)]
    counts = {kind: kinds.count(kind) for kind in ("prog", "map")}
    counts["fd"] = len(os.listdir(f"/proc/{pid}/fd"))
    return counts


def await_reload(tool: Tool, file: str) -> str:
    """Wait until the C is reloaded; returns the line that says so."""
    return tool.await_message(f"{file}: reloaded in ")
