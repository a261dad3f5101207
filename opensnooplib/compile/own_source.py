# SPDX-License-Identifier: Apache-2.0
"""Checks of the C of --source before it is compiled."""

from __future__ import annotations

import re

from opensnooplib.base.errors import SourceError
from opensnooplib.source import c_text, declarations
from opensnooplib.source.c_text import Source
from opensnooplib.source.comments import without_comments
from opensnooplib.source.struct_maps import BRACES, PARENTHESES

_NAME = r"\b(?!(?:if|for|while|switch|sizeof)\b)(\w+)\s*"
_FUNCTION = rf"{_NAME}{PARENTHESES}\s*({BRACES})"
_CALL = rf"(?<![.>]){_NAME}\("


def check(made_of: Source) -> None:
    """Raise SourceError if there is nothing to compile."""
    code = without_comments(made_of.text)
    if not re.search(r"(?m)^(?!#line ).*\S", code):
        name = c_text.shown_name(next(iter(made_of.files)))
        raise SourceError(
            f"{name} is empty: opensnoop --lesson 1 shows how to begin"
        )
    _check_recursion(made_of.text, code)


def _check_recursion(text: str, code: str) -> None:
    """Raise SourceError if a function calls itself, perhaps by others.

    The compiler puts a copy of it into itself, and again, up to 17 seconds.
    """
    calls = {
        function[1]: list(re.compile(_CALL).finditer(code, *function.span(2)))
        for function in re.finditer(_FUNCTION, code)
    }
    for name, called in calls.items():
        for call in called:
            reached = [call[1]]
            for one in reached:
                inner = (further[1] for further in calls.get(one, ()))
                reached += {*inner}.difference(reached)
            if name in reached:
                raise SourceError(
                    f"{declarations.location_at(text, call.start())}: by this "
                    f"call, the function {name} calls itself, which BPF "
                    "programs can't: write a loop with a constant bound"
                )
