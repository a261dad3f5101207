# SPDX-License-Identifier: Apache-2.0
"""Columns and paths that a recording must have for what is asked for."""

from __future__ import annotations

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.cli.column_list import OPTIONS
from opensnooplib.options import Columns
from opensnooplib.recording.description import PATHS, Description

_GIVEN, _FULL, _REAL = PATHS

# What a recording has in place of the paths that -F or -R asks for.
_INSTEAD = {
    _GIVEN: "has paths as programs gave them, without directories",
    _FULL: "has full paths (-F), but not those of the files really opened",
    _REAL: "has the paths of the files really opened (-R)",
    "": "doesn't say which kind of paths it has",
}


def check(columns: Columns, described: Description) -> None:
    """Raises OpensnoopError where the recording lacks what is asked for."""
    for name in columns.beside:
        if described.schema.known(name) is None:
            raise _lacks(OPTIONS[name], f"has no field {name}")
    if not columns.full_path:
        return
    wanted = _REAL if columns.real_path else _FULL
    if described.paths != wanted:
        instead = _INSTEAD.get(described.paths, _INSTEAD[""])
        raise _lacks("-R" if columns.real_path else "-F", instead)


def _lacks(option: str, what: str) -> OpensnoopError:
    return OpensnoopError(
        f"{option}: the recording {what}; record with {option}, or replay "
        "without it"
    )
