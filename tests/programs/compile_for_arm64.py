#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compile the C as on arm64, by BCC and with the small tree of headers.

    ARCH=arm64 compile_for_arm64.py PLAN FOLDER

Prints JSON: for each program its instructions, as [code, destination, source,
offset, immediate]. Loads none, since this machine's kernel would refuse them.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from opensnooplib.cli import arguments  # noqa: E402
from opensnooplib.compile.bcc_program import BccProgram  # noqa: E402
from opensnooplib.compile.job import Job  # noqa: E402
from opensnooplib.compile.make_source import make_source  # noqa: E402
from opensnooplib.kernel import function_names, tracefs  # noqa: E402
from opensnooplib.plan_list import PLANS  # noqa: E402
from opensnooplib.source import c_text, kernel_headers  # noqa: E402
from opensnooplib.source import locations, small_headers  # noqa: E402


def main() -> None:
    name, folder = sys.argv[1:]
    plan = PLANS[name]
    options = arguments.parse(["-F"])
    functions = {
        define: names[0]
        for define, names in function_names.of_machine("aarch64").items()
    }
    job = Job(
        options=options,
        source=c_text.read(c_text.path_of(options.probe)),
        plan=plan,
        functions={} if plan.hook == "tracepoint" else functions,
        tool_pid=os.getpid(),
        folder=folder,
    )
    tracefs.mount_for_this_process()
    text = make_source(job)
    small_headers.make_tree(folder, text)
    os.environ["BCC_KERNEL_SOURCE"] = folder
    program = BccProgram(
        text,
        # BCC 0.31 on x86 protects jumps by an option that arm64 doesn't have.
        [*kernel_headers.AS_FOR_THE_KERNEL, "-fcf-protection=none"],
        lambda name: locations.of_program(name, job.source),
    )
    print(json.dumps({n: _decode(program, n) for n in program._names()}))


def _decode(program: BccProgram, name: str) -> list[list[int]]:
    return [
        [code, registers & 15, registers >> 4, offset, immediate]
        for code, registers, offset, immediate in struct.iter_unpack(
            "=BBhi", program.bpf.dump_func(name.encode())
        )
    ]


main()
