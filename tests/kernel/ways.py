# SPDX-License-Identifier: Apache-2.0
"""Each way to open a file, made by a program that does nothing else.

test_ways.py asserts what check() returns; docs/coverage.md is made from it.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set

from tests.kernel.tool import CHECKOUT, Tool

_PROGRAMS = CHECKOUT / "tests" / "programs"
_NATIVE = CHECKOUT / "opensnooplib" / "native"
_C_FLAGS = "-std=c11 -Wall -Wextra -Werror -O2".split() + [f"-I{_NATIVE}"]
_32_BIT_FLAGS = (
    "-m32 -nostdlib -static -ffreestanding -fno-pic -no-pie"
    " -fno-stack-protector"
).split()

_LOADER = "/lib64/ld-linux-x86-64.so.2"
_ENOENT = 2


class Open(NamedTuple):
    """An open as its row must show it."""

    call: str
    path: str
    fd: Optional[int]  # None: the file has no descriptor
    err: int


class Made(NamedTuple):
    """A program that ran, with all its opens."""

    pid: int
    opens: List[Open]


def build(folder: Path) -> None:
    """Compile all programs that make() runs, into `folder`."""
    ring = str(_PROGRAMS / "uring.c")
    compat = str(_NATIVE / "proof" / "int_0x80.c")
    made_of: Dict[str, List[str]] = {
        "by_handle": [],
        "one_open": [ring, compat],
        "io_uring_open": [ring],
    }
    if os.uname().machine == "x86_64":
        made_of["opens_32"] = _32_BIT_FLAGS
    for name, more in made_of.items():
        source = _PROGRAMS / f"{name}.c"
        command = ["cc", *_C_FLAGS, "-o", str(folder / name), str(source)]
        subprocess.run([*command, *more], check=True)


def run(*command: Any) -> subprocess.Popen[str]:
    """Run a program to its end."""
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    program.wait()
    return program


def _result(program: subprocess.Popen[str]) -> int:
    assert program.stdout
    with program.stdout as output:
        return int(output.read())


def _by(program: str, way: str, call: str, is_there: bool = True) -> _Maker:
    """A function that opens one path by a program, which prints the result."""

    def make(folder: Path) -> Made:
        path = folder / f"file for {call} {way}"
        if is_there:
            path.touch()
        done = run(folder / program, way, path)
        ret = _result(done)
        assert (ret >= 0) == is_there, f"{way}: {os.strerror(-ret)}"
        fd = None if way == "direct" else max(ret, -1)
        return Made(done.pid, [Open(call, str(path), fd, max(-ret, 0))])

    return make


def _binary_of_32_bits(folder: Path) -> Made:
    done = run(folder / "opens_32")
    paths = {
        "open": "/no/where/open",
        "creat": "/no/where/creat",
        "openat": "nowhere/openat",
        "openat2": "/no/where/openat2",
    }
    return Made(
        done.pid,
        [
            Open(f"{call}_32", path, -1, _ENOENT)
            for call, path in paths.items()
        ],
    )


def _executed(*paths: Any) -> List[Open]:
    return [Open("exec", str(path), None, 0) for path in paths]


def _program(folder: Path) -> Made:
    path = shutil.copy("/bin/true", folder / "program")
    return Made(run(path).pid, _executed(path))


def _loader(folder: Path) -> Made:
    path = shutil.copy("/bin/true", folder / "loaded program")
    return Made(run(path).pid, _executed(_LOADER))


def _interpreter(folder: Path) -> Made:
    interpreter = shutil.copy("/bin/true", folder / "interpreter")
    script = folder / "script"
    script.write_text(f"#!{interpreter}\n")
    script.chmod(0o755)
    return Made(run(script).pid, _executed(script, interpreter))


_CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")


def _core_dump(folder: Path) -> Made:
    before = _CORE_PATTERN.read_text()
    _CORE_PATTERN.write_text(f"{folder}/core")
    try:
        done = run("/bin/sh", "-c", "ulimit -c unlimited; kill -ABRT $$")
    finally:
        _CORE_PATTERN.write_text(before)
    (core,) = folder.glob("core*")
    return Made(done.pid, [Open("kernel", str(core), None, 0)])


_Maker = Callable[[Path], Made]


class Way(NamedTuple):
    told: str  # the tool's name for it
    make: _Maker


def _syscall(name: str) -> Way:
    return Way(name, _by("one_open", name, name))


def _request(way: str, call: str = "io_uring_openat") -> Way:
    return Way("io_uring", _by("io_uring_open", way, call))


_COMPAT = "32-bit system calls"


def runs_32_bits(folder: Path) -> bool:
    """Does this machine have 32-bit system calls? Found by trying."""
    return _result(run(folder / "one_open", _COMPAT, "")) == -errno.ENOENT


# The ways, by their names in docs/coverage.md.
WAYS: Dict[str, Way] = {
    "open": _syscall("open"),
    "creat": _syscall("creat"),
    "openat": _syscall("openat"),
    "openat2": _syscall("openat2"),
    "open_by_handle_at": Way(
        "open_by_handle_at",
        _by("by_handle", "open_by_handle_at", "open_by_handle_at"),
    ),
    "int 0x80 in a 64-bit program": Way(
        _COMPAT, _by("one_open", _COMPAT, "open_32")
    ),
    "a 32-bit program": Way(_COMPAT, _binary_of_32_bits),
    "io_uring OPENAT": _request("openat"),
    "io_uring OPENAT2": _request("openat2", "io_uring_openat2"),
    "io_uring, by a worker thread": _request("worker"),
    "io_uring, SQPOLL": _request("sqpoll"),
    "io_uring, direct descriptor": _request("direct"),
    "execve: the program": Way("exec", _program),
    "execve: its #! interpreter": Way("exec", _interpreter),
    "execve: its ELF loader": Way("loaders", _loader),
    "the kernel: acct": Way(
        "the kernel", _by("one_open", "the kernel", "kernel", False)
    ),
    "the kernel: a core dump": Way("the kernel", _core_dump),
}


class Verdict(NamedTuple):
    is_told: bool  # the tool says that it sees such opens
    shown: List[Open]  # by the tool
    made: List[Open]


MaybeVerdict = Optional[Verdict]


def check(plan: str, options: List[str], folder: Path) -> Dict[str, Verdict]:
    """Open a file in every way while the plan watches; verdicts by way.

    `folder` is where build() built. Ways that change the host are tried only
    if the tool says that it sees them; ways that this machine lacks are left
    out.
    """
    columns = "pid,call,fd,err,path"
    here = {
        name: way
        for name, way in WAYS.items()
        if way.told != _COMPAT or runs_32_bits(folder)
    }
    with Tool(
        *("--attach", plan, "--format", "json", "--columns", columns),
        *options,
    ) as tool:
        told = _told(tool)
        made = {
            name: way.make(folder)
            for name, way in here.items()
            if way.told in told or way.make is not _core_dump
        }
        ended = tool.stop()
    assert ended.end.lost == ended.end.missed == 0
    rows = [json.loads(line) for line in ended.lines]
    return {
        name: Verdict(WAYS[name].told in told, _shown(rows, one), one.opens)
        for name, one in made.items()
    }


def _told(tool: Tool) -> Set[str]:
    """What the tool says it watches. By tracepoints, exec shows no loaders."""
    words = tool.watching.partition("watching ")[2].partition(" (")[0]
    told = set(words.split(", "))
    if "the kernel" in told:
        told.add("loaders")
    return told


def _shown(rows: List[Dict[str, Any]], made: Made) -> List[Open]:
    paths = {one.path for one in made.opens}
    return [
        Open(row["call"], row["path"], row["fd"], row["err"])
        for row in rows
        if row["pid"] == made.pid and row["path"] in paths
    ]
