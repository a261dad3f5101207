# SPDX-License-Identifier: Apache-2.0
"""--set -: lines on stdin set elements of maps while the trace runs."""

from __future__ import annotations

from typing import Iterator

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.messages import Messages
from opensnooplib.trace import line_steps
from opensnooplib.trace.running_trace import Trace


def steps(trace: Trace, messages: Messages) -> Iterator[None]:
    """Do what the lines say, and answer each, in the steps of line_steps."""

    def set_element(text: str) -> None:
        try:
            trace.newest.set_element(text.strip())
            messages.note(f"set {text.strip()}")
        except OpensnoopError as error:
            messages.report(error)

    return line_steps.steps(0, set_element)
