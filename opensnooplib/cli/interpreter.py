# SPDX-License-Identifier: Apache-2.0
"""Run with a Python that has BCC.

Distributions package BCC for their own Python, /usr/bin/python3; another one
can come first in PATH.
"""

from __future__ import annotations

import importlib.util
import os
import sys

from opensnooplib.base.environment import INTERPRETER_CHANGED, original
from opensnooplib.base.errors import OpensnoopError

_SYSTEM_PYTHON = "/usr/bin/python3"


def use_one_with_bcc(program: str) -> None:
    """Start `program` again with the system's Python if this one lacks BCC.

    Raises OpensnoopError where that one lacks it too.
    """
    changed = os.environb.pop(INTERPRETER_CHANGED, None) is not None
    if importlib.util.find_spec("bcc") is not None:
        return
    if not changed and os.access(_SYSTEM_PYTHON, os.X_OK):
        environment = original()
        environment[INTERPRETER_CHANGED] = b"1"
        words = [_SYSTEM_PYTHON, program] + sys.argv[1:]
        os.execve(_SYSTEM_PYTHON, words, environment)
    raise OpensnoopError(
        "BCC for Python is missing: install python3-bpfcc (Debian, Ubuntu), "
        "python3-bcc (Fedora, SUSE), python-bcc (Arch) or py3-bcc (Alpine)"
    )
