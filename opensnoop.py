#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""opensnoop: show every file that is opened on this host, and by whom."""

from __future__ import annotations

import os
import signal
import sys
from typing import List, Optional

# Until there is something to end cleanly, Ctrl-C just ends it.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.kernel import file_descriptors
from opensnooplib.base.messages import Messages, print_text
from opensnooplib.cli import arguments, interpreter
from opensnooplib.trace import plans
from opensnooplib.commands import trace_opens
from opensnooplib.trace.ending_signals import EndedEarly


def _keep_standard_descriptors() -> None:
    """See that 0, 1 and 2 are open, or the next file would become stdout."""
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)


def main(words: Optional[List[str]] = None) -> int:
    """Parse the arguments, do what they ask. Returns the exit status."""
    _keep_standard_descriptors()
    # Where it is ignored, the kernel keeps the status of children for itself.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    verbose = False
    messages = Messages()
    try:
        options = arguments.parse(sys.argv[1:] if words is None else words)
        verbose = options.verbose
        messages = Messages(options.quiet, verbose, options.color_mistakes)
        if options.replay is not None:
            from opensnooplib.replay import (
                stored_opens,
            )  # not needed for a trace

            return stored_opens.run(options, messages)
        interpreter.use_one_with_bcc(os.path.abspath(__file__))
        file_descriptors.raise_limit()
        if options.doctor:
            from opensnooplib.commands import doctor  # not needed for a trace

            return doctor.run(options)
        if options.print_source:
            print_text(plans.source(options))
            return 0
        if options.disassemble or (options.verifier_log and not options.live):
            from opensnooplib.commands import (
                show_program,
            )  # not needed for a trace

            return show_program.run(options, messages)
        return trace_opens.run(options, messages)
    except OpensnoopError as error:
        messages.report(file_descriptors.explained(error) or error)
        return error.exit_status
    except EndedEarly:
        messages.report(OpensnoopError("ended before the trace began"))
        return 0
    except Exception as error:  # a fault of the tool's own
        if verbose:
            raise
        messages.report(
            file_descriptors.explained(error)
            or OpensnoopError(
                f"internal error: {type(error).__name__}: {error}; please "
                "report it with what -v says"
            )
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
