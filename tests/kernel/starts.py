# SPDX-License-Identifier: Apache-2.0
"""Commands to start the tool under: Tool(under=...)."""

from __future__ import annotations

from typing import Callable, Tuple


def prepared(script: str, *start: str) -> Tuple[str, ...]:
    """A shell that prepares a mount namespace of its own, then the tool."""
    start = start or ("unshare", "--mount")
    return (*start, "sh", "-c", f'set -e; {script}; exec "$@"', "sh")


def as_nobody(*capabilities: int) -> str:
    """Capabilities go by number: old versions of setpriv lack new names."""
    added = ",".join(["-all", *(f"+cap_{each}" for each in capabilities)])
    return (
        "setpriv --reuid=65534 --regid=65534 --clear-groups "
        f"--inh-caps={added} --ambient-caps={added}"
    )


BPF_PERFMON_AND_READ = as_nobody(39, 38, 2)
MOUNT_TRACEFS = (
    "mountpoint -q /sys/kernel/tracing || "
    "mount -t tracefs none /sys/kernel/tracing; "
    "mountpoint -q /sys/kernel/debug || "
    "mount -t debugfs none /sys/kernel/debug"
)

# The type of the fixture `locked`.
Locked = Callable[..., Tuple[str, ...]]
