# SPDX-License-Identifier: Apache-2.0
"""What the kernel's verifier says of a program that it refuses, explained.

Its log follows the program instruction by instruction, with the line of C in
between, and ends with the reason:

    ; begun->under_way = false; @ begin_end.h:96
    22: (73) *(u8 *)(r9 +0) = r7
    R9 invalid mem access 'map_value_or_null'
    processed 21 insns (limit 1000000) ...

Linux before 6.9 doesn't give the place behind the @. See print_verifier_state
and verbose_linfo in kernel/bpf/.
"""

from __future__ import annotations

import os
import re
from typing import Dict, List, NamedTuple, Optional, Tuple

_C_LINE = re.compile(r"^; ?(.*?)(?: @ ([^@ ]+):(\d+))?$")
_INSTRUCTION = re.compile(r"^\d+: \([0-9a-f]{2}\) ")
_STATE = re.compile(
    r"\bR(\d+)(?:_\w+)?=(\w+\((?:[^()]|\([^()]*\))*\)|[^\s;]+)"
)
_NO_REASON = re.compile(
    r"^(processed \d+|HINT:|bpf: |verification time|stack depth|\d+: R\d"
    r"|from \d+ to \d+|last_idx|regs=|mark_precise|parent |libbpf|"
    r"(old|cur) state:|safe$|BPF:|max_states|  |$)"
)

TOO_LARGE = (
    "the verifier gives up after 1,000,000 instructions, and a loop counts "
    "each time that it goes round: give loops a smaller bound"
)

_NO_VARIABLES = (
    "this is NULL, or a global or static variable, which BCC doesn't have: "
    "use BPF_ARRAY; or a list of values in braces that is too long for BPF: "
    "assign them one by one"
)

# The verifier's words, and plain ones. The first that fits.
_PLAIN: Tuple[Tuple[str, str], ...] = (
    (
        r"_or_null",
        "what a lookup gives may be NULL: check it before it is used, as in "
        "if (!value) return 0;",
    ),
    (
        r"invalid bpf_context access|dereference of modified ctx",
        "a program of this kind can't read this part of its context, or not "
        "write there: change a copy",
    ),
    (
        r"invalid mem access '(scalar|inv)'",
        "this isn't a pointer to memory that may be read just so: memory of "
        "the kernel is read with bpf_probe_read_kernel(), that of a program "
        "with bpf_probe_read_user()",
    ),
    (
        r"(read|write|access).* stack|stack .*(read|access)",
        "this part of the stack has no value yet, or lies outside of the "
        "variable: give variables a value, such as = {}, and check indexes",
    ),
    (
        r"!read_ok",
        "this is used before it has a value; if it is R0, the function "
        "doesn't return one on each way",
    ),
    (
        r"invalid access to|(min|max) value is|outside of the|unbounded mem"
        r"|math between|pointer arithmetic|value .* makes|zero-sized",
        "the access can lie outside of the memory: check the index or the "
        "size against its bounds, just before it is used",
    ),
    (
        r"back-edge|infinite loop|loop .*detected|jumps is too complex",
        "the loop has no end that the verifier can see: give it a constant "
        "bound, as in for (i = 0; i < 16; i++)",
    ),
    (
        r"too large|too many|too complex|program is too|limit of",
        TOO_LARGE,
    ),
    (
        r"combined stack|stack size|stack limit",
        "the stack has 512 bytes: keep large things in a map, as struct "
        "event in BPF_PERCPU_ARRAY",
    ),
    (
        r"might sleep",
        "this helper may wait, and a program of this kind must not: use one "
        "that doesn't, such as bpf_probe_read_user()",
    ),
    (
        r"GPL",
        "only programs under the GPL may call this helper, as they are "
        "without BPF_LICENSE: take it out",
    ),
    (
        r"last insn is not an exit",
        "a function that a probe calls must become a part of it: take out "
        "noinline, or write static inline",
    ),
    (
        r"R11 is invalid",
        "an array in a function has a constant size",
    ),
    (
        r"unknown func|cannot use helper|helper access|not allowed",
        "this helper isn't there for a program of this kind, or not on this "
        "kernel",
    ),
    (
        r"cannot write|only read is|cannot be written|read-only",
        "this memory can be read, not written",
    ),
    (
        r"type=\S+ expected=",
        "the helper wants another kind of argument here: the address of a "
        "variable or of memory in a map, for example",
    ),
    (r"unknown opcode", _NO_VARIABLES),  # BCC 0.18 makes one of them
    (r"unreachable", "this line can never be reached: take it out"),
    (
        r"At program exit|return value",
        "the program returns a number that is not allowed here",
    ),
)


