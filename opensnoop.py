#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""opensnoop: show every file that is opened on this host, and by whom."""

from __future__ import annotations

import os
import sys
from typing import List, Optional

from opensnooplib import arguments, interpreter
from opensnooplib.errors import OpensnoopError
from opensnooplib.messages import Messages, report


def main(words: Optional[List[str]] = None) -> int:
    """Parse the arguments, do what they ask. Returns the exit status."""
    try:
        options = arguments.parse(sys.argv[1:] if words is None else words)
        interpreter.use_one_with_bcc(os.path.abspath(__file__))
        messages = Messages(options.quiet, options.verbose)
        if options.doctor:
            from opensnooplib import doctor

            return doctor.run(options)
        if options.print_source:
            from opensnooplib import compile_room

            return compile_room.print_source(options)
        from opensnooplib import session

        return session.run(options, messages)
    except OpensnoopError as error:
        report(error)
        return error.exit_status
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
