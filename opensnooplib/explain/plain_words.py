# SPDX-License-Identifier: Apache-2.0
"""Errors of the compiler and of the verifier in plain words.

To explain another error, add a pattern and the words for it to
compiler_errors.txt or verifier_errors.txt.
"""

from __future__ import annotations

import os
import re
from typing import Iterator, List

from opensnooplib.base.suggestions import did_you_mean

# A macro that clang takes for a function without a type. BPF_LRU_HASH and the
# like are in compiler_errors.txt.
_UNKNOWN_MACRO = re.compile(
    r"type specifier missing.*\n\s*(?!BPF_\w+_HASH)(\w+)\("
)
_MACROS = (
    "TRACEPOINT_PROBE RAW_TRACEPOINT_PROBE LSM_PROBE KFUNC_PROBE "
    "KRETFUNC_PROBE BPF_PERF_OUTPUT BPF_TABLE BPF_HASH BPF_ARRAY "
    "BPF_PERCPU_ARRAY BPF_HISTOGRAM BPF_STACK_TRACE"
).split()


def of_compiler(text: str) -> List[str]:
    """Sentences for the errors in the compiler's messages."""
    words = list(_that_match("compiler_errors.txt", text))
    for name in _UNKNOWN_MACRO.findall(text):
        meant = did_you_mean(name.upper(), _MACROS)
        if meant:
            words.append(f"BCC has no macro {name}{meant}")
    return words


def of_verifier(reason: str) -> str:
    """The words for a reason in the verifier's log, or ""."""
    return next(_that_match("verifier_errors.txt", reason), "")


def _that_match(table: str, text: str) -> Iterator[str]:
    """The words of each pattern in the table that is found in the text."""
    path = os.path.join(os.path.dirname(__file__), table)
    with open(path, encoding="ascii") as file:
        _, *entries = file.read().split("\n\n")  # the first is a comment
    for entry in entries:
        pattern, _, words = entry.partition("\n")
        if re.search(pattern, text):
            yield " ".join(words.split())
