# SPDX-License-Identifier: Apache-2.0
"""--ebpf: the C that BCC gets. --disasm, --verifier-log: what becomes of it.

For the last two, the programs are loaded and attached as for a trace, and
detached again.
"""

from __future__ import annotations

import os

from opensnooplib.inspection import disassembly
from opensnooplib.base.messages import Messages, print_text
from opensnooplib.options import Options
from opensnooplib.source import compiled_lines
from opensnooplib.trace import plans
from opensnooplib.commands import trace_opens

# What finds the name of a file that was opened by handle.
_DIRECTORIES = ("file_of_open.h", "directory_walk.h", "full_path.h")


def run(options: Options, messages: Messages) -> int:
    """Print it to stdout. Returns the exit status; raises OpensnoopError."""
    if options.print_source:
        print_text(_source(options))
        return 0
    rings = trace_opens.open_rings(options, messages)
    trace, _ = plans.attach(options, rings, messages)
    try:
        if options.disassemble:
            print_text(disassembly.of_programs(trace.newest.programs))
        else:
            print_text(trace.compiler_said)
    finally:
        trace.close()
    return 0


def _source(options: Options) -> str:
    """The C: with -v all of it, else what a person reads.

    That is what the choices leave of it, without other ways to open a file
    than the plan's syscalls.
    """
    text = plans.source(options)
    if options.verbose:
        return text

    def is_left_out(path: str) -> bool:
        folder, name = os.path.split(path)
        if name in _DIRECTORIES:
            return not options.full_path
        return os.path.basename(folder) == "ways"

    return "\n".join([*compiled_lines.shown(text, is_left_out), ""])
