# SPDX-License-Identifier: Apache-2.0
"""The monitor, which outlives its trace for a moment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.unit.native import CHECKOUT

# A trace that is stopped before it reads an answer.
_TRACE = """
import os, signal
from opensnooplib.base import monitor, privileged
def answer():
    os.kill(os.getppid(), signal.SIGSTOP)
    return 0
privileged.FUNCTIONS["answer"] = answer
monitor.start(lambda: open({witness!r}, "w").close())
privileged.ask("answer", [])
"""


def test_the_trace_is_killed_before_it_reads_an_answer(tmp_path: Path) -> None:
    """The monitor does what is to be done at the end, all the same."""
    witness = tmp_path / "witness"
    script = _TRACE.format(witness=str(witness))
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=CHECKOUT, stderr=subprocess.PIPE
    ) as trace:
        os.waitpid(trace.pid, os.WUNTRACED)
        time.sleep(0.1)  # for the answer
        trace.kill()
        _, said = trace.communicate()  # up to the end of the monitor
    assert said == b""
    assert witness.exists()
