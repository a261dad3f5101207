# SPDX-License-Identifier: Apache-2.0
"""--disasm and --verifier-log: what the kernel makes of the C.

The programs are loaded and attached as for a trace, and detached again.
"""

from __future__ import annotations

from opensnooplib.inspection import disassembly
from opensnooplib.base.messages import Messages, print_text
from opensnooplib.options import Options
from opensnooplib.trace import plans
from opensnooplib.commands import trace_opens


def run(options: Options, messages: Messages) -> int:
    """Print the instructions or the verifier's log to stdout.

    Returns the exit status. Raises OpensnoopError.
    """
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
