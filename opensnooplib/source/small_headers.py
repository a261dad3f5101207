# SPDX-License-Identifier: Apache-2.0
"""The small tree of headers, which needs nothing from the host.

It also makes the compile faster than other headers. Kernel structs are added
from BTF, and only if the C names one of them.
"""

from __future__ import annotations

import os
import re
from typing import Dict, List

from opensnooplib.base.open_flags import FLAGS
from opensnooplib.kernel import this_kernel
from opensnooplib.source import (
    compiled_lines,
    field_types,
    kernel_headers,
    kernel_structs,
)

_WORD = re.compile(r"\w+")


def uses_kernel_structs(text: str) -> bool:
    """Does the C name a kernel struct? BTF takes 10 ms to read."""
    names = "|".join(kernel_structs.NAMES)
    return bool(re.search(rf"\bstruct\s+({names})\b", _compiled(text)))


def _compiled(text: str) -> str:
    return "\n".join(compiled_lines.of(text))


def make_tree(folder: str, text: str, all_fields: bool = True) -> None:
    """Write the headers that the C in `text` and BCC need into `folder`.

    `all_fields`: of kernel structs, so that the compiler can suggest a name;
    else only those that the compiled lines name.

    Raises OpensnoopError if the C needs kernel structs and this kernel has no
    BTF.
    """
    files = _fixed_headers()
    structs = ""
    if uses_kernel_structs(text):
        structs = "#define KERNEL_STRUCTS_FROM_BTF 1\n"
        structs += kernel_structs.c_text(
            None if all_fields else set(_WORD.findall(_compiled(text)))
        )
    files["linux/types.h"] += field_types.typedefs(
        text, files["linux/types.h"] + structs
    )
    files["opensnoop/structs.h"] += structs
    for folder_name in {os.path.dirname(path) for path in files}:
        os.makedirs(f"{folder}/include/{folder_name}", exist_ok=True)
    for path, content in files.items():
        with open(f"{folder}/include/{path}", "w", encoding="ascii") as file:
            file.write(content)
    _link_host_headers(folder)


def _link_host_headers(folder: str) -> None:
    """Let the C include any other UAPI header that the host has.

    BCC finds these last, as <linux/...> and <uapi/linux/...>.
    """
    multiarch = f"/usr/include/{os.uname().machine}-linux-gnu"
    asm = f"{multiarch}/asm" if os.path.isdir(f"{multiarch}/asm") else ""
    folders = {
        "linux": "/usr/include/linux",
        "asm-generic": "/usr/include/asm-generic",
        "asm": asm or "/usr/include/asm",
    }
    os.makedirs(f"{folder}/host/uapi")
    for name, target in folders.items():
        if os.path.isdir(target):
            os.symlink(target, f"{folder}/host/{name}")
            os.symlink(target, f"{folder}/host/uapi/{name}")


def compiler_options(folder: str) -> List[str]:
    """The compiler options for a tree of make_tree()."""
    return [*kernel_headers.AS_FOR_THE_KERNEL, "-idirafter", f"{folder}/host"]


def _fixed_headers() -> Dict[str, str]:
    """The headers that the C doesn't change, by path."""
    headers = {path: "#pragma once\n" + c for path, c in _HEADERS.items()}
    headers["linux/version.h"] = _version_header()
    headers["linux/fcntl.h"] = _fcntl_header()
    headers["asm/page.h"] = _page_header()
    if os.uname().machine == "x86_64":
        headers["linux/kconfig.h"] += "#define CONFIG_X86_64 1\n"
    for name in kernel_structs.STRUCTS:
        headers[f"linux/{name}.h"] = "#include <opensnoop/structs.h>\n"
    for name in ("fcntl", "limits", "openat2"):
        headers[f"uapi/linux/{name}.h"] = f"#include <linux/{name}.h>\n"
    return headers


def _version_header() -> str:
    major, minor, patch = this_kernel.version()
    return (
        "#define KERNEL_VERSION(a, b, c) "
        "(((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))\n"
        "#define LINUX_VERSION_CODE "
        f"KERNEL_VERSION({major}, {minor}, {patch})\n"
    )


def _page_header() -> str:
    shift = os.sysconf("SC_PAGE_SIZE").bit_length() - 1
    return (
        f"#define PAGE_SHIFT {shift}\n"
        "#define PAGE_SIZE (1UL << PAGE_SHIFT)\n"
        "#define PAGE_MASK (~(PAGE_SIZE - 1))\n"
    )


