# SPDX-License-Identifier: Apache-2.0
"""--disasm and --verifier-log: what the kernel makes of the C.

The programs are loaded and attached as for a trace, and detached again.
"""

from __future__ import annotations

import re
import shutil
import subprocess

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.messages import Messages, print_text
from opensnooplib.commands import trace_opens
from opensnooplib.options import Options
from opensnooplib.trace import plans


def run(options: Options, messages: Messages) -> int:
    """Print the instructions or the verifier's log to stdout.

    Returns the exit status. Raises OpensnoopError.
    """
    bpftool = path_of_bpftool() if options.probe.disasm else ""
    rings = trace_opens.open_rings(options, messages)
    trace, _ = plans.attach(options, rings, messages)
    try:
        if options.probe.disasm:
            programs = sorted(trace.newest.programs.items())
            texts = [f"{name}:\n{_code(bpftool, fd)}" for name, fd in programs]
            print_text("\n".join(texts))
        else:
            print_text(trace.compiler_said)
    finally:
        trace.close()
    return 0


# Not the environment's, which needn't be root's own.
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def path_of_bpftool() -> str:
    """Raises OpensnoopError if it is missing."""
    found = shutil.which("bpftool", path=_PATH)
    if not found:
        raise OpensnoopError(
            "--disasm needs bpftool, which is not installed: install it "
            "(Debian's package is bpftool)"
        )
    return found


def _code(bpftool: str, program_fd: int) -> str:
    """The instructions of a loaded program, with the lines of C.

    The kernel returns the program as it runs it, after the verifier has
    changed it in places, with a table of the line that each instruction comes
    from: BPF_OBJ_GET_INFO_BY_FD of bpf(2). Raises OpensnoopError.
    """
    with open(f"/proc/self/fdinfo/{program_fd}", encoding="ascii") as file:
        facts = dict(line.split(None, 1) for line in file)
    which = ["id", facts["prog_id:"].strip()]
    done = subprocess.run(
        [bpftool, "prog", "dump", "xlated", *which, "linum"],
        stdin=subprocess.DEVNULL,
        env={"PATH": _PATH},  # it may be a shell script
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
    )
    if done.returncode:
        raise OpensnoopError("bpftool failed", done.stderr or done.stdout)
    return shown(done.stdout)


# What bpftool writes behind a line of C.
_LOCATION = re.compile(r" \[file:(?:.*/)?(.*) line_num:(\d+) line_col:\d+\]\n")


def shown(printed: str) -> str:
    """What bpftool printed, with shorter locations, and each line of C once.

    bpftool repeats a line for each column, and prints an empty one, of number
    0, for code that the compiler has added.
    """
    text = last = ""
    for line in printed.splitlines(keepends=True):
        found = _LOCATION.search(line)
        if found:
            line = line.replace(found[0], f" @ {found[1]}:{found[2]}\n")
            if line == last or found[2] == "0":
                continue
            last = line
        text += line
    return text
