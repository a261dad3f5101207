# SPDX-License-Identifier: Apache-2.0
"""--btf where the kernel's own BTF is hidden: used, or refused in a sentence.

The files are made from the kernel's own BTF.
"""

from __future__ import annotations

import io
import os
import platform
import re
import struct
import tarfile
from pathlib import Path
from typing import Callable, Dict

import pytest

from opensnooplib.kernel import this_kernel
from opensnooplib.kernel.btf import Btf
from tests.kernel.starts import as_nobody, prepared
from tests.kernel.tool import Ended, Tool, run

pytestmark = pytest.mark.skipif(
    not os.access(this_kernel.BTF, os.R_OK), reason="this kernel has no BTF"
)

_RELEASE = platform.release()
_HIDDEN = prepared("mount -t tmpfs none /sys/kernel/btf")

# A process opens a file by a relative name: kernel structs give the rest.
_RELATIVE = ("-F", "--exec", "sh", "-c", "cd /etc; : < hostname")


def _own() -> bytes:
    return Path(this_kernel.BTF).read_bytes()


def _elf(data: bytes, name: bytes = b".BTF") -> bytes:
    """An ELF file of 64 bits with one section, and that of the names."""
    names = b"\0.names\0" + name + b"\0"
    header = struct.pack(
        "=16sHHIQQQIHHHHHH",
        *(b"\x7fELF\x02\x01\x01", 1, 62, 1, 0, 0, 64),
        *(0, 64, 0, 0, 64, 3, 1),
    )
    start = 64 + 3 * 64
    sections = bytes(64)
    for number, kind, body in ((1, 3, names), (8, 1, data)):
        sections += struct.pack(
            "=IIQQQQIIQQ", number, kind, 0, 0, start, len(body), 0, 0, 1, 0
        )
        start += len(body)
    return header + sections + names + data


def _archive(data: bytes, name: str = f"{_RELEASE}.btf") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def _raw_file(folder: Path) -> Path:
    (folder / "raw").write_bytes(_own())
    return folder / "raw"


def _elf_file(folder: Path) -> Path:
    (folder / "vmlinux").write_bytes(_elf(_own()))
    return folder / "vmlinux"


def _archive_file(folder: Path) -> Path:
    (folder / "packed.tar.xz").write_bytes(_archive(_own()))
    return folder / "packed.tar.xz"


def _folder(folder: Path) -> Path:
    (folder / f"{_RELEASE}.btf").write_bytes(_own())
    (folder / "another.btf").write_bytes(b"")
    return folder


def _btfhub(folder: Path) -> Path:
    machine = os.uname().machine.replace("aarch64", "arm64")
    below = folder / "debian" / "12" / machine
    below.mkdir(parents=True)
    (below / f"{_RELEASE}.btf.tar.xz").write_bytes(_archive(_own()))
    return folder


_FORMS = [_raw_file, _elf_file, _archive_file, _folder, _btfhub]


def _assert_full_paths(ended: Ended) -> None:
    assert ended.status == 0, ended.messages
    assert b"/etc/hostname" in [row.path for row in ended.rows]


@pytest.mark.parametrize("form", _FORMS)
def test_structs_come_from_it(
    tmp_path: Path, form: Callable[[Path], Path]
) -> None:
    words = ("--btf", form(tmp_path), "--format", "json", *_RELATIVE)
    _assert_full_paths(run(*words, under=_HIDDEN))


@pytest.mark.every_kernel
def test_with_the_privileges_of_a_trace(tmp_path: Path) -> None:
    """And by default, with and without --live."""
    words = ("--btf", _raw_file(tmp_path), "--format", "json")
    _assert_full_paths(run(*words, *_RELATIVE, under=_HIDDEN))
    _assert_full_paths(run(*words, "--live", *_RELATIVE, under=_HIDDEN))


def _shifted(field: str, of: str = "task_struct") -> bytes:
    """The kernel's BTF, but for one field, which is 8 bytes further on."""
    data = bytearray(_own())
    types = Btf(bytes(data))
    found = types.find(of)
    names = [types.name(one.name_off) for one in types.members(found)]
    length, types_at = struct.unpack_from("=4xII", data, 0)
    at = length + types_at + types.address(found) - types.address(1)
    at += 12 + 12 * names.index(field) + 8
    (offset,) = struct.unpack_from("=I", data, at)
    struct.pack_into("=I", data, at, offset + 64)
    return bytes(data)


