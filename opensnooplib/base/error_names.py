# SPDX-License-Identifier: Apache-2.0
"""Names of errors, by errno, including those that only tracers see."""

from __future__ import annotations

import errno

# Inside the kernel: include/linux/errno.h.
_OF_THE_KERNEL = {
    512: "ERESTARTSYS",
    513: "ERESTARTNOINTR",
    514: "ERESTARTNOHAND",
    515: "ENOIOCTLCMD",
    516: "ERESTART_RESTARTBLOCK",
    517: "EPROBE_DEFER",
    518: "EOPENSTALE",
    524: "ENOTSUPP",
}

# Where one number has two names, Python prefers libc's second one to the
# kernel's, which strace shows too.
_PREFERRED = {errno.EDEADLK: "EDEADLK", errno.EOPNOTSUPP: "EOPNOTSUPP"}

ERROR_NAMES: dict[int, str] = dict(
    sorted({**errno.errorcode, **_PREFERRED, **_OF_THE_KERNEL}.items())
)
