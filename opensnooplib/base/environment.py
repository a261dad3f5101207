# SPDX-License-Identifier: Apache-2.0
"""The environment as it was given to us.

Python adds LC_CTYPE to its own where no locale is set (PEP 538), and what it
starts would then open other files than without this tool.
"""

# opensnoop.py needs this before it knows where imports would come from.
import os

# Set by interpreter.py, for itself.
INTERPRETER_CHANGED = b"OPENSNOOP_INTERPRETER_CHANGED"


def original() -> dict[bytes, bytes]:
    """From proc_pid_environ(5), without what is the tool's own."""
    try:
        with open("/proc/self/environ", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:  # --doctor tells that /proc isn't mounted
        return dict(os.environb)
    pairs = (word.partition(b"=") for word in words if b"=" in word)
    variables = {name: value for name, _, value in pairs}
    variables.pop(INTERPRETER_CHANGED, None)
    return variables
