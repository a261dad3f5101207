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

Later kernels add a report that is written for people, between the reason and
the last line; it is shown as it is: kernel/bpf/diagnostics.c. It has sections:

    Verification failed: Memory Safety: ...

    Reason:
      ...
"""

from __future__ import annotations

import os
import re
from typing import Iterator

from opensnooplib.explain import plain_words
from opensnooplib.source import c_text

_C_LINE = re.compile(r"^; ?(.*?)(?: @ ([^@ ]+):(\d+))?$")
# A load of the address of a constant or a variable, which BCC leaves as an
# offset from 0. The address of a map has more digits, or a name.
_LOAD_OF_CONSTANT = re.compile(
    r"^\d+: (\(18\) r\d = 0x[0-7]?[0-9a-f]{1,7})(?: |$)", re.MULTILINE
)
_REPORT = re.compile(
    r"^Verification failed: .*?(?=^processed \d+ insns|\Z)",
    re.MULTILINE | re.DOTALL,
)
# The beginning of BCC's line above the log.
_FAILED = "bpf: Failed to load program: "
_NO_REASON = re.compile(
    r"^(\d+: |;|processed \d+|HINT:|bpf: |verification time|stack depth"
    r"|from \d+ to \d+|last_idx|regs=|mark_precise|parent |libbpf|"
    r"(old|cur) state:|safe$|BPF:|max_states|  |$)"
)


_CLine = tuple[str, int, str]  # the name of the file, the number, the text


def _lines(log: str) -> Iterator[tuple[_CLine, str]]:
    """Each line of the log, with the last line of C until then."""
    c_line = ("", 0, "")
    for line in log.split("\n"):
        found = _C_LINE.match(line)
        if found and found[3] != "0":  # line 0 is the compiler's own
            c_line = found[2] or "", int(found[3] or 0), found[1]
        yield c_line, line


def location_of(instruction: int, log: str, files: dict[str, str]) -> str:
    """The location of an instruction, given by its number: "my.c:12: ".

    "" if the log doesn't say.
    """
    for c_line, line in _lines(log):
        if line.startswith(f"{instruction}: ("):
            path, number = _find(files, c_line)
            return f"{c_text.shown_name(path)}:{number}: " if path else ""
    return ""


def reason_in(log: str) -> str:
    """The reason for a refusal, in the verifier's words; "" if it has none."""
    _, _, log = _REPORT.sub("", log).rpartition(_FAILED)
    reasons = [one for one in log.split("\n")[1:] if not _NO_REASON.match(one)]
    return "".join(reasons[-1:]).strip()


def explained(log: str, sentence: str, files: dict[str, str]) -> list[str]:
    """Lines about a refusal: where in the C, the verifier's reason, and ours.

    `sentence` is shown below them; `files` are the texts of the C, by path.
    """
    *_, (c_line, _) = _lines(_REPORT.sub("", log))
    reason = reason_in(log)
    lines = []
    path, number = _find(files, c_line)
    text = c_line[2]
    if path:
        text = text or files[path].split("\n")[number - 1].strip()
        location = f"{c_text.shown_name(path)}:{number}"
        lines.append(f"{location}: error: the kernel refuses this:")
    if text:
        lines.append(f"        {text}")
    if reason:
        lines.append(f"the verifier: {reason}")
    lines += [report.rstrip() for report in _REPORT.findall(log)]
    seen = [reason, text, *_LOAD_OF_CONSTANT.findall(log)]
    plain = plain_words.of_verifier("\n".join(seen))
    if plain and plain not in sentence:
        lines.append(plain_words.line(plain))
    return lines


def _find(files: dict[str, str], c_line: _CLine) -> tuple[str, int]:
    """The location: by the file's name, or where only one line matches."""
    name, number, written = c_line
    for path, text in files.items():
        count = text.count("\n") + 1
        if os.path.basename(path) == name and 0 < number <= count:
            return path, number
    found = [
        (path, i)
        for path, text in files.items()
        for i, line in enumerate(text.split("\n"), start=1)
        if written and line.strip() == written
    ]
    return found[0] if len(found) == 1 else ("", 0)
