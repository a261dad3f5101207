# SPDX-License-Identifier: Apache-2.0
"""The tool is run by a Python that has BCC.

Distributions package BCC for their own Python, /usr/bin/python3; another one
can come first in PATH.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import site
import sys

from opensnooplib.base.environment import INTERPRETER_CHANGED, original
from opensnooplib.base.errors import OpensnoopError

_SYSTEM_PYTHON = "/usr/bin/python3"


def use_one_with_bcc(program: str) -> None:
    """Start `program` again with the system's Python if this one lacks BCC.

    Raises OpensnoopError if that one lacks it, too.
    """
    changed = os.environb.pop(INTERPRETER_CHANGED, None) is not None
    bcc = importlib.util.find_spec("bcc")
    if bcc is not None:
        # The search makes opensnoop.py check BCC's directory here, rather than
        # in the compile room.
        folders = bcc.submodule_search_locations
        importlib.machinery.PathFinder.find_spec("libbcc", folders)
        return
    if not changed and os.access(_SYSTEM_PYTHON, os.X_OK):
        environment = original()
        environment[INTERPRETER_CHANGED] = b"1"
        words = [_SYSTEM_PYTHON, "-IS", program] + sys.argv[1:]
        os.execve(_SYSTEM_PYTHON, words, environment)
    unsafe = ", ".join(
        folder
        for folder in site.getsitepackages()
        if os.path.isdir(folder) and folder not in sys.path
    )
    raise OpensnoopError(
        "BCC for Python is missing: install python3-bpfcc (Debian, Ubuntu), "
        "python3-bcc (Fedora, SUSE), python-bcc (Arch) or py3-bcc (Alpine)"
        + (unsafe and f"; not searched, since others can write to {unsafe}")
    )
