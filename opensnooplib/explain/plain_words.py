# SPDX-License-Identifier: Apache-2.0
"""Errors of the compiler and of the verifier in plain words.

To explain another error, add a pattern and the words for it to
compiler_errors.txt or verifier_errors.txt.
"""

from __future__ import annotations

import re
from typing import Iterator

from opensnooplib.base import tables
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.kernel.hooks import HOOKS

# A macro that clang takes for a function without a type. BPF_LRU_HASH and the
# like are in compiler_errors.txt.
_UNKNOWN_MACRO = re.compile(
    r"type specifier missing.*\n\s*(?!BPF_\w+_HASH)(\w+)\("
)
_MACROS = [hook.macro for hook in HOOKS]
_MACROS += (
    "BPF_PERF_OUTPUT BPF_TABLE BPF_HASH BPF_ARRAY BPF_PERCPU_ARRAY "
    "BPF_HISTOGRAM BPF_STACK_TRACE BPF_RINGBUF_OUTPUT"
).split()


def line(words: str) -> str:
    """The words as a line of a message."""
    return f"in plain words: {words}"


def of_compiler(text: str) -> list[str]:
    """Lines for the errors in the compiler's messages."""
    words = list(_that_match(_COMPILER, text))
    for name in _UNKNOWN_MACRO.findall(text):
        meant = did_you_mean(name.upper(), _MACROS)
        if meant and name not in _MACROS:
            words.append(f"there is no macro {name}{meant}")
    return list(map(line, words))


def of_verifier(seen: str) -> str:
    """The words for a reason in the verifier's log, or "".

    `seen` is the reason, which the line of C may follow, and more of the log.
    """
    return next(_that_match(_VERIFIER, seen, r"\A.*(?:{})"), "")


def _that_match(table: str, text: str, how: str = "{}") -> Iterator[str]:
    """The words of each pattern in the table that is found in the text."""
    for entry in _TABLES[table]:
        pattern, _, words = entry.partition("\n")
        found = re.search(how.format(pattern), text)
        if found:
            yield found.expand(" ".join(words.split()))


# They are read now: a trace without privileges can open no file.
_COMPILER, _VERIFIER = "compiler_errors.txt", "verifier_errors.txt"
_TABLES = {
    name: tables.paragraphs(__file__, name) for name in (_COMPILER, _VERIFIER)
}
