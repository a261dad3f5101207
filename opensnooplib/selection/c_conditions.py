# SPDX-License-Identifier: Apache-2.0
"""Pieces of C conditions."""

from __future__ import annotations

from typing import Sequence


def any_of(conditions: Sequence[str]) -> str:
    return "(" + " || ".join(conditions) + ")"


def all_of(conditions: Sequence[str]) -> str:
    return "(" + " && ".join(conditions) + ")"


def equals_any(parameter: str, values: Sequence[int]) -> str:
    return any_of([f"({parameter}) == {value}U" for value in values])


def has_bytes_at(text: bytes) -> str:
    """True in C where these bytes are at `at`."""
    return all_of(
        [f"(at)[{offset}] == (char){byte}" for offset, byte in enumerate(text)]
    )
