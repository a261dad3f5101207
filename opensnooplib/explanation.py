# SPDX-License-Identifier: Apache-2.0
"""A mistake in the C, as a person reads it: where, the line, and why."""

from __future__ import annotations

import os
import re
from typing import List

from opensnooplib import source, verifier
from opensnooplib.source import Source

# What BCC and clang print besides the mistake.
_NOISE = re.compile(
    r"^(\d+ (warning|error)s?( and \d+ errors?)? generated\.|chdir\(\): .*"
    r"|sh: .*modprobe.*|In file included from (<built-in>|/virtual/).*"
    r"|bpf: Failed to load program: .*|\s*)$"
)


def of_compiler(output: str, made_of: Source) -> str:
    """clang's messages, with names of files as a person would type them."""
    lines = [line for line in output.split("\n") if not _NOISE.match(line)]
    return with_short_names("\n".join(lines), made_of)


def with_short_names(text: str, made_of: Source) -> str:
    for path in made_of.files:
        text = text.replace(os.path.abspath(path), source.shown_name(path))
    return text


def of_verifier(output: str, c_line: str, made_of: Source) -> str:
    """Why the kernel refuses the program, in its words and in plain ones.

    `c_line` is where, if `output` doesn't say.
    """
    refusal = verifier.parse(output, c_line, made_of.files)
    lines: List[str] = []
    if refusal.file:
        name = source.shown_name(refusal.file)
        lines.append(f"{name}:{refusal.line}: error: the kernel refuses this:")
    if refusal.c_line:
        lines.append(f"        {refusal.c_line}")
    if refusal.reason:
        lines.append(f"the verifier: {refusal.reason}")
    if refusal.plain:
        lines.append(f"in plain words: {refusal.plain}")
    if refusal.instruction:
        lines.append(f"the instruction: {refusal.instruction}")
    lines += [f"known there: {register}" for register in refusal.registers]
    return "\n".join(lines)
