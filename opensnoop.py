#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""opensnoop: show every file that is opened on this host, and by whom."""

from __future__ import annotations

import os
import sys
from typing import List, Optional

from opensnooplib import arguments, doctor, interpreter, session
from opensnooplib.errors import OpensnoopError
from opensnooplib.messages import Messages, report


def main(words: Optional[List[str]] = None) -> int:
    """Parse the arguments, do what they ask. Returns the exit status."""
    try:
        options = arguments.parse(sys.argv[1:] if words is None else words)
        interpreter.use_one_with_bcc(os.path.abspath(__file__))
        if options.doctor:
            return doctor.run(options)
        if options.print_source:
            return session.print_source(options)
        return session.run(options, Messages(options.quiet, options.verbose))
    except OpensnoopError as error:
        report(error)
        return error.exit_status
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
