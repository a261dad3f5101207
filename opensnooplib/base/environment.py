# SPDX-License-Identifier: Apache-2.0
"""The environment as the tool was given it.

Python adds LC_CTYPE to its environment if no locale is set (PEP 538); a
command that it starts would then open other files than without this tool.
"""

# Only os is imported: opensnoop.py needs this module before it has checked
# where imports come from.
import os

# The variable that cli/interpreter.py sets for itself when it starts another
# Python.
INTERPRETER_CHANGED = b"OPENSNOOP_INTERPRETER_CHANGED"


def original() -> dict[bytes, bytes]:
    """The variables of proc_pid_environ(5), without the tool's own."""
    try:
        with open("/proc/self/environ", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:  # /proc isn't mounted, which --doctor reports
        return dict(os.environb)
    pairs = (word.partition(b"=") for word in words if b"=" in word)
    variables = {name: value for name, _, value in pairs}
    variables.pop(INTERPRETER_CHANGED, None)
    return variables
