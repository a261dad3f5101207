# SPDX-License-Identifier: Apache-2.0
"""Hooks of this kernel with names similar to one that it doesn't have."""

from __future__ import annotations

import glob
import os
import re
from typing import Callable, Iterable, List, Set

from opensnooplib.base.errors import SourceError
from opensnooplib.kernel import tracefs
from opensnooplib.kernel.program_names import Hook

_COUNT = 3


def names(hook: Hook, target: str) -> List[str]:
    """The most similar targets, the closest first; none if none is similar."""
    if hook.prefix == "tracepoint__":
        return _closest(target, _tracepoints())
    if hook.prefix == "raw_tracepoint__":
        return _closest(target, _raw_tracepoints())
    if hook.prefix == "lsm__":
        return _closest(
            target,
            {
                name[len("bpf_lsm_") :]
                for name in _functions()
                if name.startswith("bpf_lsm_")
            },
        )
    return _closest(target, _functions())


def exists(hook: Hook, target: str) -> bool:
    """Does this kernel list the target? tracefs must be mounted."""
    if hook.prefix == "tracepoint__":
        path = target.replace(":", "/", 1)
        return any(
            os.path.exists(f"{root}/events/{path}/format")
            for root in tracefs.FOLDERS
        ) or not any(map(tracefs.is_mounted, tracefs.FOLDERS))
    if hook.prefix == "raw_tracepoint__":
        return target in _raw_tracepoints()
    if hook.prefix == "lsm__":
        return f"bpf_lsm_{target}" in _functions()
    return target in _functions()


def check(hook: Hook, target: str, where: Callable[[], str]) -> None:
    """Raise SourceError if this kernel doesn't have the target.

    `where` returns the beginning of the error's message, such as "my.c:12: ".
    It is only called for an error, since it takes longer than the check.
    """
    if exists(hook, target):
        return
    alike = names(hook, target)
    raise SourceError(
        f"{where()}this kernel has no {hook.what} {target}"
        + (f"; it has {', '.join(alike)}" if alike else "")
    ) from None


_NO_FIELD = re.compile(
    r"no member named '\w+' in 'struct tracepoint__([a-z0-9]+)__(\w+)'"
)
_NO_HELPER = re.compile(
    r"function '(bpf_\w+)'|undeclared identifier '(bpf_\w+)'"
)


def instead_of_unknown(output: str) -> List[str]:
    """Sentences about names that clang doesn't know, with similar ones.

    `output` is what clang printed.
    """
    sentences: List[str] = []
    for category, event in dict.fromkeys(_NO_FIELD.findall(output)):
        fields = _fields(category, event)
        if fields:
            sentences.append(
                f"{category}:{event} has the fields {', '.join(fields)}"
            )
    for groups in dict.fromkeys(_NO_HELPER.findall(output)):
        name = "".join(groups)
        helpers = (f for f in _functions() if f.startswith("bpf_"))
        alike = _closest(name, helpers)
        if alike:
            sentences.append(
                f"there is no helper {name}; did you mean "
                f"{', '.join(alike)}?"
            )
    return sentences


def _fields(category: str, event: str) -> List[str]:
    """The names of a tracepoint's arguments."""
    for root in tracefs.FOLDERS:
        path = f"{root}/events/{category}/{event}/format"
        if os.path.exists(path):
            with open(path, encoding="ascii", errors="replace") as file:
                names = re.findall(
                    r"\bfield:.*?(\w+)(?:\[.*\])?;", file.read()
                )
            return [
                name
                for name in names
                if not name.startswith(("common_", "__"))
            ]
    return []


def _tracepoints() -> Set[str]:
    found: Set[str] = set()
    for root in tracefs.FOLDERS:
        for path in glob.glob(f"{glob.escape(root)}/events/*/*/format"):
            category, event = path.split(os.sep)[-3:-1]
            found.add(f"{category}:{event}")
    return found


def _raw_tracepoints() -> Set[str]:
    """All raw tracepoints: syscalls have only sys_enter and sys_exit."""
    split = (name.partition(":") for name in _tracepoints())
    return {event for category, _, event in split if category != "syscalls"}


def _functions() -> Set[str]:
    try:
        with open(
            "/proc/kallsyms", encoding="ascii", errors="replace"
        ) as file:
            rows = [line.split() for line in file]
    except OSError:
        return set()
    return {
        row[2]
        for row in rows
        if row[1] in "tTwW" and not row[2].startswith("__pfx_")
    }


def _pairs(word: str) -> Set[str]:
    return {word[i : i + 2] for i in range(len(word) - 1)}


def _closest(wanted: str, known: Iterable[str]) -> List[str]:
    """The names in `known` that are most similar, the closest first.

    Only names with many of the same pairs of letters are compared by difflib,
    which would take seconds for all functions of a kernel.
    """
    import difflib  # takes some ms at launch

    pairs = _pairs(wanted)
    candidates = [
        name
        for name in known
        if 2 * len(pairs & _pairs(name)) >= len(pairs)
        and abs(len(name) - len(wanted)) <= max(4, len(wanted) // 3)
    ]
    return difflib.get_close_matches(wanted, candidates, _COUNT)
