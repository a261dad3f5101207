# SPDX-License-Identifier: Apache-2.0
"""Suggestions for a misspelled word."""

from __future__ import annotations

from typing import Iterable


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The end of a message: "; did you mean pid?", or `otherwise`."""
    import difflib  # takes 3 ms at launch, and is seldom needed

    words = list(known)
    alike = [one for one in words if one[:2] == word[:2]]
    # Two words aren't alike only since both start with -- or O_.
    begin = 2 if alike and word[:2] in ("--", "O_") else 0
    rest = word[begin:]
    ends = {one[begin:]: one for one in alike or words}
    longer = [end for end in ends if end.startswith(rest)]
    near = sorted(longer, key=len) if len(rest) > 1 else []
    # The first letter is seldom wrong.
    same = [end for end in ends if end[:1] == rest[:1]]
    near = near or difflib.get_close_matches(rest, same, 1)
    near = near or difflib.get_close_matches(rest, ends, 1, 0.7)
    return f"; did you mean {ends[near[0]]}?" if near else otherwise
