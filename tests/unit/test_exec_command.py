# SPDX-License-Identifier: Apache-2.0
"""The command of --exec, held back until the trace has begun."""

from __future__ import annotations

import subprocess
import sys

import pytest

from opensnooplib.base.errors import UsageError
from opensnooplib.trace.exec_command import Command
from tests.unit.native import CHECKOUT

# The signal is there when Python runs its hooks for forks, which swallow what
# its handler raises.
_INTERRUPTED = """
import os, signal
from opensnooplib.trace.ending_signals import EndedEarly, EndingSignals
from opensnooplib.trace.exec_command import Command
signal.signal(signal.SIGINT, signal.SIG_DFL)  # a job of sh ignores it
EndingSignals()
os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGINT))
try:
    Command(["true"], follow={follow})
except EndedEarly:
    print("ended early")
"""


@pytest.mark.parametrize("follow", [False, True])
def test_ctrl_c_while_it_is_forked(follow: bool) -> None:
    script = _INTERRUPTED.format(follow=follow)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True
    )
    assert (done.stdout, done.stderr) == (b"ended early\n", b"")


def test_a_whole_command_in_quotes_is_explained() -> None:
    with pytest.raises(UsageError, match="quote each of its words alone"):
        Command(["ls -l"])
