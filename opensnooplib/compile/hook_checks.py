# SPDX-License-Identifier: Apache-2.0
"""Checks that this kernel has the hooks that the C asks for."""

from __future__ import annotations

import re
from typing import Callable, List, Tuple

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import hooks, program_names, similar_hooks
from opensnooplib.source import c_text, compiled_lines, locations
from opensnooplib.source.c_text import Source

_TRACEPOINT = re.compile(r"^\s*TRACEPOINT_PROBE\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")


def tracepoints(text: str) -> List[Tuple[str, ...]]:
    """Category and event of each tracepoint that the C hooks."""
    lines = map(_TRACEPOINT.match, compiled_lines.of(text))
    return [found.groups() for found in lines if found]


def check_tracepoints(text: str, made_of: Source) -> None:
    """Raise SourceError for a tracepoint that this kernel doesn't have.

    The message of clang would not be clear.
    """
    hook = program_names.hook_of("tracepoint__")
    for tracepoint in tracepoints(text):
        program = "tracepoint__" + "__".join(tracepoint)
        similar_hooks.check(
            hook,
            ":".join(tracepoint),
            lambda: locations.of_program(
                program, c_text.compiled(text, made_of)
            ),
        )


def check_target(program: str, where: Callable[[str], str]) -> None:
    """Raise OpensnoopError if this kernel doesn't have the program's hook.

    `where` returns the beginning of the error's message.
    """
    hook, target = program_names.hook_of(program), program_names.target_of(
        program
    )
    similar_hooks.check(hook, target, lambda: where(program))
    why_not = hooks.KINDS[hook.kind]()
    if why_not:
        raise OpensnoopError(
            f"{where(program)}no program can attach to the {hook.what} "
            f"{target} here: {why_not}"
        ) from None