class Refusal(NamedTuple):
    """Where and why. Text is empty and numbers are 0 where nobody says."""

    file: str
    line: int
    c_line: str
    instruction: str
    reason: str
    plain: str
    registers: List[str]  # "R9 = map_value_or_null(...)"


def last_instruction(log: str) -> Optional[int]:
    """The number of the one at which the verifier stopped."""
    numbers = re.findall(r"^(\d+): \([0-9a-f]{2}\) ", log, re.MULTILINE)
    return int(numbers[-1]) if numbers else None


def last_c_line(log: str) -> str:
    """As it stands in the log, or "". Line 0 is made by the compiler."""
    for line in reversed(log.split("\n")):
        found = _C_LINE.match(line)
        if found and found.group(3) != "0":
            return line
    return ""


def parse(log: str, c_line: str, files: Dict[str, str]) -> Refusal:
    """`files` are those that the C was made of, by path.

    `c_line` is a line as last_c_line() gives it, for a log without any.
    """
    lines = log.split("\n")
    place = max(
        (i for i, line in enumerate(lines) if not _is_noise(line)),
        default=-1,
    )
    reason = lines[place].strip() if place >= 0 else ""
    before = lines[: max(place, 0)]
    where = _C_LINE.match(last_c_line("\n".join(before)) or c_line)
    c_line, name, number = where.groups() if where else ("", "", "")
    instruction = next(
        (line for line in reversed(before) if _INSTRUCTION.match(line)), ""
    )
    path, line = _find(files, name or "", int(number or 0), c_line)
    if path and not c_line:
        c_line = files[path].split("\n")[line - 1].strip()
    registers = _registers(reason, instruction, before)
    plain = _in_plain_words(reason + _size_of(log))
    if "mem access" in reason and any(r.endswith(" = 0") for r in registers):
        plain = _NO_VARIABLES
    return Refusal(
        path,
        line,
        c_line,
        instruction.split(";")[0].strip(),
        reason,
        plain,
        registers,
    )


def _is_noise(line: str) -> bool:
    return bool(
        _NO_REASON.match(line)
        or _INSTRUCTION.match(line)
        or line.startswith(";")
    )


def _size_of(log: str) -> str:
    """One that was given up has no reason but its size."""
    processed = re.search(r"processed (\d+) insns", log)
    too_large = processed and int(processed.group(1)) > 1000000
    return " too large" if too_large else ""


def _find(
    files: Dict[str, str], name: str, number: int, c_line: str
) -> Tuple[str, int]:
    """The file by its last name; without one, where only one line is so."""
    for path, text in files.items():
        count = text.count("\n") + 1
        if os.path.basename(path) == name and 0 < number <= count:
            return path, number
    places = [
        (path, i)
        for path, text in files.items()
        for i, line in enumerate(text.split("\n"), start=1)
        if c_line and line.strip() == c_line
    ]
    return places[0] if len(places) == 1 else ("", 0)


def _in_plain_words(reason: str) -> str:
    for pattern, words in _PLAIN:
        if re.search(pattern, reason):
            return words
    return ""


def _registers(reason: str, instruction: str, lines: List[str]) -> List[str]:
    """The last that is known of those that the reason names."""
    names = re.findall(r"\b[Rr](\d+)\b", reason)
    names = names or re.findall(r"\br(\d+)\b", instruction)
    states: List[str] = []
    for name in sorted(set(names), key=int):
        for line in reversed(lines):
            known = dict(_STATE.findall(line))
            if name in known:
                states.append(f"R{name} = {known[name]}")
                break
    return states