@pytest.mark.every_kernel
@pytest.mark.parametrize(
    "field, of, named",
    [
        ("comm", "task_struct", "name"),
        ("tgid", "task_struct", "parent"),
        ("pwd", "fs_struct", "directory"),
    ],
)
def test_another_kernels(
    tmp_path: Path, field: str, of: str, named: str
) -> None:
    file = tmp_path / "btf"
    file.write_bytes(_shifted(field, of))
    ended = run("--btf", file, "-d", "1", under=_HIDDEN)
    _assert_refused(ended)
    assert f"not the BTF of {_RELEASE}: " in ended.messages
    assert f"this process has another {named} than in /proc" in ended.messages


def _assert_refused(ended: Ended) -> None:
    assert ended.status in (1, 2) and ended.output == b""
    assert ended.messages.startswith("opensnoop: --btf ")
    assert ended.messages.count("\n") == 1, ended.messages
    assert "internal error" not in ended.messages


def _sparse(file: Path, beginning: bytes) -> None:
    file.write_bytes(beginning)
    os.truncate(file, 2 << 30)


_BROKEN: Dict[str, Callable[[Path], object]] = {
    "missing": lambda file: None,
    "empty": lambda file: file.write_bytes(b""),
    "text": lambda file: file.write_text("int main() {}\n" * 1000),
    "cut raw": lambda file: file.write_bytes(_own()[:-1000]),
    "only a header": lambda file: file.write_bytes(_own()[:24]),
    "cut archive": lambda file: file.write_bytes(_archive(_own())[:-9000]),
    "text as archive": lambda file: file.write_text("int main() {}\n"),
    "empty archive": lambda file: file.write_bytes(_archive(b"")),
    "cut elf": lambda file: file.write_bytes(_elf(_own())[:-1000]),
    "elf without": lambda file: file.write_bytes(_elf(_own(), b".no")),
    "elf of ones": lambda f: f.write_bytes(_elf(b"")[:16] + b"\xff" * 999),
    "bomb": lambda file: file.write_bytes(_archive(bytes(200 << 20))),
    "large": lambda file: _sparse(file, b""),
    "large raw": lambda file: _sparse(file, _own()[:24]),
    "large elf": lambda file: _sparse(file, _elf(b"")[:64]),
    "fifo": os.mkfifo,
    "folder": os.mkdir,
    "dangling": lambda file: file.symlink_to("nowhere"),
    "itself": lambda file: file.symlink_to(file),
    "device": lambda file: file.symlink_to("/dev/zero"),
    "of ones": lambda f: f.write_bytes(_own()[:24] + b"\xff" * len(_own())),
}


@pytest.mark.parametrize("kind", _BROKEN)
def test_broken(tmp_path: Path, kind: str) -> None:
    is_packed = "archive" in kind or kind == "bomb"
    file = tmp_path / f"\x1b[31mbtf{'.tar.xz' * is_packed}"
    _BROKEN[kind](file)
    ended = run("--btf", file, "-d", "1", under=_HIDDEN)
    _assert_refused(ended)
    assert "\x1b" not in ended.messages


def test_what_the_doctor_says(tmp_path: Path) -> None:
    said = run("--doctor", under=_HIDDEN).output.decode()
    assert "--  btf" in said and "by --btf" in said
    file = _raw_file(tmp_path)
    said = run("--doctor", "--btf", file, under=_HIDDEN).output.decode()
    assert re.search(f"^ok  btf +{re.escape(str(file))}$", said, re.M)
    assert "this kernel has no BTF" in said  # for fentry


def test_a_save_is_compiled_with_it(tmp_path: Path) -> None:
    source = tmp_path / "my.c"
    text = (
        "#include <linux/sched.h>\n"
        "struct event { u64 ts; u32 pid; u32 parent; };\n"
        "BPF_PERF_OUTPUT(events);\n"
        "TRACEPOINT_PROBE(syscalls, sys_enter_openat) {\n"
        "struct task_struct *task = (void *)bpf_get_current_task();\n"
        "struct event e = {.parent = task->real_parent->tgid};\n"
        "events.perf_submit(args, &e, sizeof(e)); return 0; }\n"
    )
    source.write_text(text)
    words = ("--source", source, "--live", "--btf", _raw_file(tmp_path))
    with Tool(*words, under=_HIDDEN) as tool:
        source.write_text(text + "\n// changed\n#define X\n")
        source.write_text(text.replace("{.parent", "{.pid = 1, .parent"))
        tool.await_message("my.c: reloaded in ")
        assert tool.stop().status == 0


def test_without_privileges(readable_checkout: Path) -> None:
    """The file is not to blame."""
    file = readable_checkout / "btf"
    file.write_bytes(_own())
    under = prepared(f'set -- {as_nobody()} "$@"')
    ended = run("--btf", file, checkout=readable_checkout, under=under)
    _assert_refused(ended)
    assert "tracing needs root" in ended.messages
