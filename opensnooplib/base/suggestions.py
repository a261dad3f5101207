# SPDX-License-Identifier: Apache-2.0
"""For a word that was misspelled: the one that was meant."""

from __future__ import annotations

from typing import Iterable


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The end of a sentence: "; did you mean pid?", or `otherwise`."""
    import difflib  # costs a launch 3 ms, and is seldom needed

    words = list(known)
    alike = [one for one in words if one[:2] == word[:2]]
    # To begin with -- or O_ as others do makes no two of them alike.
    begin = 2 if alike else 0
    ends = {one[begin:]: one for one in alike or words}
    longer = [end for end in ends if end.startswith(word[begin:])]
    near = longer if len(word) - begin > 1 else []
    near = near or difflib.get_close_matches(word[begin:], ends, n=1)
    return f"; did you mean {ends[near[0]]}?" if near else otherwise
