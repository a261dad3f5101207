# SPDX-License-Identifier: Apache-2.0
"""Texts and tables that stand in files beside the Python that uses them."""

from __future__ import annotations

import os
import re
from typing import List


def text(module: str, name: str) -> str:
    """The text in the file of this name, beside a module's __file__."""
    path = os.path.join(os.path.dirname(module), name)
    with open(path, encoding="ascii") as file:
        return file.read()


def paragraphs(module: str, name: str) -> List[str]:
    """The paragraphs of a file, without the first, which is a comment."""
    return text(module, name).split("\n\n")[1:]


def rows(module: str, name: str) -> List[List[str]]:
    """The rows of the table that is a file's second paragraph.

    Between two columns are two blanks, or more.
    """
    (table,) = paragraphs(module, name)
    return [re.split("  +", row) for row in table.rstrip("\n").split("\n")]
