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
    begin = 2 if alike else 0
    ends = {one[begin:]: one for one in alike or words}
    longer = [end for end in ends if end.startswith(word[begin:])]
    near = sorted(longer, key=len) if len(word) - begin > 1 else []
    near = near or difflib.get_close_matches(word[begin:], ends, n=1)
    return f"; did you mean {ends[near[0]]}?" if near else otherwise
