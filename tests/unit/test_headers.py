# SPDX-License-Identifier: Apache-2.0
"""Which headers are taken, and the small tree that needs none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from opensnooplib.kernel import this_kernel, tracefs
from opensnooplib.source import kernel_headers, small_headers

SOURCE = "int x;\n"
STRUCTS = "struct task_struct *task;\n"

needs_btf = pytest.mark.skipif(
    not os.access(this_kernel.BTF, os.R_OK), reason="this kernel has no BTF"
)


def _installed(modules: Path, release: str) -> Path:
    """Headers for the running kernel, which say that they are of another."""
    generated = modules / this_kernel.release() / "build/include/generated"
    generated.mkdir(parents=True)
    (generated / "utsrelease.h").write_text(
        f'#define UTS_RELEASE "{release}"\n'
    )
    (generated / "autoconf.h").touch()
    (modules / this_kernel.release() / "build/include/linux").mkdir()
    (modules / this_kernel.release() / "build/include/linux/kconfig.h").touch()
    return modules / this_kernel.release() / "build"


def test_the_running_kernels_own(tmp_path: Path) -> None:
    build = _installed(tmp_path, this_kernel.release())
    chosen = kernel_headers.choose(str(tmp_path))
    assert chosen.are_installed
    assert str(build) in chosen.reason


@pytest.mark.parametrize("other", ["4.19.0-1-amd64", "x", "{}+", "{}.1"])
def test_those_of_another_kernel_are_not_taken(
    tmp_path: Path, other: str
) -> None:
    release = other.format(this_kernel.release())
    _installed(tmp_path, release)
    chosen = kernel_headers.choose(str(tmp_path))
    assert not chosen.are_installed
    assert f"for {release}, not for {this_kernel.release()}" in chosen.reason


@pytest.mark.parametrize("name", ["linux/kconfig.h", "generated/autoconf.h"])
def test_those_that_are_incomplete_are_not_taken(
    tmp_path: Path, name: str
) -> None:
    build = _installed(tmp_path, this_kernel.release())
    (build / "include" / name).unlink()
    chosen = kernel_headers.choose(str(tmp_path))
    assert not chosen.are_installed
    assert f"have no {name}" in chosen.reason


def test_those_that_do_not_say_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / this_kernel.release() / "build").mkdir(parents=True)
    chosen = kernel_headers.choose(str(tmp_path))
    assert not chosen.are_installed
    assert "are for an unknown kernel, not for " in chosen.reason


def test_none(tmp_path: Path) -> None:
    chosen = kernel_headers.choose(str(tmp_path / "nothing"))
    assert not chosen.are_installed
    assert "there are none" in chosen.reason


def test_a_link_to_nowhere(tmp_path: Path) -> None:
    """What a removed package of headers leaves behind."""
    (tmp_path / this_kernel.release()).mkdir()
    (tmp_path / this_kernel.release() / "build").symlink_to("/usr/src/removed")
    chosen = kernel_headers.choose(str(tmp_path))
    assert not chosen.are_installed
    assert "there are none" in chosen.reason


def test_kernel_structs_are_noticed() -> None:
    assert small_headers.uses_kernel_structs(STRUCTS)
    assert small_headers.uses_kernel_structs("x = (struct  dentry *)y;")
    assert not small_headers.uses_kernel_structs("struct event { int n; };")
    assert not small_headers.uses_kernel_structs("struct pt_regs *regs;")
    assert not small_headers.uses_kernel_structs("struct bpf_sock *sock;")
    assert not small_headers.uses_kernel_structs("int task_struct;")


def _compile(folder: Path, text: str) -> None:
    """As BCC does it: nothing but the tree, for BPF."""
    subprocess.run(
        ["clang", "-fsyntax-only", "-nostdinc", "-target", "bpf"]
        + ["-Wall", "-Werror", f"-I{folder}/include"]
        + list(kernel_headers.AS_FOR_THE_KERNEL)
        + ["-include", "linux/kconfig.h", "-x", "c", "-"],
        input=text.encode(),
        check=True,
    )


def _own_headers(folder: Path) -> list[str]:
    include = folder / "include"
    return sorted(
        str(path.relative_to(include)) for path in include.rglob("*.h")
    )


def test_each_header_of_the_small_tree_compiles_alone(tmp_path: Path) -> None:
    small_headers.make_tree(str(tmp_path), SOURCE)
    names = _own_headers(tmp_path)
    assert len(names) > 20
    for name in names:
        types = "#include <linux/types.h>\n" if "openat2" in name else ""
        _compile(tmp_path, f"{types}#include <{name}>\n")
    # and all of them together, twice
    _compile(tmp_path, "".join(f"#include <{name}>\n" for name in names))


def test_what_the_small_tree_gives(tmp_path: Path) -> None:
    major, minor, patch = this_kernel.version()
    small_headers.make_tree(str(tmp_path), SOURCE)
    _compile(
        tmp_path,
        "#include <linux/sched.h>\n"
        "#include <linux/version.h>\n"
        "#include <uapi/linux/fcntl.h>\n"
        "#include <uapi/linux/limits.h>\n"
        "#include <uapi/linux/openat2.h>\n"
        '_Static_assert(TASK_COMM_LEN == 16 && PATH_MAX == 4096, "");\n'
        f'_Static_assert(O_TMPFILE == {os.O_TMPFILE}, "");\n'
        f'_Static_assert(O_CREAT == {os.O_CREAT}, "");\n'
        '_Static_assert(sizeof(struct open_how) == 24, "");\n'
        '_Static_assert(sizeof(u64) == 8 && sizeof(s32) == 4, "");\n'
        '_Static_assert(sizeof(size_t) == sizeof(void *), "");\n'
        "_Static_assert(LINUX_VERSION_CODE == KERNEL_VERSION("
        f'{major}, {minor}, {patch}), "");\n',
    )


_MACROS = """
#include <linux/sched.h>
static __always_inline int least(int x)
{
	return unlikely(x == 7) ? max(x, 5) : min(x, 3);
}
int sizes[roundup_pow_of_two(1000)];
_Static_assert(ARRAY_SIZE(sizes) == 1024, "");
_Static_assert(roundup_pow_of_two(1) == 1, "");
_Static_assert(roundup_pow_of_two(64) == 64, "");
int use(int x) { return least(x); }
"""


def test_what_the_macros_of_bcc_and_of_probes_use(tmp_path: Path) -> None:
    small_headers.make_tree(str(tmp_path), SOURCE)
    page = os.sysconf("SC_PAGE_SIZE")
    _compile(
        tmp_path,
        "#include <linux/log2.h>\n#include <asm/page.h>\n"
        f'_Static_assert(PAGE_SIZE == {page}, "");\n' + _MACROS,
    )


_FORMAT = """\
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:dev_t dev;	offset:8;	size:4;	signed:0;
	field:new_block_t block;	offset:16;	size:8;	signed:0;
	field:new_delta_t deltas[2];	offset:24;	size:8;	signed:1;
	field:const new_set_t * set;	offset:32;	size:8;	signed:0;
	field:new_mask_t mask;	offset:40;	size:24;	signed:0;
	field:enum new_kind kind;	offset:60;	size:4;	signed:0;
	field:struct new * new;	offset:64;	size:8;	signed:0;
	field:__data_loc char[] name;	offset:72;	size:4;	signed:0;
