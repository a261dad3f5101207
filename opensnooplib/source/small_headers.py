# SPDX-License-Identifier: Apache-2.0
"""The small tree of headers, which needs nothing from the host.

It also makes the compile faster than other headers. Kernel structs are added
from BTF, and only if the C names one of them.
"""

from __future__ import annotations

import os
import re
from typing import Dict, List

from opensnooplib.kernel import this_kernel
from opensnooplib.source import compiled_lines, field_types, kernel_structs


_WORD = re.compile(r"\w+")


def uses_kernel_structs(text: str) -> bool:
    """Does the C name a kernel struct? Reading them from BTF takes 20 ms."""
    names = "|".join(re.escape(name) for name in kernel_structs.STRUCTS)
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
    files["include/linux/version.h"] = _version_header()
    files["include/linux/kconfig.h"] = _kconfig_header()
    files["include/linux/sched.h"] = "#include <opensnoop/structs.h>\n"
    structs = ""
    if uses_kernel_structs(text):
        structs = (
            "#define KERNEL_STRUCTS_FROM_BTF 1\n"
            + kernel_structs.c_text(
                None if all_fields else set(_WORD.findall(_compiled(text)))
            )
        )
    files["include/linux/types.h"] += field_types.typedefs(
        text, _TYPES_HEADER + structs
    )
    files["include/opensnoop/structs.h"] = _STRUCTS_HEADER % structs
    for path, text in files.items():
        whole = os.path.join(folder, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="ascii") as file:
            file.write(text)
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
    return ["-idirafter", f"{folder}/host"]


def _version_header() -> str:
    major, minor, patch = this_kernel.version()
    return (
        "#define KERNEL_VERSION(a, b, c) "
        "(((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))\n"
        "#define LINUX_VERSION_CODE "
        f"KERNEL_VERSION({major}, {minor}, {patch})\n"
    )


def _kconfig_header() -> str:
    lines = ["#define CONFIG_BPF_SYSCALL 1", "#define CONFIG_64BIT 1"]
    if os.uname().machine == "x86_64":
        lines.append("#define CONFIG_X86_64 1")
    return "\n".join(lines) + "\n"


# The headers that declare kernel structs; here, all include the same file.
_STRUCT_HEADERS = (
    "cgroup",
    "cgroup-defs",
    "cred",
    "dcache",
    "fs",
    "fs_struct",
    "fdtable",
    "kernfs",
    "mm_types",
    "mount",
    "ns_common",
    "nsproxy",
    "path",
    "pid",
    "pid_namespace",
    "user_namespace",
)

_STRUCTS_HEADER = """\
#pragma once
#include <linux/kernel.h>
#define TASK_COMM_LEN 16
%s
"""

_TYPES_HEADER = """\
#pragma once
typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __s8 s8;
typedef __u8 u8;
typedef __s16 s16;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;
typedef __u16 __le16;
typedef __u16 __be16;
typedef __u32 __le32;
typedef __u32 __be32;
typedef __u64 __le64;
typedef __u64 __be64;
typedef __u16 __sum16;
typedef __u32 __wsum;
typedef __u64 __aligned_u64 __attribute__((aligned(8)));
typedef unsigned int __poll_t;
typedef unsigned long __kernel_ulong_t;
typedef long __kernel_long_t;
typedef unsigned int __kernel_mode_t;
typedef int __kernel_pid_t;
typedef u8 uint8_t;
typedef u16 uint16_t;
typedef u32 uint32_t;
typedef u64 uint64_t;
typedef s8 int8_t;
typedef s16 int16_t;
typedef s32 int32_t;
typedef s64 int64_t;
typedef _Bool bool;
typedef unsigned long size_t;
typedef long ssize_t;
typedef long long loff_t;
typedef unsigned long uintptr_t;
typedef unsigned short umode_t;
typedef unsigned int gfp_t;
typedef unsigned int fmode_t;
typedef int pid_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef unsigned int dev_t;
typedef unsigned long long ino_t;
typedef long off_t;
typedef unsigned int nlink_t;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef int clockid_t;
typedef int timer_t;
typedef long __kernel_old_time_t;
typedef s64 time64_t;
typedef int key_t;
typedef s32 key_serial_t;
typedef int mqd_t;
typedef int rwf_t;
typedef unsigned int qid_t;
typedef unsigned long aio_context_t;
typedef u64 sector_t;
typedef u64 blkcnt_t;
typedef u32 blk_opf_t;
typedef u32 errseq_t;
typedef u64 dma_addr_t;
typedef u64 phys_addr_t;
typedef phys_addr_t resource_size_t;
typedef unsigned long vm_flags_t;
typedef void *fl_owner_t;
typedef struct fd_set fd_set;
typedef struct siginfo siginfo_t;
typedef struct sigaltstack stack_t;
typedef struct __user_cap_header_struct *cap_user_header_t;
typedef struct __user_cap_data_struct *cap_user_data_t;
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
"""

