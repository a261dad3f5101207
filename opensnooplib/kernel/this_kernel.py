# SPDX-License-Identifier: Apache-2.0
"""What the running kernel says of itself."""

from __future__ import annotations

import os
from typing import List, Optional, Tuple, Union

# PROC_PID_INIT_INO of include/linux/proc_ns.h
_HOST_PID_NAMESPACE = 0xEFFFFFFC

BTF = "/sys/kernel/btf/vmlinux"


def release() -> str:
    """As uname -r, for example "6.1.0-18-amd64"."""
    return os.uname().release


def version() -> Tuple[int, int, int]:
    """For example (6, 1, 0)."""
    numbers: List[int] = []
    for word in release().split("-")[0].split("."):
        digits = "".join(c for c in word if c.isdigit())
        numbers.append(int(digits) if digits else 0)
    numbers += [0, 0, 0]
    return numbers[0], numbers[1], numbers[2]


def has_btf() -> bool:
    return os.path.exists(BTF)


def preempts_programs(plan: str) -> bool:
    """May this kernel preempt BPF programs of that plan?

    If so it skips a program where another task is in the middle of it, until
    that one runs again. A preemptible kernel preempts those on functions
    (fentry), and since Linux 7 those on tracepoints of syscalls, which it
    calls through trace_call_bpf_faultable(); those on kprobes never.
    """
    if plan == "kprobe" or not _is_preemptible():
        return False
    return plan == "fentry" or version() >= (7, 0, 0)


def _is_preemptible() -> bool:
    """From debugfs; where that isn't mounted, from uname -v.

    With PREEMPT_DYNAMIC it depends on a boot option, whose default differs;
    Linux 7 has no other choice on x86 and arm64.
    """
    try:
        with open("/sys/kernel/debug/sched/preempt", encoding="ascii") as file:
            return bool({"(full)", "(lazy)"} & set(file.read().split()))
    except OSError:
        pass
    words = os.uname().version.split()
    if "PREEMPT_DYNAMIC" in words:
        return version() >= (7, 0, 0)
    return any(word in words for word in _PREEMPTIBLE)


def has_task_pt_regs() -> bool:
    """The helper for BPF programs: Linux 5.15, commit dd6e10fbd9fb.

    The verifier takes it only where it knows the kernel's types.
    """
    return has_btf() and version() >= (5, 15, 0)


_PREEMPTIBLE = ("PREEMPT", "PREEMPT_LAZY", "PREEMPT_RT")

CPUS = "/sys/devices/system/cpu"


def parse_cpu_list(text: str) -> List[int]:
    """Such as "0-3,8", as sysfs writes it (cputopology.rst)."""
    cpus: List[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        cpus += range(int(first), int(last or first) + 1)
    return cpus


def _cpu_list(name: str) -> List[int]:
    with open(f"{CPUS}/{name}", encoding="ascii") as file:
        return parse_cpu_list(file.read())


def online_cpus() -> List[int]:
    return _cpu_list("online")


def possible_cpu_count() -> int:
    """How many values a per-CPU map has for each key: bpf(2)."""
    return max(_cpu_list("possible")) + 1


def pid_namespace() -> Optional[Tuple[int, int]]:
    """Device and inode of this process's, or None for the host's own."""
    try:
        found = os.stat("/proc/self/ns/pid")
    except OSError:
        return None
    if found.st_ino == _HOST_PID_NAMESPACE:
        return None
    return found.st_dev, found.st_ino


def task_status(task: Union[int, str]) -> List[str]:
    """The lines of /proc/TASK/status, for a process or a thread: proc(5).

    Empty where there is none.
    """
    try:
        with open(
            f"/proc/{task}/status", encoding="utf-8", errors="replace"
        ) as file:
            return file.read().splitlines()
    except OSError:
        return []


def thread_count() -> int:
    """All threads on the host: proc_loadavg(5), its fourth word."""
    with open("/proc/loadavg", encoding="ascii") as file:
        return int(file.read().split()[3].partition("/")[2])


def perf_event_paranoid() -> int:
    """See perf_event_open(2); above 2 on Debian and Android kernels only."""
    path = "/proc/sys/kernel/perf_event_paranoid"
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except OSError:
        return 0


def memory_available() -> int:
    """Bytes: MemAvailable of proc_meminfo(5)."""
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0
