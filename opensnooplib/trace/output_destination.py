# SPDX-License-Identifier: Apache-2.0
"""Where rows or records go: stdout, or the file of -o or --record."""

from __future__ import annotations

import errno
import os

from opensnooplib.base import output_file
from opensnooplib.base.messages import Messages
from opensnooplib.options import Output
from opensnooplib.reader import Reader
from opensnooplib.recording import description


def open_output(output: Output) -> int:
    """The descriptor that rows or records go to. Raises OpensnoopError."""
    if output.record is not None:
        return description.open_for_writing(output.record)
    if output.output_file is None:
        return 1
    return output_file.open_for_writing("-o", output.output_file)


def tell_output_error(
    rings: Reader, output: Output, messages: Messages
) -> None:
    """Say why rows or records could not be written."""
    where = output.record or output.output_file or "stdout"
    what = "rows"
    if output.record or output.summary:
        what = "records" if output.record else "the summary"
    error = rings.counts().error
    if error == errno.ESTALE:
        messages.warn(
            f"{where} was truncated or removed during the trace: what was "
            "already written to it is gone"
        )
        return
    if error == errno.ETIMEDOUT:
        why = "the reader has stopped reading"
    else:
        why = os.strerror(error)
    messages.warn(f"cannot write {what} to {where}: {why}")
