# SPDX-License-Identifier: Apache-2.0
"""Kernel structs for the C, from the running kernel's BTF.

If no kernel headers are installed, the kernel itself describes the layout of
its structs: BTF (Documentation/bpf/btf.rst). libbpf, which BCC needs, writes
them as C, so that `task->real_parent->tgid` works on this kernel.
"""

from __future__ import annotations

from typing import AbstractSet

from opensnooplib.kernel import btf

# The structs that a probe of opens may need, from the task or from a file, by
# the header in include/linux that declares them. What they hold comes with
# them; to what they only point at, libbpf gives a name.
STRUCTS = {
    "cgroup": ("cgroup",),
    "cgroup-defs": ("css_set", "cgroup_subsys_state"),
    "cred": ("cred",),
    "dcache": ("dentry", "qstr"),
    "fs": ("file", "filename", "inode", "super_block"),
    "fs_struct": ("fs_struct",),
    "fdtable": ("fdtable", "files_struct"),
    "kernfs": ("kernfs_node",),
    "list": ("list_head", "hlist_node"),
    "mm_types": ("mm_struct",),
    "mount": ("vfsmount", "mountpoint", "mount", "mnt_namespace"),
    "ns_common": ("ns_common",),
    "nsproxy": ("nsproxy",),
    "path": ("path",),
    "pid": ("pid", "upid"),
    "pid_namespace": ("pid_namespace",),
    "sched": ("task_struct", "signal_struct", "sigpending"),
    "user_namespace": ("user_namespace",),
}
NAMES = [name for names in STRUCTS.values() for name in names]

# The enums whose numbers depend on the configuration of the kernel.
_ENUMS = ("cgroup_subsys_id",)


def c_text(wanted: AbstractSet[str]) -> str:
    """C for those of STRUCTS that are wanted and that this kernel has.

    Raises OpensnoopError if BTF or libbpf is missing.
    """
    types = btf.of_this_kernel()
    found = [types.find(name, btf.ENUM) for name in _ENUMS]
    found += [types.find(name) for name in NAMES if name in wanted]
    return types.as_c(type_id for type_id in found if type_id > 0)
