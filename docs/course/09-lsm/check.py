# SPDX-License-Identifier: Apache-2.0
"""Opens of one file are rows, and one command's are refused."""

import errno
import mmap
import os
import secrets

from opensnooplib.course.check import Case, Check, Hint

# One character is left, in 32 and 16 bytes with a NUL.
_FILE, _COMM = secrets.token_hex(15), secrets.token_hex(7)


def _names(name: str) -> list[str]:
    """The name, and others that are nearly the same."""
    return [name, name[:-1], f"{name}0", f"x{name[1:]}", name[1:]]


def work(case: Case) -> None:
    files = _names(_FILE) * 2
    for name in set(files):
        os.mknod(os.path.join(case.folder, name))
    errors = mmap.mmap(-1, len(files))  # by number of the open

    def open_all() -> None:
        for number, name in enumerate(files):  # once to read, once to write
            flags = os.O_WRONLY if number % 2 else os.O_RDONLY
            try:
                os.close(os.open(os.path.join(case.folder, name), flags))
            except OSError as error:
                errors[number] = error.errno or 0

    for comm in _names(_COMM):
        errors[:] = bytes(len(files))
        pid = case.process(open_all, comm)
        seen = zip(files, errors[:])
        came = [f"{name} {errno.errorcode[e]}" for name, e in seen if e]
        refused = [f"{_FILE} EPERM"] * 2 if comm == _COMM else []
        case.observe(f"what {comm} cannot open", refused, came)
        result = -errno.EPERM if refused else 0
        for _ in range(2):
            case.expect(pid=pid, comm=comm, result=result, name=_FILE)


_POSITIVE = "an errno is returned as a negative number"
_NOT_RETURNED = "only what the program returns refuses the open"
_NO_ROW = "send the row before you refuse the open"
_EACH_COMMAND = "look the command up in the map refused"
_EACH_FILE = "look the file up first: a command may open all others"
_HINTS = {
    "positive": Hint(_POSITIVE, r"[=n] EPERM"),
    "not-returned": Hint(_NOT_RETURNED, "EPERM", came=r"came \[\]"),
    "refused-without-a-row": Hint(_NO_ROW, "return -E", came=r"\Amissing"),
    "each-command": Hint(_EACH_COMMAND, r"(?s)\A(?!.*refused\.l).*-EPERM"),
    "whole-command": Hint(_EACH_FILE, r"(?s)refused\.l.*files\.l"),
}
_NAMES = ("--set", f"files[{_FILE}]=1", "--set", f"refused[{_COMM}]=1")
_SHOWN = ("--set", "files[secret]=1", "--set", "refused[head]=1")
CHECK = Check(("lsm",), work, _HINTS, _NAMES, _SHOWN)
