# SPDX-License-Identifier: Apache-2.0
"""The syscalls that open files."""

from __future__ import annotations

from opensnooplib.kernel import tracefs

# The syscalls, named as in their tracepoints.
OPEN_CALLS = ("open", "creat", "openat", "openat2", "open_by_handle_at")


def traced() -> list[str]:
    """The syscalls for which this kernel has tracepoints."""
    return [
        call
        for call in OPEN_CALLS
        if tracefs.fields("syscalls", f"sys_enter_{call}")
    ]
