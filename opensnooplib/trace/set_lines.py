# SPDX-License-Identifier: Apache-2.0
"""--set -: lines on stdin set elements of maps while the trace runs."""

from __future__ import annotations

import os
import select
from typing import Iterator

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.messages import Messages
from opensnooplib.trace.running_trace import Trace


def steps(trace: Trace, messages: Messages) -> Iterator[None]:
    """Do what the lines say, and answer each; take a step in each round.

    No step waits for a line.
    """
    stdin = select.poll()
    stdin.register(0, select.POLLIN)
    text = b""
    while True:
        if stdin.poll(0):
            data = os.read(0, 1 << 16)
            if not data:
                stdin.unregister(0)
            *lines, text = (text + (data or b"\n")).split(b"\n")
            for line in filter(bytes.strip, lines):
                _set(trace, os.fsdecode(line.strip()), messages)
        yield


def _set(trace: Trace, text: str, messages: Messages) -> None:
    try:
        trace.newest.set_element(text)
        messages.note(f"set {text}")
    except OpensnoopError as error:
        messages.report(error)
