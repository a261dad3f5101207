# SPDX-License-Identifier: Apache-2.0
"""Checks of the C of --source before it is compiled."""

from __future__ import annotations

import re

from opensnooplib.base.errors import SourceError
from opensnooplib.source import c_text
from opensnooplib.source.c_text import Source
from opensnooplib.source.comments import without_comments


def check(made_of: Source) -> None:
    """Raise SourceError if there is nothing to compile."""
    code = without_comments(made_of.text)
    if not re.search(r"(?m)^(?!#line ).*\S", code):
        name = c_text.shown_name(next(iter(made_of.files)))
        raise SourceError(
            f"{name} is empty: docs/workshop.md shows how to begin"
        )