def _fcntl_header() -> str:
    """The flags of open(2), with their values on this machine."""
    lines = [f"#define {name} {value}\n" for name, value in FLAGS.items()]
    return "".join(lines) + "#define AT_FDCWD -100\n"


# The headers that are the same everywhere. A type here is the same in every
# kernel, since BTF may bring it, too; others that the fields of tracepoints
# have are made by field_types.py.
_HEADERS = {
    "uapi/linux/bpf.h": "",  # BCC brings its own
    "linux/bpf_common.h": "",
    "uapi/linux/if_packet.h": "",
    "uapi/linux/types.h": "",
    "uapi/linux/sched.h": "#define CLONE_THREAD 0x10000\n",
    "linux/minmax.h": "#include <linux/kernel.h>\n",
    "linux/ptrace.h": "#include <uapi/linux/ptrace.h>\n",
    "linux/kconfig.h": """\
#define CONFIG_BPF_SYSCALL 1
#define CONFIG_64BIT 1
""",
    "linux/limits.h": """\
#define NAME_MAX 255
#define PATH_MAX 4096
""",
    "linux/openat2.h": """\
#define RESOLVE_IN_ROOT 0x10
struct open_how {
	__u64 flags;
	__u64 mode;
	__u64 resolve;
};
""",
    # What libbpf writes isn't to be warned of.
    "opensnoop/structs.h": """\
#pragma GCC system_header
#include <linux/kernel.h>
#define TASK_COMM_LEN 16
""",
    "linux/types.h": """\
typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __s8 s8, int8_t;
typedef __u8 u8, uint8_t;
typedef __s16 s16, int16_t;
typedef __u16 u16, uint16_t, umode_t, __le16, __be16, __sum16;
typedef __s32 s32, int32_t, pid_t, clockid_t, key_t, __kernel_pid_t;
typedef __u32 u32, uint32_t, uint, uid_t, gid_t, dev_t;
typedef __u32 gfp_t, fmode_t, nlink_t, blk_opf_t, errseq_t;
typedef __u32 __le32, __be32, __wsum, __poll_t, __kernel_mode_t;
typedef __s64 s64, int64_t, loff_t, time64_t, __kernel_time64_t;
typedef __u64 u64, uint64_t, __le64, __be64;
typedef __u64 sector_t, blkcnt_t, dma_addr_t, phys_addr_t;
typedef __u64 __aligned_u64 __attribute__((aligned(8)));
typedef unsigned long ulong, size_t, uintptr_t, __kernel_ulong_t;
typedef long ssize_t, off_t, __kernel_long_t, __kernel_old_time_t;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)
#define offsetof(type, member) __builtin_offsetof(type, member)
#define container_of(pointer, type, member) \\
	((type *)((void *)(pointer) - offsetof(type, member)))
#define __user
#define __kernel
#define __force
#define __bitwise
#include <linux/compiler.h>
""",
    "linux/compiler.h": """\
#define __always_inline inline __attribute__((always_inline))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
""",
    "linux/kernel.h": """\
#include <linux/types.h>
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min(x, y) ({ typeof(x) x_ = (x); typeof(y) y_ = (y); \\
		     x_ < y_ ? x_ : y_; })
#define max(x, y) ({ typeof(x) x_ = (x); typeof(y) y_ = (y); \\
		     x_ > y_ ? x_ : y_; })
#define min_t(type, x, y) min((type)(x), (type)(y))
#define max_t(type, x, y) max((type)(x), (type)(y))
""",
    # BCC computes the size of some maps with roundup_pow_of_two(), which must
    # give a constant for a constant.
    "linux/log2.h": """\
#define ilog2(n) (63 - __builtin_clzll(n))
#define is_power_of_2(n) ((n) != 0 && ((n) & ((n) - 1)) == 0)
#define roundup_pow_of_two(n) \\
	((n) <= 1 ? 1UL : 1UL << (64 - __builtin_clzll(((n) - 1) | 1)))
""",
    # arch/x86/include/asm/ptrace.h, arch/arm64/include/asm/ptrace.h
    "uapi/linux/ptrace.h": """\
#if defined(__x86_64__)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
#elif defined(__aarch64__)
struct pt_regs {
	unsigned long long regs[31], sp, pc, pstate, orig_x0;
};
#endif
""",
}
