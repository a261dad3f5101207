# SPDX-License-Identifier: Apache-2.0
"""The small tree of headers, which needs nothing from the host.

It also makes the compile faster than other headers. Kernel structs are added
from BTF, and only if the C names one of them.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re

from opensnooplib.base import tables
from opensnooplib.base.open_flags import FLAGS
from opensnooplib.kernel import btf, this_kernel
from opensnooplib.source import compiled_lines, field_types, kernel_structs
from opensnooplib.source.comments import without_comments

_FIXED = os.path.join(os.path.dirname(__file__), "headers")
_STRUCTS = "opensnoop/structs.h"
_MACROS = "opensnoop/macros.h"  # of the kernel's own headers
_NET = "opensnoop/net.h"
_OF_NET = re.compile(r"net/|linux/(tcp|udp|skbuff|in6|ipv6|socket)\.h")
_FROM_BTF = "#define KERNEL_STRUCTS_FROM_BTF 1\n"

_WORD = re.compile(r"\w+")

# A header of the kernel, as in <net/sock.h>; BCC brings <bcc/proto.h>.
_INCLUDE = re.compile(
    r"^\s*#\s*include\s*<(?!bcc/|sys/)((?:\w[\w.-]*/)+[\w.-]+)>", re.MULTILINE
)
_DIRECTIVE = re.compile(
    r"^[ \t]*#(?!\s*include\s*<(?:sys/|\w+\.h))(?:.*\\\n)*.*\n", re.MULTILINE
)
_MACRO = re.compile(r"^#define (\w+)((?:.*\\\n)*.*)", re.MULTILINE)
_SWITCH = re.compile(r"^(CONFIG_\w+)=(\d+)$", re.MULTILINE)

# What the headers of BCC itself include.
_FOR_BCC = ("uapi/linux/if_ether.h",)


def make_tree(folder: str, text: str, all_fields: bool = True) -> None:
    """Write the headers that the C in `text` and BCC need into `folder`.

    `all_fields`: of kernel structs, so that the compiler can suggest a name,
    and the macros and constants of the kernel's own headers; else only those
    fields that the compiled lines name.

    Raises OpensnoopError if the C needs kernel structs and this kernel has no
    BTF.
    """
    files = dict(_fixed_headers())
    macros = ""
    if all_fields:
        files["linux/kconfig.h"] += _configuration()
        others = [_NET] * any(map(_OF_NET.match, _INCLUDE.findall(text)))
        macros = "".join(files[path] for path in [_MACROS, *others])
    # Conditions in the C ask for what these headers define.
    from_btf = _FROM_BTF if btf.has_structs() else ""
    code = _compiled(files["linux/kconfig.h"] + macros + from_btf, text)
    used = _used(macros, code)
    if uses_kernel_structs(code, used):
        files[_STRUCTS] += _FROM_BTF
        files[_STRUCTS] += kernel_structs.c_text(
            code + used, _known(), all_fields
        )
        own = kernel_structs.own_names(code)
        files[_STRUCTS] += _MACRO.sub(
            lambda found: "" if found[1] in own else found[0], macros
        )
    files["linux/types.h"] += field_types.typedefs(
        text, files["linux/types.h"] + files[_STRUCTS]
    )
    for path in (*_FOR_BCC, *_INCLUDE.findall(code)):
        _add_header(files, path)
    for folder_name in {os.path.dirname(path) for path in files}:
        os.makedirs(f"{folder}/include/{folder_name}", exist_ok=True)
    for path, content in files.items():
        with open(f"{folder}/include/{path}", "w", encoding="utf-8") as file:
            file.write(content)


def uses_kernel_structs(code: str, macros: str = "") -> bool:
    """Does C name a kernel struct, or is one in what it uses otherwise?

    That are headers and `macros` of the kernel. BTF takes 10 ms to read.
    """
    others = [
        path
        for path in _INCLUDE.findall(code)
        if path not in _fixed_headers() and not path.startswith("uapi/")
    ]
    return bool(
        kernel_structs.named(code, _known())
        or ((others or macros) and btf.has_structs())
    )


def includes_others(text: str) -> bool:
    """Does the C include headers that stand only for what BTF has?"""
    own = _of_the_kernel() - set(_fixed_headers())
    return not own.isdisjoint(_INCLUDE.findall(text))


@functools.lru_cache(maxsize=None)
def _known() -> set[str]:
    """The names of types and constants that fixed headers have."""
    headers = _fixed_headers().items()
    texts = [t for path, t in headers if path not in (_MACROS, _NET)]
    return set(_WORD.findall(without_comments("".join(texts))))


def _compiled(before: str, text: str) -> str:
    """The lines of `text` that are compiled after the headers `before`."""
    mark = "#define END_OF_HEADERS"
    lines = compiled_lines.of(f"{before}\n{mark}\n{text}")
    return "\n".join(lines[lines.index(mark) + 1 :])


def _configuration() -> str:
    """The options that this kernel was built with, if it says so."""
    import gzip  # takes 2 ms at launch

    text = this_kernel.text_of(f"/boot/config-{this_kernel.release()}")
    with contextlib.suppress(OSError):
        text = gzip.open("/proc/config.gz", "rt").read()
    switches = _SWITCH.findall(text.replace("=y\n", "=1\n"))
    return "".join(f"#define {name} {value}\n" for name, value in switches)


def _used(macros: str, text: str) -> str:
    """The bodies of those macros that `text` uses, also by another macro."""
    bodies = dict(_MACRO.findall(macros))
    used = ""
    words = set(_WORD.findall(text))
    while more := [bodies.pop(name) for name in words & set(bodies)]:
        used += "\n".join(more)
        words.update(_WORD.findall(used))
    return used


def _add_header(files: dict[str, str], path: str) -> None:
    """Let the C include another header of the kernel's.

    It stands for the kernel's structs, and for the UAPI header of this name
    that the host has. Of that only the preprocessor's lines are taken if its
    structs come from BTF.
    """
    if path in files:
        return
    content = _uapi_header(path.replace("uapi/", "", 1))
    if not content and path not in _of_the_kernel():
        return  # the compiler will say so
    if _FROM_BTF in files[_STRUCTS]:
        content = "".join(_DIRECTIVE.findall(without_comments(content)))
    begin = f"#pragma GCC system_header\n#include <{_STRUCTS}>\n"
    files[path] = begin + content
    for included in _INCLUDE.findall(content):
        _add_header(files, included)


def _of_the_kernel() -> set[str]:
    """The paths of the kernel's own headers."""
    found = map(str.split, tables.paragraphs(__file__, "kernel_headers.txt"))
    return {f"{d[:-1]}/{name}.h" for d, *names in found for name in names}


def _uapi_header(path: str) -> str:
    multiarch = f"/usr/include/{os.uname().machine}-linux-gnu"
    if path.startswith(("linux/", "asm/", "asm-generic/")):
        for folder in (multiarch, "/usr/include"):
            with contextlib.suppress(OSError):
                with open(f"{folder}/{path}", encoding="utf-8") as file:
                    return file.read()
    return ""


@functools.lru_cache(maxsize=None)
def _fixed_headers() -> dict[str, str]:
    """The headers that the C doesn't change, by path."""
    headers = {}
    for folder, _, names in os.walk(_FIXED):
        for path in (f"{folder}/{name}" for name in names):
            with open(path, encoding="ascii") as file:
                headers[os.path.relpath(path, _FIXED)] = file.read()
    version, flags = this_kernel.version(), FLAGS.items()
    code = f"#define LINUX_VERSION_CODE KERNEL_VERSION{version}\n"
    headers["linux/version.h"] += code
    headers["linux/fcntl.h"] += "".join(f"#define {n} {v}\n" for n, v in flags)
    shift = os.sysconf("SC_PAGE_SIZE").bit_length() - 1
    headers["asm/page.h"] += f"#define PAGE_SHIFT {shift}\n"
    return headers
