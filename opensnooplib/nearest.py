# SPDX-License-Identifier: Apache-2.0
"""For a word that was misspelled: the one that was meant."""

from __future__ import annotations

from typing import Iterable


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The end of a sentence: "; did you mean pid?", or `otherwise`."""
    import difflib  # costs a launch 3 ms, and is seldom needed

    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else otherwise
