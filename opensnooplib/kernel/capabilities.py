# SPDX-License-Identifier: Apache-2.0
"""The capabilities of this process: capabilities(7)."""

from __future__ import annotations

# The bits of the capabilities that tracing uses.
CAPABILITIES = {
    "CAP_DAC_READ_SEARCH": 2,
    "CAP_IPC_LOCK": 14,
    "CAP_SYS_ADMIN": 21,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
}


def _effective() -> int:
    """The bit set CapEff of proc_pid_status(5)."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    return 0


def has(name: str) -> bool:
    return bool(_effective() >> CAPABILITIES[name] & 1)


def may_trace() -> bool:
    """Has this process the rights to trace?

    These are CAP_SYS_ADMIN or, since Linux 5.8, CAP_BPF and CAP_PERFMON.
    """
    return has("CAP_SYS_ADMIN") or (has("CAP_BPF") and has("CAP_PERFMON"))