"""


def test_typedefs_of_a_tracepoints_fields(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that no header of the small tree has."""
    monkeypatch.setattr(tracefs, "description", lambda *names: _FORMAT)
    small_headers.make_tree(str(tmp_path), "TRACEPOINT_PROBE(a, b)\n")
    _compile(
        tmp_path,
        "#include <linux/types.h>\n"
        "struct a { new_block_t block; new_delta_t deltas[2];\n"
        "const new_set_t *set; new_mask_t mask;\n"
        "enum new_kind kind; };\n"
        '_Static_assert(sizeof(struct a) == 56, "");\n'
        '_Static_assert((new_delta_t)-1 < 0, "");\n'
        '_Static_assert((new_block_t)-1 > 0, "");\n',
    )


_UAPI = """\
#include <uapi/linux/stat.h>
#include <uapi/linux/in.h>
struct statx statx;
struct in_addr address;
int protocol = IPPROTO_TCP;
int type = S_IFREG;
"""


def test_other_headers_of_the_host_can_be_included(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Structs come from them where there is no BTF."""
    monkeypatch.setattr(small_headers, "uses_kernel_structs", lambda *c: False)
    small_headers.make_tree(str(tmp_path), _UAPI)
    _compile(tmp_path, _UAPI)


@needs_btf
def test_structs_of_uapi_headers_come_from_btf(tmp_path: Path) -> None:
    small_headers.make_tree(str(tmp_path), _UAPI)
    _compile(tmp_path, _UAPI)


@needs_btf
def test_headers_do_not_contradict_kernel_structs(tmp_path: Path) -> None:
    small_headers.make_tree(str(tmp_path), STRUCTS)
    _compile(
        tmp_path,
        "".join(f"#include <{name}>\n" for name in _own_headers(tmp_path)),
    )


_REACHES = """\
#include <linux/sched.h>
#include <linux/fs_struct.h>
#include <net/sock.h>
int parent(struct task_struct *task) { return task->real_parent->tgid; }
const void *name(struct task_struct *task)
{ return task->fs->pwd.dentry->d_parent->d_name.name; }
unsigned int inode(struct task_struct *task)
{ return task->nsproxy->mnt_ns->ns.inum; }
int listens(struct sock *sk) { return sk->sk_state == TCP_LISTEN; }
unsigned int network(struct sock *sk) { return sk->sk_net.net->ns.inum; }
int port(struct sock *sk) { return ntohs(inet_sk(sk)->inet_sport); }
unsigned int of(kuid_t user) { return user.val + (TASK_RUNNING | PF_KTHREAD); }
#ifndef KERNEL_STRUCTS_FROM_BTF
#error not from BTF
#endif
"""


@needs_btf
def test_kernel_structs_come_from_btf(tmp_path: Path) -> None:
    """Structs, enums, typedefs, and macros of the kernel's own headers."""
    small_headers.make_tree(str(tmp_path), _REACHES)
    _compile(tmp_path, _REACHES)


@needs_btf
def test_a_struct_of_the_c_takes_the_place_of_the_kernels(
    tmp_path: Path,
) -> None:
    """Also of one that another struct of the kernel's holds."""
    text = (
        "#include <linux/fs.h>\n"
        "struct path { int own; };\n"
        "int own(struct path *path, struct file *file)\n"
        "{ return path->own + sizeof(file->f_path); }\n"
    )
    small_headers.make_tree(str(tmp_path), text)
    _compile(tmp_path, text)


@needs_btf
def test_names_of_the_c_itself_are_no_macros(tmp_path: Path) -> None:
    """As macros of the kernel, they would be errors."""
    text = (
        "#include <linux/sched.h>\n"
        "struct event { unsigned short sk_family; int sk_state; };\n"
        "#define PF_KTHREAD 1\n"
        "enum direction { READ, WRITE };\n"
        "static int ntohs(int port) { return port >> 8; }\n"
        "int all(struct event *event, struct task_struct *task)\n"
        "{ return event->sk_family + READ + task->flags + ntohs(PF_KTHREAD); }"
    )
    small_headers.make_tree(str(tmp_path), text)
    _compile(tmp_path, text)


@needs_btf
def test_the_kernels_configuration_decides(tmp_path: Path) -> None:
    text = (
        "#ifdef CONFIG_BPF_SYSCALL\n#include <net/net_namespace.h>\n"
        "int number(struct net *net) { return net->ns.inum; }\n#endif\n"
    )
    small_headers.make_tree(str(tmp_path), text)
    _compile(tmp_path, text)


def test_no_kernel_structs_where_none_is_named(tmp_path: Path) -> None:
    small_headers.make_tree(str(tmp_path), SOURCE)
    _compile(
        tmp_path,
        "#include <linux/sched.h>\n"
        "#ifdef KERNEL_STRUCTS_FROM_BTF\n#error from BTF\n#endif\n",
    )


def test_kernel_structs_are_read_only_if_the_c_uses_them() -> None:
    text = """\
#define USED 1
#ifdef MNTNS_MAP
struct task_struct *task;
#else
int task;
#endif
"""

    def is_used(text: str) -> bool:
        code = small_headers._compiled("", text)
        return small_headers.uses_kernel_structs(code)

    assert not is_used(text)
    assert is_used(text.replace("USED", "MNTNS_MAP"))
    assert is_used("#if 1\nstruct dentry d;\n#endif")
