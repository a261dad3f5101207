# SPDX-License-Identifier: Apache-2.0
"""The C that BCC gets: --ebpf."""

from __future__ import annotations

import os

from opensnooplib.base.messages import print_text
from opensnooplib.options import Options
from opensnooplib.source import compiled_lines
from opensnooplib.trace import plans

# What finds the name of a file that was opened by handle.
_DIRECTORIES = ("file_of_open.h", "directory_walk.h", "full_path.h")


def run(options: Options) -> int:
    """Print it to stdout: with -v all of it, else what a person reads.

    That is what the choices leave of it, without other ways to open a file
    than the plan's syscalls. Returns the exit status; raises OpensnoopError.
    """
    text = plans.source(options)
    columns = options.columns
    shows_directories = columns.full_path or "WANT_EXE" in columns.macros
    if not options.output.verbose:
        lines = compiled_lines.shown(
            text, lambda path: _is_left_out(path, shows_directories)
        )
        text = "\n".join(lines) + "\n"
    print_text(text)
    return 0


def _is_left_out(path: str, shows_directories: bool) -> bool:
    folder, name = os.path.split(path)
    if name in _DIRECTORIES:
        return not shows_directories
    return os.path.basename(folder) == "ways"
