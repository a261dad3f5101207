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
    r"|create_probe_event: .*|bpf: Failed to load program: .*|\s*)$"
)


# What LLVM says of a whole function: "error: FILE:LINE:0: in function ...".
_OF_LLVM = re.compile(
    r"^error: (\S+):(\d+):\d+: in function (\w+) .*\): (.*)$"
)

# What is needed for names that clang doesn't know.
_HINTS = (
    (r"undeclared identifier 'TASK_COMM_LEN'", "#include <linux/sched.h>"),
    (r"undeclared identifier 'PATH_MAX'", "#include <uapi/linux/limits.h>"),
    (r"undeclared identifier 'O_", "#include <uapi/linux/fcntl.h>"),
    (r"struct pt_regs'", "#include <uapi/linux/ptrace.h>"),
    (
        r"built-in function '__(fix|float|.*[sd]f[0-9])",
        "BPF has only integers",
    ),
    (
        r"stack limit",
        "keep large things in a BPF_PERCPU_ARRAY, not on the stack",
    ),
    (
        r"implicit.* '(printf|malloc|strlen|strcpy|strcmp|open)'",
        "a BPF program calls the kernel's helpers only: man bpf-helpers",
    ),
)


def of_compiler(output: str, made_of: Source) -> str:
    """clang's messages, with names of files as a person would type them."""
    lines = [
        _of_llvm(line, made_of)
        for line in output.split("\n")
        if not _NOISE.match(line)
    ]
    text = with_short_names("\n".join(lines), made_of)
    hints = [
        f"in plain words: {hint}"
        for cause, hint in _HINTS
        if re.search(cause, text)
    ]
    return "\n".join([text, *hints])


def _of_llvm(line: str, made_of: Source) -> str:
    found = _OF_LLVM.match(line)
    if not found:
        return line
    file, number, function, message = found.groups()
    for path in made_of.files:
        if path.endswith(os.path.basename(file)):
            file = source.shown_name(path)
    where = f"{file}:{number}" if int(number) else file
    return f"{where}: error: in {function}: {message}"


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
