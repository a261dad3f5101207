# SPDX-License-Identifier: Apache-2.0
"""The capabilities of this process: capabilities(7)."""

from __future__ import annotations

from opensnooplib.kernel import this_kernel

# The bits of the capabilities that tracing uses.
CAPABILITIES = {
    "CAP_DAC_READ_SEARCH": 2,
    "CAP_SETUID": 7,
    "CAP_IPC_LOCK": 14,
    "CAP_SYS_ADMIN": 21,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
}


def has(name: str) -> bool:
    """Is it in the bit set CapEff of proc_pid_status(5)?"""
    held = this_kernel.task_status("self", "CapEff") or "0"
    return bool(int(held, 16) >> CAPABILITIES[name] & 1)


def may_trace() -> bool:
    """Has this process the rights to trace?

    These are CAP_SYS_ADMIN or, since Linux 5.8, CAP_BPF and CAP_PERFMON.
    """
    return has("CAP_SYS_ADMIN") or (has("CAP_BPF") and has("CAP_PERFMON"))
