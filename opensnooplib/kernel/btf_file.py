# SPDX-License-Identifier: Apache-2.0
"""--btf: a file with BTF of this kernel, which has none of its own.

Such files are made from a kernel's debug information; BTFHub
(github.com/aquasecurity/btfhub-archive) has those of many distributions. One
for another kernel, or another configuration, would have the C read the wrong
bytes. So values of this process are read by way of the file's structs, and
must be those that /proc has.
"""

from __future__ import annotations

import glob
import os
import resource
import tarfile

from opensnooplib.base.errors import UsageError
from opensnooplib.kernel import btf, this_kernel, why_no_bpf
from opensnooplib.kernel.bpf_objects import own_task_bytes

# Of a member of an archive, which may claim any size, that much is read: the
# BTF of a kernel has 3 to 8 MiB. And of address space, while a file is read.
_SIZE_MAX, _MEMORY_MAX = 64 << 20, 1 << 30

# None is the first of its struct, so its offset isn't 0.
_FIELDS = (
    "task_struct.pid task_struct.tgid task_struct.real_parent task_struct.comm"
    " task_struct.fs fs_struct.pwd path.dentry dentry.d_name qstr.name"
)


def use(path: str) -> None:
    """Use a file, or one in a folder, for kernel structs from now on.

    Raises UsageError.
    """
    file = _found(path)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_MAX, limits[1]))
        btf.given = _read(file)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        why_not = _difference()
    except OSError as error:
        why_not = why_no_bpf.sentence(error.errno or 0)
    except Exception:  # whatever a broken file raises
        why_not = "not the BTF of a kernel, nor an ELF file or .tar.xz with it"
    if why_not:
        raise UsageError(f"--btf {path}: {why_not}")


def _found(path: str) -> str:
    """The file itself, or that for this kernel in a folder.

    There it stands beside others, or as in BTFHub: ID/VERSION/ARCH/RELEASE...
    Raises UsageError.
    """
    release, machine = this_kernel.release(), os.uname().machine
    for folder in ("", f"*/*/{machine.replace('aarch64', 'arm64')}/"):
        names = f"{glob.escape(path)}/{folder}{release}.btf*"
        for file in [path, *sorted(glob.glob(names))]:
            if os.path.isfile(file):  # a FIFO or a device may never end
                return file
    why = f"no such file, nor a directory that has {release}.btf[.tar.xz]"
    raise UsageError(f"--btf {path}: {why}")


def _read(path: str) -> btf.Btf:
    """The BTF in a file, or in the first member of an archive."""
    if not path.endswith(".tar.xz"):
        return btf.Btf(path)
    with tarfile.open(path, "r:xz") as archive:
        member = archive.extractfile(archive.next() or "")
        return btf.Btf(member.read(_SIZE_MAX) if member else b"")


def _difference() -> str:
    """In what this process, by the structs, isn't as /proc has it, or ""."""
    words = (word.split(".") for word in _FIELDS.split())
    found = btf.offsets((of, [field]) for of, field in words)
    offsets = [offset or -1 for offset in found]  # -1: nothing is like /proc
    pid, tgid, parent, comm, fs, pwd, dentry, d_name, name = offsets
    own, above = os.getpid(), os.getppid()
    inside = this_kernel.pid_namespace() is not None  # has other numbers
    command = this_kernel.text_of("/proc/self/comm").replace("\n", "\0")
    here = os.open(".", os.O_PATH)
    os.chdir(f"/proc/{own}")  # no other directory has this name
    directory = own_task_bytes(fs, pwd + dentry, d_name + name, 0)
    os.fchdir(here)
    os.close(here)
    same = {
        "name": own_task_bytes(comm).startswith(command.encode()),
        "directory": directory.startswith(f"{own}\0".encode()),
        "PID": inside or own_task_bytes(pid)[:4] == own.to_bytes(4, "little"),
        "parent": inside
        or own_task_bytes(parent, tgid)[:4] == above.to_bytes(4, "little"),
    }
    others = [what for what, is_same in same.items() if not is_same]
    why = f"not the BTF of {this_kernel.release()}: in it, this process"
    return f"{why} has another {others[0]} than in /proc" if others else ""
