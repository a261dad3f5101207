# SPDX-License-Identifier: Apache-2.0
"""Changes by a save, in words."""

from __future__ import annotations

import os
from typing import Iterable, Sequence

from opensnooplib.kernel import program_names
from opensnooplib.plan_list import PLANS, Plan
from opensnooplib.rows.column_choice import Column
from opensnooplib.source.c_text import Source


def names(paths: Iterable[str]) -> str:
    """Files by their names; of many, the first."""
    listed = [os.path.basename(path) for path in paths]
    if len(listed) > 3:
        return f"{listed[0]} and {len(listed) - 1} more"
    return ", ".join(listed)


def files(old: Source, new: Source) -> list[str]:
    """The paths of those that have changed."""
    both = {**old.files, **new.files}
    return [one for one in both if old.files.get(one) != new.files.get(one)]


def not_used(path: str, main: str, plan: Plan) -> str:
    """For example "plans/kprobe.h: not used by plan syscall".

    `main` is the path of the C that includes it.
    """
    name = path.removeprefix(f"{os.path.dirname(main)}/")
    users = [one.name for one in PLANS.values() if one.file == name]
    hint = "".join(f"; --attach {user} uses it" for user in users)
    return f"{name}: not used by plan {plan.name}{hint}"


def of_columns(old: Sequence[Column], new: Sequence[Column]) -> str:
    """For example "columns: PPID added"."""
    before = {column.heading: (column.kind, column.width) for column in old}
    after = {column.heading: (column.kind, column.width) for column in new}
    added = [heading for heading in after if heading not in before]
    removed = [heading for heading in before if heading not in after]
    parts = [f"{', '.join(added)} added"] if added else []
    parts += [f"{', '.join(removed)} removed"] if removed else []
    same = "unchanged" if list(before.items()) == list(after.items()) else ""
    return f"columns: {', '.join(parts) or same or 'shown differently'}"


def of_targets(old: Iterable[str], new: Iterable[str]) -> str:
    """Functions whose comments "attach:" have changed."""
    added, gone = (
        {program_names.function_of(name) for name in names}
        for names in (set(new) - set(old), set(old) - set(new))
    )
    return ", ".join(sorted(added & gone))


def of_pairs(old: list[str], new: list[str]) -> str:
    """Targets where a program only ends opens now, or no longer does."""
    return ", ".join(
        program_names.target_of(name)
        for name in new
        if name in old
        and program_names.only_ends(name, old)
        != program_names.only_ends(name, new)
    )
