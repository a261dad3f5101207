# SPDX-License-Identifier: Apache-2.0
"""--cgroupmap and --mntnsmap: maps that another program has pinned."""

from __future__ import annotations

import errno
import os

from opensnooplib.base.errors import OpensnoopError, UsageError
from opensnooplib.kernel import bpf_objects, capabilities, why_no_bpf
from opensnooplib.options import Selection

# BPF_MAP_TYPE_HASH and BPF_MAP_TYPE_LRU_HASH of include/uapi/linux/bpf.h
_HASHES = (1, 9)


def check(selection: Selection) -> None:
    """Raises OpensnoopError for a map that is missing or has another shape.

    BCC would create a missing map, and select nothing without a word. The
    shapes are those of BCC's docs/special_filtering.md.
    """
    _check("--cgroupmap", selection.cgroup_map, "cgroup IDs", value_size=8)
    _check("--mntnsmap", selection.mntns_map, "mount namespaces", value_size=4)


def _check(option: str, path: str | None, keys: str, value_size: int) -> None:
    if path is None:
        return
    try:
        fd = bpf_objects.open_pinned(path)
        kind, *sizes, _ = bpf_objects.map_shape(fd)
        os.close(fd)
    except OSError as error:
        if error.errno == errno.EPERM and not capabilities.may_trace():
            raise OpensnoopError(why_no_bpf.sentence(errno.EPERM)) from None
        raise UsageError(
            f"{option} {path}: no BPF map is pinned there "
            f"({error.strerror}): pin one, for example with bpftool map pin, "
            "below /sys/fs/bpf or another mount of type bpf"
        ) from None
    if kind not in _HASHES or sizes != [8, value_size]:
        raise UsageError(
            f"{option} {path}: must be a hash map with {keys} (8 bytes) as "
            f"keys, and values of {value_size} bytes"
        )
