# SPDX-License-Identifier: Apache-2.0
"""Lines of bpf_trace_printk() begin with a tag and the function's name.

Every such line of the host reaches one tracepoint. Nobody can guess the tag,
by which bpf_src/printk_lines.h, a part of the C then, knows this C's lines.
"""

from __future__ import annotations

import re
import struct

from opensnooplib.source import c_text
from opensnooplib.source.comments import without_comments

# The tag and the name in a string of the C.
MARK = re.compile(r'(?<=")[0-9a-f]{16}[^":]*: ')

_STRING = re.compile(r'\bbpf_trace_printk\s*\(\s*"')
# A function: its name, or its macro with the arguments.
_HEAD = re.compile(r"^(?=[A-Za-z_])[^(\n]*?(\w+)[ \t]*(\([^)\n]*)", re.M)


def with_names(text: str, tag: str) -> str:
    """Put the tag and the function's name before what is printed.

    All lines keep their numbers. What sends the lines stands before them, if
    some are printed.
    """
    code = without_comments(text)
    for call in reversed(list(_STRING.finditer(code))):
        name, arguments = (_HEAD.findall(code, 0, call.start()) or ["?("])[-1]
        if name.isupper():  # TRACEPOINT_PROBE(raw_syscalls, sys_enter)
            name += arguments.replace('"', "") + ")"
        at = call.end()
        text = f"{text[:at]}{tag}{name}: {text[at:]}"
    if not _STRING.search(code):
        return text
    path = c_text.default_path().replace("opensnoop.c", "printk_lines.h")
    tags = struct.unpack("<QQ", tag.encode())
    defines = [(f"PRINTK_TAG_{i}", f"{n}ULL") for i, n in enumerate(tags, 1)]
    # In front, so that a { that isn't closed ends with the person's own C.
    return c_text.with_defines(c_text.read(path).text + text, defines)
