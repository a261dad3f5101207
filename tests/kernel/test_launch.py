# SPDX-License-Identifier: Apache-2.0
"""What makes a launch short, and that nothing is lost or doubled by it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import List, Tuple

import pytest

from tests.kernel import chosen
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import OpenLoad
from tests.kernel.tool import CHECKOUT, Tool, replace_in, run

_COUNT_SYMBOLS = """\
import os
from opensnooplib.compile import few_symbols

def count(root=""):
    return sum(1 for _ in open(f"{root}/proc/kallsyms"))

with few_symbols.shown():
    print(count(), count(f"/proc/{os.getppid()}/root") > 1000)
print(count() > 1000)
"""


_READS_BOTH = """\
#include <linux/sched.h>

struct event {
	char path[64];
	u64 task;
};
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct event event = {};
	void *task = (void *)bpf_get_current_task();

	bpf_probe_read_user_str(event.path, 64, args->filename);
	bpf_probe_read_kernel(&event.task, 8, task);
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
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


def test_helpers_are_those_of_one_memory(tmp_path: Path) -> None:
    """BCC takes older ones, which read both, if it finds no symbols."""
    path = tmp_path / "my.c"
    path.write_text(_READS_BOTH)
    said = run("--source", str(path), "--disasm").output.decode()
    calls = set(re.findall(r"call bpf_(probe_read\w*)", said))
    assert calls == {"probe_read_user_str", "probe_read_kernel"}


_AGAIN = "the compiler: compiled again, as usual: "


@pytest.mark.every_kernel
@pytest.mark.parametrize("plan", chosen.plans())
@pytest.mark.parametrize(
    "options",
    chosen.first(1, ["--all -x --path !*a", "--all -R -x", "-F", ""]),
)
def test_the_short_way_does(plan: str, options: str) -> None:
    skip_without_hooks_for(plan)
    words = [*options.split(), "--attach", plan, "-v", "-d", "0.1"]
    ended = run(*words)
    assert ended.status == 0 and "watching" in ended.messages
    assert _AGAIN not in ended.messages


def test_else_the_c_is_compiled_as_usual(checkout_copy: Path) -> None:
    """Here since the short way has no constants of the kernel's enums."""
    replace_in(
        checkout_copy / "bpf_src" / "record.h",
        "\tevent->ret = ret;\n",
        "\tevent->ret = ret;\n#ifdef KERNEL_STRUCTS_FROM_BTF\n\t"
        "if (PIDTYPE_MAX == 99)\n\t\tevent->ret = 0;\n"
        "#endif\n",
    )
    ended = run("-v", "-d", "0.1", checkout=checkout_copy)
    assert ended.status == 0
    if "headers: a small tree" in ended.messages:
        assert _AGAIN in ended.messages


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


def test_a_save_can_not_add_or_remove_one(checkout_copy: Path) -> None:
    """The stub for the others would see the call as well, or not."""
    plan = checkout_copy / "bpf_src" / "plans" / "syscall_exit.h"
    without = plan.read_text()
    refused = (
        "a program at syscalls:sys_exit_open can't be added or removed while "
        "this plan runs: end the trace, and start it again"
    )
    with_one = without + _EXIT_OF_OPEN
    for first, second in (without, with_one), (with_one, without):
        plan.write_text(first)
        words = ["--live", "--attach", "syscall-exit", "-p", "1"]
        with Tool(*words, checkout=checkout_copy) as tool:
            plan.write_text(second)
            tool.await_line(f".*{refused}")
            tool.stop()


@pytest.mark.parametrize(
    "options", [[], ["-F", "-L", "--ppid", "--all"]], ids=" ".join
)
def test_the_compiler_has_nothing_to_say(options: List[str]) -> None:
    """No macro is defined twice, for example, and no type is wrong."""
    ended = run("-v", "-d", "0.1", *options)
    assert "plan " in ended.messages
    assert "the compiler" not in ended.messages
