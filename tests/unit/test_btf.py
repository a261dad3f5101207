# SPDX-License-Identifier: Apache-2.0
"""Kernel structs from BTF: offsets and sizes are those that bpftool tells."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from opensnooplib.kernel import this_kernel
from opensnooplib.kernel import btf
from opensnooplib.source import kernel_structs
from tests.unit.native import run_c

pytestmark = pytest.mark.skipif(
    not os.access(this_kernel.BTF, os.R_OK), reason="this kernel has no BTF"
)

Type = Dict[str, Any]  # as bpftool writes it in JSON

TYPES = """\
#include <stddef.h>
#include <stdio.h>
typedef signed char s8; typedef unsigned char u8;
typedef short s16; typedef unsigned short u16;
typedef int s32; typedef unsigned int u32;
typedef long long s64; typedef unsigned long long u64;
typedef _Bool bool;
"""

_OPENING = re.compile(r"^(?:typedef )?struct ?(\w*) \{$")
_CLOSING = re.compile(r"^\} __attribute__\(\(packed\)\)(?: (\w+))?;$")
_FIELD = re.compile(r"(\w+)(?:\[\d+\])*;")


class _Kernel:
    """BTF as bpftool tells it, which has a reader of its own.

    Not its C: bpftool 7.1 writes enums of one byte as if they had four.
    """

    def __init__(self) -> None:
        # Debian puts it where only root looks.
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        told = subprocess.run(
            ["bpftool", "-j", "btf", "dump", "file", this_kernel.BTF],
            check=True,
            capture_output=True,
            env={**os.environ, "PATH": path},
        ).stdout
        self._types: Dict[int, Type] = {
            found["id"]: found for found in json.loads(told)["types"]
        }

    def _bare(self, found: Type) -> Type:
        while "type_id" in found and found["kind"] not in ("PTR", "ARRAY"):
            found = self._types[found["type_id"]]
        return found

    def find(self, name: str) -> Optional[Type]:
        """By its name in C: "struct x", or a typedef of a struct."""
        kind = "STRUCT" if name.startswith("struct ") else "TYPEDEF"
        for found in self._types.values():
            if (found["kind"], found["name"]) == (kind, name.split()[-1]):
                bare = self._bare(found)
                return bare if bare["kind"] == "STRUCT" else None
        return None

    def size(self, found: Type) -> int:
        found = self._bare(found)
        if found["kind"] == "PTR":
            return 8
        if found["kind"] == "ARRAY":
            count: int = found["nr_elems"]
            return count * self.size(self._types[found["type_id"]])
        size: int = found["size"]
        return size

    def members(self, found: Type, base: int = 0) -> Dict[str, List[int]]:
        """Offset and size of each, those of anonymous members too."""
        members: Dict[str, List[int]] = {}
        for member in found["members"]:
            offset = base + member["bits_offset"] // 8
            type_of = self._types[member["type_id"]]
            if member["name"] != "(anon)":
                members[member["name"]] = [offset, self.size(type_of)]
            elif "members" in self._bare(type_of):
                members.update(self.members(self._bare(type_of), offset))
        return members


def _fields_by_type(text: str) -> Dict[str, List[str]]:
    """C name of each struct, and the names of its fields."""
    found: Dict[str, List[str]] = {}
    fields: List[str] = []
    struct = ""
    for line in text.splitlines():
        opening, closing = _OPENING.match(line), _CLOSING.match(line)
        if opening:
            struct, fields = f"struct {opening.group(1)}", []
        elif closing:
            found[closing.group(1) or struct] = fields
        else:
            names = _FIELD.findall(line)
            fields += [n for n in names if not n.startswith("__pad_")]
    return found


def _seen(folder: Path, fields: Dict[str, List[str]], text: str) -> List[str]:
    """A line for each struct and each field, from a C compiler."""
    prints = ""
    for name, members in fields.items():
        prints += f'printf("{name} %zu\\n", sizeof({name}));\n'
        for member in members:
            prints += (
                f'printf("{name}.{member} %zu %zu\\n",'
                f" offsetof({name}, {member}),"
                f" sizeof((({name} *)0)->{member}));\n"
            )
    main = f"int main(void)\n{{\n{prints}return 0;\n}}\n"
    return run_c(folder, TYPES + text + main).splitlines()


def _told(fields: Dict[str, List[str]]) -> List[str]:
    """The same lines, from bpftool."""
    bpftool = _Kernel()
    lines = []
    for name, members in fields.items():
        found = bpftool.find(name)
        assert found is not None
        lines.append(f"{name} {found['size']}")
        offsets = bpftool.members(found)
        for member in members:
            offset, size = offsets[member]
            lines.append(f"{name}.{member} {offset} {size}")
    return lines


def test_offsets_and_sizes_are_those_of_the_kernel(tmp_path: Path) -> None:
    text = kernel_structs.c_text()
    fields = _fields_by_type(text)
    seen = _seen(tmp_path, fields, text)
    assert seen == _told(fields)
    assert len(seen) > 300


def test_what_probes_of_opens_follow_is_there() -> None:
    fields = _fields_by_type(kernel_structs.c_text())
    for struct, members in {
        "struct task_struct": ["tgid", "real_parent", "fs", "nsproxy"],
        "struct dentry": ["d_parent", "d_name", "d_inode"],
        "struct fs_struct": ["pwd", "root"],
        "struct path": ["mnt", "dentry"],
        "struct qstr": ["name", "len"],
        "struct mount": ["mnt", "mnt_parent", "mnt_mountpoint"],
        "struct nsproxy": ["mnt_ns"],
        "struct mnt_namespace": ["ns"],
        "struct ns_common": ["inum"],
        "struct file": ["f_path"],
        "struct cred": ["uid"],
        "kuid_t": ["val"],
    }.items():
        assert set(members) <= set(fields[struct])


def test_every_struct_that_the_kernel_has_is_written() -> None:
    fields = _fields_by_type(kernel_structs.c_text())
    bpftool = _Kernel()
    for name in kernel_structs.STRUCTS:
        for c_name in (f"struct {name}", name):
            assert (c_name in fields) == (bpftool.find(c_name) is not None)


def test_offsets_of_single_fields() -> None:
    """Also in an anonymous union, and by a second name."""
    fields = [
        ("task_struct", ("comm",)),
        ("dentry", ("d_name",)),
        ("task_struct", ("no_such_field", "group_leader")),
        ("task_struct", ("no_such_field",)),
        ("no_such_struct", ("comm",)),
    ]
    bpftool = _Kernel()
    expected: List[Optional[int]] = []
    for struct, names in fields:
        found = bpftool.find(f"struct {struct}")
        members = bpftool.members(found) if found else {}
        there = [members[name][0] for name in names if name in members]
        expected.append(there[0] if there else None)
    assert btf.offsets(fields) == expected
    assert None not in expected[:3]
    assert expected[3:] == [None, None]
