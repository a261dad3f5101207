# SPDX-License-Identifier: Apache-2.0
"""Two processes are busy, each in a function of its own; a third sleeps."""

import os
import signal
import time
from subprocess import Popen, run

from opensnooplib.course.check import Between, Case, Check, Hint


class _Of(str):  # a program, in which a stack begins
    def __eq__(self, stacks: object) -> bool:
        return isinstance(stacks, list) and self in stacks[0][0]


def _before(case: Case) -> None:
    source = os.path.join(os.path.dirname(__file__), "busy.c")
    run(["cc", "-pthread", "-o", f"{case.folder}/busy", source], check=True)
    name = case.word()  # of one that sleeps before the trace begins
    pid = Popen([f"{case.folder}/busy", name]).pid
    while name not in os.popen(f"cat /proc/{pid}/task/*/comm").read():
        pass


def work(case: Case) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    case.own(*(f"swapper/{cpu}" for cpu in cpus))  # of idle ones
    for function, cpu, ms in (("run", cpus[0], 100), ("jump", cpus[-1], 500)):
        name, program = case.word(15), _Of(f"{case.folder}/{function}")
        os.link(f"{case.folder}/busy", program)
        pid = Popen(["taskset", "-c", str(cpu), program, name, function]).pid
        clock = ~pid << 3 | 2  # its CPU time: see clock_getcpuclockid(3)
        while time.clock_gettime(clock) < ms / 1000:
            time.sleep(0.001)
        os.kill(pid, signal.SIGSTOP)  # it stays, so that names can be found
        os.waitpid(pid, os.WUNTRACED)
        about = round(99 * time.clock_gettime(clock))
        # On a busy host, which samples meet a process is chance.
        n = Between(about * 6 // 10 - 3, about * 10 // 6 + 3)
        case.expect("samples", pid=pid, comm=name, stacks=program, value=n)


CHECK = Check(
    hooks=("perf event",),
    work=work,
    programs=("cc", "taskset"),
    options=("--maps",),
    before=_before,
    hints={
        "kernel-stack": Hint(
            "without BPF_F_USER_STACK, the stack is the kernel's",
            c=r"get_stackid\(\w+, 0\)",
        ),
        "thread-for-process": Hint(
            "the busy thread is not its process's first: shift by 32 bits",
            c=r"pid = bpf_get_current_pid_tgid\(\);",
        ),
        "set-not-counted": Hint(
            "update() forgets what was counted", c=r"samples\.update\("
        ),
    },
)
