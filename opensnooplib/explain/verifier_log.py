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
from typing import Dict, List, Tuple

from opensnooplib.explain import plain_words
from opensnooplib.source import c_text

_C_LINE = re.compile(r"^; ?(.*?)(?: @ ([^@ ]+):(\d+))?$")
_NO_REASON = re.compile(
    r"^(\d+: |;|processed \d+|HINT:|bpf: |verification time|stack depth"
    r"|from \d+ to \d+|last_idx|regs=|mark_precise|parent |libbpf|"
    r"(old|cur) state:|safe$|BPF:|max_states|  |$)"
)


def explained(log: str, sentence: str, files: Dict[str, str]) -> List[str]:
    """Lines about a refusal: where in the C, the verifier's reason, and ours.

    `sentence` is shown below them; `files` are the texts of the C, by path.
    """
    c_line = name = reason = ""
    number = 0
    for line in log.split("\n"):
        found = _C_LINE.match(line)
        if found and found[3] != "0":  # line 0 is the compiler's own
            c_line, name, number = found[1], found[2] or "", int(found[3] or 0)
        elif not _NO_REASON.match(line):
            reason = line.strip()
    lines = []
    path, number = _find(files, name, number, c_line)
    if path:
        c_line = c_line or files[path].split("\n")[number - 1].strip()
        location = f"{c_text.shown_name(path)}:{number}"
        lines.append(f"{location}: error: the kernel refuses this:")
    if c_line:
        lines.append(f"        {c_line}")
    if reason:
        lines.append(f"the verifier: {reason}")
    plain = plain_words.of_verifier(reason)
    if plain and plain not in sentence:
        lines.append(f"in plain words: {plain}")
    return lines


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
