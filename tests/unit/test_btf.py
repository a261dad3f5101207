# SPDX-License-Identifier: Apache-2.0
"""Kernel structs from BTF: offsets and sizes are those that bpftool tells."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
from struct import iter_unpack
from typing import Any, Dict, List, Optional

import pytest

from opensnooplib.kernel import btf, this_kernel
from opensnooplib.source import kernel_headers, kernel_structs, small_headers

pytestmark = pytest.mark.skipif(
    not os.access(this_kernel.BTF, os.R_OK), reason="this kernel has no BTF"
)

Type = Dict[str, Any]  # as bpftool writes it in JSON


class _Kernel:
    """BTF as bpftool tells it in JSON, which it doesn't leave to libbpf."""

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
        """The struct of this name, if this kernel has it."""
        for found in self._types.values():
            if (found["kind"], found["name"]) == ("STRUCT", name):
                return found
        return None

    def all_with_names(self) -> Dict[str, Type]:
        """All structs and unions that C can name, by what it calls them."""
        all_with_names: Dict[str, Type] = {}
        for found in self._types.values():
            if found["kind"] in ("STRUCT", "UNION"):
                name = f"{found['kind'].lower()} {found['name']}"
                all_with_names.setdefault(name, found)
        return {n: t for n, t in all_with_names.items() if "(" not in n}

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
        """Offset and size of each, those of anonymous members too.

        But not of bit fields.
        """
        members: Dict[str, List[int]] = {}
        for member in found["members"]:
            offset = base + member["bits_offset"] // 8
            type_of = self._types[member["type_id"]]
            if member["name"] != "(anon)":
                if not member.get("bitfield_size"):
                    members[member["name"]] = [offset, self.size(type_of)]
            elif "members" in self._bare(type_of):
                members.update(self.members(self._bare(type_of), offset))
        return members


_NAMES = (
    "list_head css_set cgroup_subsys_state cgroup cred qstr dentry fdtable "
    "files_struct file filename inode super_block fs_struct kernfs_node path "
    "mm_struct vfsmount mount mnt_namespace nsproxy upid pid pid_namespace "
    "signal_struct task_struct user_namespace sock sk_buff request net "
    "system_counterval_t"
).split()
_NAMED = "".join(f"struct {name} *x;\n" for name in _NAMES)


def _c_text(text: str, all_fields: bool = True) -> str:
    types = "typedef unsigned int u32;\n"
    return types + kernel_structs.c_text(text, set(), all_fields)


def _expected() -> List[str]:
    """C that compiles if each struct is as bpftool tells it."""
    bpftool = _Kernel()
    lines = []
    for name in _NAMES:
        found = bpftool.find(name)
        if not found:
            continue
        struct = f"struct {name}"
        lines.append(f"sizeof({struct}) == {found['size']}")
        for member, (offset, size) in bpftool.members(found).items():
            at = f"__builtin_offsetof({struct}, {member})"
            lines.append(f"{at} == {offset}")
            lines.append(f"sizeof((({struct} *)0)->{member}) == {size}")
    return [f'_Static_assert({line}, "");\n' for line in lines]


def _compile(text: str) -> None:
    subprocess.run(
        ["clang", "-fsyntax-only", "-x", "c", "-"]
        + [*kernel_headers.AS_FOR_THE_KERNEL],
        input=text.encode(),
        check=True,
    )


def test_structs_are_those_of_the_kernel() -> None:
    expected = _expected()
    text = _c_text(_NAMED)
    _compile(text + "".join(expected))
    assert len(expected) > 1000


_FOLLOWS = """\
int number(struct pid *pid) { return pid->numbers[1].nr; }
int size(struct cred *cred) { return sizeof(cred->cap_effective); }
unsigned int user(struct cred *cred) { return cred->uid.val; }
struct mm_struct *mm(struct task_struct *task)
{ return task->real_parent->group_leader->mm; }
"""


def test_what_is_inside_of_what_is_wanted() -> None:
    """Also an array without a size, a nameless struct, and a typedef.

    Structs that are only reached by a field are there, too.
    """
    _compile(_c_text(_FOLLOWS) + _FOLLOWS)


def test_only_the_fields_that_are_wanted() -> None:
    """They are where they are in the whole structs."""
    words = set(re.findall(r"\w+", _FOLLOWS)) - {"val", "uid"}
    text = _c_text(_FOLLOWS.replace(".val", "").replace(">uid", ">x"), False)
    wanted = [
        line
        for line in _expected()
        if set(re.findall(r"struct (\w+)[),]", line)) <= words
        and set(re.findall(r"(?:, |->)(\w+)\)", line)) <= words
    ]
    assert 10 < len(wanted) < 100
    _compile(text + "".join(wanted))
    with pytest.raises(subprocess.CalledProcessError):
        _compile(text + _FOLLOWS)


