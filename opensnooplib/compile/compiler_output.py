# SPDX-License-Identifier: Apache-2.0
"""What BCC, clang and the verifier print, and the errors that go with it.

In the compile room, descriptor 2 is a file that all of them write to.
"""

from __future__ import annotations

import os
import re

from opensnooplib.base.errors import OpensnoopError

# An error of clang, of LLVM, or of LLVM's back end for BPF.
ERROR = re.compile(
    r"^(error: |\S.*:\d+:\d+: (fatal )?error: |.*Unsupport signed division)",
    re.MULTILINE,
)


class CompilerError(OpensnoopError):
    """An error that is reported together with what BCC printed."""


class VerifierError(CompilerError):
    """The kernel refuses a program; the verifier's log has been printed."""


def forget_printed() -> None:
    """Empty the file."""
    os.ftruncate(2, 0)
    os.lseek(2, 0, os.SEEK_SET)


def add_to_printed(line: str) -> None:
    """Add a line, which -v shows."""
    os.write(2, line.encode(errors="surrogateescape"))


def printed() -> str:
    """What was printed."""
    return os.pread(2, os.fstat(2).st_size, 0).decode(errors="replace")
