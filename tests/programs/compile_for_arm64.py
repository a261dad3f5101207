#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Lets BCC compile the C as on arm64, with the small tree of headers.

    ARCH=arm64 compile_for_arm64.py PLAN FOLDER

Prints JSON: for each program its instructions, as [code, destination, source,
offset, immediate]. Loads none: the kernel of this machine would refuse them.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from opensnooplib.compile import compile_room  # noqa: E402
from opensnooplib.compile.bcc_program import Compiled  # noqa: E402
from opensnooplib.kernel import hooks, tracefs  # noqa: E402
from opensnooplib.cli import arguments  # noqa: E402
from opensnooplib.source import kernel_headers, c_text
from opensnooplib.compile import own_source  # noqa: E402


def main() -> None:
    plan, folder = sys.argv[1:]
    options = arguments.parse(["-F"])
    functions = {
        define: names[0]
        for define, names in hooks.OPEN_FUNCTIONS["aarch64"].items()
    }
    job = compile_room.Job(
        options=options,
        source=c_text.read(c_text.path_of(options)),
        plan=plan,
        functions=functions if plan in ("fentry", "kprobe") else {},
        tool_pid=os.getpid(),
        folder=folder,
        install_rings=lambda map_fd: None,
    )
    tracefs.mount_for_this_process()
    text = compile_room.make_source(job)
    kernel_headers.make_small_tree(folder, text)
    os.environ["BCC_KERNEL_SOURCE"] = folder
    compiled = Compiled(
        text,
        # BCC 0.31 of x86 protects jumps in a way that arm64 hasn't.
        [*kernel_headers.small_tree_flags(folder), "-fcf-protection=none"],
        lambda program: own_source.place_of(program, job.source),
    )
    print(json.dumps({n: _decode(compiled, n) for n in compiled._names()}))


def _decode(compiled: Compiled, name: str) -> list[list[int]]:
    return [
        [code, registers & 15, registers >> 4, offset, immediate]
        for code, registers, offset, immediate in struct.iter_unpack(
            "=BBhi", compiled._code(name)
        )
    ]


main()
