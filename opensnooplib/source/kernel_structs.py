# SPDX-License-Identifier: Apache-2.0
"""Kernel structs for the C, from the running kernel's BTF.

If no kernel headers are installed, the kernel itself describes the layout of
its structs: BTF (Documentation/bpf/btf.rst). libbpf, which BCC needs, writes
them as C, so that `task->real_parent->tgid` works on this kernel.
"""

from __future__ import annotations

from typing import AbstractSet, Iterator, List, Mapping, Optional, Union

from opensnooplib.kernel import btf
from opensnooplib.kernel.btf import Btf, TypedField

Part = Union[int, str, TypedField]

# The structs that a probe of opens may need, from the task or from a file, by
# the header in include/linux that declares them. What they hold comes with
# them; one of these stands behind those of these that it holds.
STRUCTS = {
    "list": ("list_head", "hlist_node"),
    "path": ("path",),
    "ns_common": ("ns_common",),
    "cgroup-defs": ("css_set", "cgroup_subsys_state"),
    "cgroup": ("cgroup",),
    "cred": ("cred",),
    "dcache": ("qstr", "dentry"),
    "fdtable": ("fdtable", "files_struct"),
    "fs": ("file", "filename", "inode", "super_block"),
    "fs_struct": ("fs_struct",),
    "kernfs": ("kernfs_node",),
    "mm_types": ("mm_struct",),
    "mount": ("vfsmount", "mountpoint", "mount", "mnt_namespace"),
    "nsproxy": ("nsproxy",),
    "pid": ("upid", "pid"),
    "pid_namespace": ("pid_namespace",),
    "sched": ("sigpending", "signal_struct", "task_struct"),
    "user_namespace": ("user_namespace",),
}
NAMES = [name for names in STRUCTS.values() for name in names]

# The enums whose numbers depend on the configuration of the kernel.
_ENUMS = ("cgroup_subsys_id",)


def c_text(words: Optional[AbstractSet[str]] = None) -> str:
    """C for STRUCTS, as far as this kernel has them.

    `words`: only structs and fields of these names, which makes the compile
    quicker. Raises OpensnoopError if BTF or libbpf is missing.
    """
    types = btf.of_this_kernel()
    enums = [types.find(name, btf.ENUM) for name in _ENUMS]
    parts: List[Part] = [enum for enum in enums if enum > 0]
    names = [name for name in NAMES if words is None or name in words]
    found = {types.find(name): name for name in names}
    structs = {struct: name for struct, name in found.items() if struct > 0}
    if words is None:
        parts += structs
    else:
        for struct in structs:
            parts += _few_fields(types, struct, words, structs)
    return types.as_c(parts)


def _few_fields(
    types: Btf, struct: int, words: AbstractSet[str], own: Mapping[int, str]
) -> Iterator[Part]:
    """A struct with only the fields of these names, at their offsets.

    `own` are the structs that are written so.
    """
    fields = [one for one in types.fields(struct) if one.name in words]
    for field in fields:
        if types.bare(field.type) not in own:
            yield field.type
    size = types.type(struct).size_or_type
    yield f"struct {own[struct]} {{\nunion {{\nchar __size[{size}];\n"
    for field in fields:
        yield f"struct {{ char __pad_{field.name}[{field.offset}]; "
        yield field
        yield "; } __attribute__((packed));\n"
    yield "};\n};\n"
