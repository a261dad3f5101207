# SPDX-License-Identifier: Apache-2.0
"""Hooks of this kernel with names similar to one that it doesn't have."""

from __future__ import annotations

import re
from typing import Callable, Iterable, List, Set

from opensnooplib.base.errors import SourceError
from opensnooplib.kernel import tracefs
from opensnooplib.kernel.program_names import Hook

_COUNT = 3


def _targets(hook: Hook) -> Set[str]:
    """All that a program can be attached to by a hook of this kind."""
    if hook.prefix == "tracepoint__":
        return tracefs.tracepoints()
    if hook.prefix == "raw_tracepoint__":
        # Syscalls have only sys_enter and sys_exit.
        split = (name.partition(":") for name in tracefs.tracepoints())
        return {event for group, _, event in split if group != "syscalls"}
    if hook.prefix == "lsm__":
        functions = _functions_with("bpf_lsm_")
        return {name.removeprefix("bpf_lsm_") for name in functions}
    return _functions_with("")


def check(hook: Hook, target: str, where: Callable[[], str]) -> None:
    """Raise SourceError if this kernel doesn't have the target.

    tracefs must be mounted; if it can't be, nobody knows about tracepoints.
    `where` returns the beginning of the error's message, such as "my.c:12: ".
    It is only called for an error, since it takes longer than the check.
    """
    is_tracepoint = hook.prefix == "tracepoint__"
    if is_tracepoint and tracefs.may_have(*target.split(":", 1)):
        return  # found without a list of all
    targets = _targets(hook)
    if target in targets:
        return
    alike = _closest(target, targets)
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
        fields = [
            name
            for name in tracefs.fields(category, event)
            if not name.startswith(("common_", "__"))
        ]
        if fields:
            sentences.append(
                f"{category}:{event} has the fields {', '.join(fields)}"
            )
    for groups in dict.fromkeys(_NO_HELPER.findall(output)):
        name = "".join(groups)
        alike = _closest(name, _functions_with("bpf_"))
        if alike:
            sentences.append(
                f"there is no helper {name}; did you mean "
                f"{', '.join(alike)}?"
            )
    return sentences


def _functions_with(prefix: str) -> Set[str]:
    """The kernel's functions with names that begin so."""
    name = re.compile(rf" [tTwW] (?!__pfx_)({re.escape(prefix)}\S+)")
    try:
        with open(
            "/proc/kallsyms", encoding="ascii", errors="replace"
        ) as file:
            return set(name.findall(file.read()))
    except OSError:
        return set()


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
