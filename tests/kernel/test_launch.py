# SPDX-License-Identifier: Apache-2.0
"""What makes a launch short, and that nothing is lost or doubled by it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Tuple

import pytest

from tests.kernel.openers import OpenLoad
from tests.kernel.tool import CHECKOUT, Tool

_COUNT_SYMBOLS = """\
import os
from opensnooplib.compile import few_symbols

def count(root=""):
    return sum(1 for _ in open(f"{root}/proc/kallsyms"))

with few_symbols.shown():
    print(count(), count(f"/proc/{os.getppid()}/root") > 1000)
print(count() > 1000)
"""


def test_only_the_compile_sees_few_symbols() -> None:
    done = subprocess.run(
        ["/usr/bin/python3", "-c", _COUNT_SYMBOLS],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["4", "True", "True"]


_EXIT_OF_OPEN = """
TRACEPOINT_PROBE(syscalls, sys_exit_open)
{
	return report_at_exit(args, CALL_OPEN, CALL_OPEN, args->ret);
}
"""


@pytest.mark.parametrize("options", [(), ("--live",)])
def test_a_call_with_an_exit_program_of_its_own(
    checkout_copy: Path, open_load: Path, options: Tuple[str, ...]
) -> None:
    """The one that the other calls share is not attached there as well."""
    plan = checkout_copy / "bpf_src" / "plans" / "syscall_exit.h"
    plan.write_text(plan.read_text() + _EXIT_OF_OPEN)
    with OpenLoad(open_load, "-o", "-n", "100", "/etc/hostname") as load:
        words = [*options, "--attach", "syscall-exit", "-p", str(load.pid)]
        with Tool(*words, checkout=checkout_copy) as tool:
            load.run()
            ended = tool.stop()
    assert ended.output.count(b" /etc/hostname\n") == 100