_COMPILER_HEADER = """\
#pragma once
#define __always_inline inline __attribute__((always_inline))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
"""

_KERNEL_HEADER = """\
#pragma once
#include <linux/types.h>
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min(x, y) ({ typeof(x) x_ = (x); typeof(y) y_ = (y); \\
		     x_ < y_ ? x_ : y_; })
#define max(x, y) ({ typeof(x) x_ = (x); typeof(y) y_ = (y); \\
		     x_ > y_ ? x_ : y_; })
#define min_t(type, x, y) min((type)(x), (type)(y))
#define max_t(type, x, y) max((type)(x), (type)(y))
"""

# BCC computes the size of some maps with roundup_pow_of_two(), which must give
# a constant for a constant.
_LOG2_HEADER = """\
#pragma once
#define ilog2(n) (63 - __builtin_clzll(n))
#define is_power_of_2(n) ((n) != 0 && ((n) & ((n) - 1)) == 0)
#define roundup_pow_of_two(n) \\
	((n) <= 1 ? 1UL : 1UL << (64 - __builtin_clzll(((n) - 1) | 1)))
"""


def _page_header() -> str:
    size = os.sysconf("SC_PAGE_SIZE")
    return (
        "#pragma once\n"
        f"#define PAGE_SHIFT {size.bit_length() - 1}\n"
        "#define PAGE_SIZE (1UL << PAGE_SHIFT)\n"
        "#define PAGE_MASK (~(PAGE_SIZE - 1))\n"
    )


# arch/x86/include/asm/ptrace.h, arch/arm64/include/asm/ptrace.h
_PTRACE_HEADER = """\
#pragma once
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
"""

_LIMITS_HEADER = """\
#define NAME_MAX 255
#define PATH_MAX 4096
"""

_OPENAT2_HEADER = """\
#pragma once
#define RESOLVE_IN_ROOT 0x10
struct open_how {
	__u64 flags;
	__u64 mode;
	__u64 resolve;
};
"""


def _fcntl_header() -> str:
    """The flags of open(2), with their values on this machine.

    libc defines O_LARGEFILE as 0 if it is always set. The kernel's value is
    that of asm-generic/fcntl.h, except on arm.
    """
    is_arm = os.uname().machine.startswith(("arm", "aarch64"))
    lines = [
        "#pragma once",
        f"#define O_LARGEFILE {'0400000' if is_arm else '0100000'}",
    ]
    for name in sorted(dir(os)):
        if name == "O_LARGEFILE":
            continue
        if name.startswith("O_") and (getattr(os, name) or name == "O_RDONLY"):
            lines.append(f"#define {name} {getattr(os, name):#o}")
    text = "\n".join(lines) + "\n#define AT_FDCWD -100\n"
    return text.replace(" 0o", " 0")


def _fixed_headers() -> Dict[str, str]:
    """The headers that are the same for all kernels, by path."""
    fcntl = _fcntl_header()
    empty = (
        "linux/bpf_common.h",
        "uapi/linux/bpf.h",  # BCC brings its own
        "uapi/linux/if_packet.h",
        "uapi/linux/types.h",
    )
    headers = {f"include/{name}": "" for name in empty}
    headers["include/linux/types.h"] = _TYPES_HEADER
    headers["include/linux/compiler.h"] = _COMPILER_HEADER
    headers["include/linux/log2.h"] = _LOG2_HEADER
    headers["include/asm/page.h"] = _page_header()
    headers["include/linux/kernel.h"] = _KERNEL_HEADER
    headers["include/linux/minmax.h"] = "#include <linux/kernel.h>\n"
    headers["include/linux/ptrace.h"] = "#include <uapi/linux/ptrace.h>\n"
    headers["include/linux/fcntl.h"] = fcntl
    headers["include/uapi/linux/ptrace.h"] = _PTRACE_HEADER
    headers["include/linux/limits.h"] = _LIMITS_HEADER
    headers["include/linux/openat2.h"] = _OPENAT2_HEADER
    headers["include/uapi/linux/sched.h"] = "#define CLONE_THREAD 0x10000\n"
    for name in ("fcntl", "limits", "openat2"):
        headers[
            f"include/uapi/linux/{name}.h"
        ] = f"#include <linux/{name}.h>\n"
    for name in _STRUCT_HEADERS:
        headers[f"include/linux/{name}.h"] = "#include <opensnoop/structs.h>\n"
    return headers