# What headers of BCC and of the small tree have, too.
_OF_OTHERS = re.compile(r"(?i)\b(pt_regs\b|\w*bpf|_*(xdp|sk|btf)_)\w*")

# The compiler may not work an address out: what adds the offset must be there.
_PLACE = """
#define PLACE(type, place) { \\
	type *it; \\
	asm volatile("" : "=r"(it)); \\
	asm volatile("" :: "r"(place)); \\
}
"""
_ADD = 0x07  # BPF_ALU64 | BPF_ADD | BPF_K


def test_programs_add_the_offsets_that_structs_have(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In all structs that C can name, as BCC compiles them.

    The compiler is asked for each field's offset. In the instructions, where
    LLVM lays structs out once more, the end of each struct is checked, which
    is behind all that could move it; and with unnamed members, the last field.
    """
    bcc = pytest.importorskip("bcc")
    bpftool, types = _Kernel(), btf.of_this_kernel()
    structs = bpftool.all_with_names()
    c = types.as_c(found["id"] for found in structs.values())
    expected = []
    places = []  # C for an address, and what it is behind the struct's own
    for name, found in structs.items():
        offsets = {n: o for n, (o, _) in bpftool.members(found).items()}
        expected.append(f"sizeof({name}) == {found['size']}")
        expected += [
            f"__builtin_offsetof({name}, {member}) == {at}"
            for member, at in offsets.items()
        ]
        if any(member["name"] == "(anon)" for member in found["members"]):
            for member in list(offsets)[-1:]:
                places.append((f"{name}, &it->{member}", offsets[member]))
        places.append((f"{name}, it + 1", found["size"]))
    _compile(c + "".join(f'_Static_assert({e}, "");\n' for e in expected))
    # The compile takes longer with one long function.
    groups = [places[i : i + 1000] for i in range(0, len(places), 1000)]
    for number, group in enumerate(groups):
        calls = "".join(f"PLACE({place})\n" for place, _ in group)
        c += f"int f{number}(void *ctx) {{\n{calls}return 0;\n}}\n"
    small_headers.make_tree(str(tmp_path), "")
    monkeypatch.setenv("BCC_KERNEL_SOURCE", str(tmp_path))
    program = bcc.BPF(
        text=_OF_OTHERS.sub(r"\g<0>_of_btf", _PLACE + c).encode(),
        cflags=[*kernel_headers.AS_FOR_THE_KERNEL, "-w"],
    )
    added: List[int] = []
    for number in range(len(groups)):
        code = program.dump_func(f"f{number}".encode())
        all_of_it = iter_unpack("=B3xi", code)
        added += [value for does, value in all_of_it if does == _ADD]
    moved = [place for place in places if place[1]]
    assert len(added) == len(moved) > 1000
    wrong = [(*one, at) for one, at in zip(moved, added) if one[1] != at]
    assert not wrong


_BPF_H = "/usr/include/linux/bpf.h"


@pytest.mark.skipif(not os.path.exists(_BPF_H), reason=f"there is no {_BPF_H}")
def test_what_bpf_h_has_is_not_taken_from_btf() -> None:
    """BCC brings it, and it cannot be defined twice."""
    with open(_BPF_H, encoding="utf-8") as file:
        types = re.findall(
            r"^(?:struct|union|enum) \w+(?= \{)", file.read(), re.M
        )
    assert "struct bpf_insn" in types
    assert not kernel_structs.named("\n".join(types), set())


def test_enums_are_found_by_what_they_hold() -> None:
    """Also one without a name, as that of TCP_LISTEN is."""
    types = btf.of_this_kernel()
    found = types.enums_with({"PIDTYPE_TGID", "TCP_LISTEN", "NO_SUCH_NAME"})
    text = types.as_c(sorted(found))
    assert len(found) == 2
    assert re.search(r"enum pid_type \{[^}]*PIDTYPE_TGID = 1,", text)
    assert re.search(r"enum \{[^}]*TCP_LISTEN = 10,", text)


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
        found = bpftool.find(struct)
        members = bpftool.members(found) if found else {}
        there = [members[name][0] for name in names if name in members]
        expected.append(there[0] if there else None)
    assert btf.offsets(fields) == expected
    assert None not in expected[:3]
    assert expected[3:] == [None, None]
