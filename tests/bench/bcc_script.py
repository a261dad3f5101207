#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plain BCC script, to compare the launch with: compile, attach, poll.

bcc_script.py SOURCE [COMPILER OPTION...]: prints a heading and, with the
first record that it reads, a row. BCC_KERNEL_SOURCE names the headers.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import bcc


def _show_first_record(_cpu: int, _data: Any, _size: int) -> None:
    os.write(1, b"a record\n")
    os._exit(0)


def main() -> None:
    with open(sys.argv[1], "rb") as file:
        source = file.read()
    program = bcc.BPF(text=source, cflags=sys.argv[2:])
    program["events"].open_perf_buffer(_show_first_record, page_cnt=64)
    os.write(1, b"heading\n")
    while True:
        program.perf_buffer_poll()


if __name__ == "__main__":
    main()
