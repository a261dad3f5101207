# SPDX-License-Identifier: Apache-2.0
"""The log of the kernel's verifier for a program that it refuses.

Its log follows the program instruction by instruction, with the line of C in
between, and ends with the reason:

    ; begun->under_way = false; @ opensnoop.c:96
    22: (73) *(u8 *)(r9 +0) = r7
    R9 invalid mem access 'map_value_or_null'
    processed 21 insns (limit 1000000) ...

Linux before 6.9 leaves out the location after the @. See
print_verifier_state and verbose_linfo in kernel/bpf/.
"""

from __future__ import annotations

import os
import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from opensnooplib.explain import plain_words

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


class Refusal(NamedTuple):
    """Where the verifier stopped, and why; "" and 0 where that is unknown."""

    file: str
    line: int
    c_line: str
    instruction: str
    reason: str
    plain: str
    registers: List[str]  # "R9 = map_value_or_null(...)"


def last_instruction(log: str) -> Optional[int]:
    """The index of the instruction at which the verifier stopped."""
    numbers = re.findall(r"^(\d+): \([0-9a-f]{2}\) ", log, re.MULTILINE)
    return int(numbers[-1]) if numbers else None


def last_c_line(log: str) -> str:
    """The last line of C in the log, or "". Line 0 is the compiler's own."""
    for line in reversed(log.split("\n")):
        found = _C_LINE.match(line)
        if found and found.group(3) != "0":
            return line
    return ""


def parse(log: str, c_line: str, files: Dict[str, str]) -> Refusal:
    """The refusal in `log`; `files` are the texts of the C, by path.

    `c_line` is a line from last_c_line(), for a log that has none.
    """
    lines = log.split("\n")
    index = max(
        (i for i, line in enumerate(lines) if not _is_noise(line)),
        default=-1,
    )
    reason = lines[index].strip() if index >= 0 else ""
    before = lines[: max(index, 0)]
    where = _C_LINE.match(last_c_line("\n".join(before)) or c_line)
    c_line, name, number = where.groups() if where else ("", "", "")
    instruction = next(
        (line for line in reversed(before) if _INSTRUCTION.match(line)), ""
    )
    path, line = _find(files, name or "", int(number or 0), c_line)
    if path and not c_line:
        c_line = files[path].split("\n")[line - 1].strip()
    registers = _registers(reason, instruction, before)
    plain = plain_words.of_verifier(reason + _size_of(log))
    if "mem access" in reason and any(r.endswith(" = 0") for r in registers):
        plain = plain_words.NO_VARIABLES
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
    """A reason for a program that was too large: its log has none."""
    processed = re.search(r"processed (\d+) insns", log)
    too_large = processed and int(processed.group(1)) > 1000000
    return " too large" if too_large else ""


def _find(
    files: Dict[str, str], name: str, number: int, c_line: str
) -> Tuple[str, int]:
    """The location: by the file's name, or where only one line matches."""
    for path, text in files.items():
        count = text.count("\n") + 1
        if os.path.basename(path) == name and 0 < number <= count:
            return path, number
    found = [
        (path, i)
        for path, text in files.items()
        for i, line in enumerate(text.split("\n"), start=1)
        if c_line and line.strip() == c_line
    ]
    return found[0] if len(found) == 1 else ("", 0)


def _registers(reason: str, instruction: str, lines: List[str]) -> List[str]:
    """The last known states of the registers that the reason names."""
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
