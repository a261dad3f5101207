# SPDX-License-Identifier: Apache-2.0
"""What the running kernel says about itself."""

from __future__ import annotations

import errno
import functools
import os
import re

# The inode of the host's PID namespace: PROC_PID_INIT_INO of
# include/linux/proc_ns.h.
_HOST_PID_NAMESPACE = 0xEFFFFFFC

BTF = "/sys/kernel/btf/vmlinux"


def text_of(path: str) -> str:
    """The text of a file of the system's; "" if it can't be read.

    Raises OSError if this process, or the host, has too many files open.
    """
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace")
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        return ""


def release() -> str:
    """The release, as of uname -r, for example "6.1.0-18-amd64"."""
    return os.uname().release


def version() -> tuple[int, int, int]:
    """The version, for example (6, 1, 0)."""
    numbers = re.findall("[0-9]+", release().split("-")[0])
    major, minor, patch = map(int, [*numbers, 0, 0, 0][:3])
    return major, minor, patch


def has_btf() -> bool:
    """Does the kernel give its own BTF? For structs: btf.has_structs()."""
    return os.path.exists(BTF)


def preempts_programs(hook: str) -> bool:
    """Can this kernel preempt BPF programs on hooks of this kind?

    If so, it skips a program while another task is in the middle of it. A
    preemptible kernel preempts programs on functions (fentry) and, since Linux
    7, those on tracepoints of syscalls, which it calls through
    trace_call_bpf_faultable(). Those on kprobes missed opens in a few of many
    runs on Linux 7.2 (5 of 3,700; 1, 166, 200 and 272 of 100,000, on a busy
    emulator), for a reason not yet known.
    """
    if hook == "kprobe" or not _is_preemptible():
        return False
    return hook == "fentry" or version() >= (7, 0, 0)


def _is_preemptible() -> bool:
    """Is the kernel preemptible, by debugfs or, without that, by uname -v?

    With PREEMPT_DYNAMIC this depends on a boot option, whose default differs;
    Linux 7 is always preemptible on x86 and arm64.
    """
    how = text_of("/sys/kernel/debug/sched/preempt").split()
    if how:
        return "(full)" in how or "(lazy)" in how
    words = os.uname().version.split()
    if "PREEMPT_DYNAMIC" in words:
        return version() >= (7, 0, 0)
    return any(word in words for word in _PREEMPTIBLE)


def has_task_pt_regs() -> bool:
    """Does the kernel have the helper bpf_task_pt_regs()?

    It came with Linux 5.15, commit dd6e10fbd9fb. The verifier accepts it only
    if the kernel has BTF.
    """
    return has_btf() and version() >= (5, 15, 0)


_PREEMPTIBLE = ("PREEMPT", "PREEMPT_LAZY", "PREEMPT_RT")

CPUS = "/sys/devices/system/cpu"


def parse_cpu_list(text: str) -> list[int]:
    """The CPUs in a list of sysfs such as "0-3,8" (cputopology.rst)."""
    cpus: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        cpus += range(int(first), int(last or first) + 1)
    return cpus


def online_cpus() -> list[int]:
    return parse_cpu_list(text_of(f"{CPUS}/online"))


@functools.lru_cache(maxsize=None)
def possible_cpu_count() -> int:
    """The number of values that a per-CPU map has for each key: bpf(2).

    It doesn't change while the kernel runs.
    """
    return max(parse_cpu_list(text_of(f"{CPUS}/possible"))) + 1


def pid_namespace() -> tuple[int, int] | None:
    """Device and inode of the process's PID namespace; None for the host's."""
    try:
        found = os.stat("/proc/self/ns/pid")
    except OSError:
        return None
    if found.st_ino == _HOST_PID_NAMESPACE:
        return None
    return found.st_dev, found.st_ino


def task_status(task: int | str, key: str) -> str:
    """What /proc/TASK/status says of a process or a thread: proc(5).

    "" if there is no such task. A task's name makes no line: the kernel
    escapes \\n in it, at which alone re.M begins one.
    """
    status = text_of(f"/proc/{task}/status")
    found = re.search(rf"^{key}:\s*(.*)", status, re.M)
    return found[1] if found else ""


def thread_count() -> int:
    """The number of threads on the host: proc_loadavg(5), its fourth word."""
    return int(text_of("/proc/loadavg").split()[3].partition("/")[2])


def perf_event_paranoid() -> int:
    """The sysctl of perf_event_open(2); above 2 only on Debian and Android."""
    return int(text_of("/proc/sys/kernel/perf_event_paranoid") or 0)


def memory_available() -> int:
    """The available memory in bytes: MemAvailable of proc_meminfo(5)."""
    found = re.search(r"^MemAvailable: *(\d+)", text_of("/proc/meminfo"), re.M)
    return int(found[1]) * 1024 if found else 0
