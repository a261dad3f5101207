# SPDX-License-Identifier: Apache-2.0
"""strace, which sees every open by other means: the tool must agree."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple, Union

# Errors that only the kernel and its tracers see: include/linux/errno.h.
_KERNEL_ERRNO = {
    "ERESTARTSYS": 512,
    "ERESTARTNOINTR": 513,
    "ERESTARTNOHAND": 514,
    "ERESTART_RESTARTBLOCK": 516,
}


class Open(NamedTuple):
    """One open, as both strace and the tool show it."""

    path: Optional[bytes]  # None: not readable
    ret: int
    flags: int
    mode: Optional[int]  # None where the kernel ignores it


# Opens by thread, in the order in which each made them.
Opens = Dict[int, List[Open]]

_LINE = re.compile(r"(\d+) (.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_UNFINISHED = " <unfinished ...>"
_CALL = re.compile(r"(\w+)\((.*)\)\s+= (.*)")
_NUMBER = "(0x[0-9a-f]+|[0-7]+|NULL)"
_PATH = r'(?:"((?:\\x[0-9a-f]{2})*)"(?:\.\.\.)?|' + _NUMBER + ")"
_ARGUMENTS = {
    "open": re.compile(f"{_PATH}, {_NUMBER}(?:, {_NUMBER})?"),
    "openat": re.compile(rf"-?\w+, {_PATH}, {_NUMBER}(?:, {_NUMBER})?"),
    "creat": re.compile(f"{_PATH}, {_NUMBER}"),
    "openat2": re.compile(rf"-?\w+, {_PATH}, (.*), \w+"),
}
_HOW = re.compile(rf"\{{flags={_NUMBER}(?:, mode={_NUMBER})?, .*")


def command(log: Path) -> List[str]:
    """The words before a command that trace it and all that it starts."""
    calls = ",".join(_ARGUMENTS)
    return (
        f"strace -f -q -X raw -xx -s 5000 -e trace={calls} -e signal=none -o"
    ).split() + [str(log)]


def run(words: List[Union[str, Path]], log: Path, cwd: Path) -> Opens:
    """Run a command under strace; returns all its opens."""
    subprocess.run(
        [*command(log), *words],
        check=True,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    return parse(log.read_text())


def parse(text: str) -> Opens:
    """The opens in strace's output, also of threads that opened nothing."""
    opens: Opens = {}
    begun: Dict[int, str] = {}
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        assert found, line
        tid, rest = int(found.group(1)), found.group(2).strip()
        opens.setdefault(tid, [])
        resumed = _RESUMED.match(rest)
        if resumed:
            rest = begun.pop(tid) + resumed.group(1)
        if rest.endswith(_UNFINISHED):
            begun[tid] = rest[: -len(_UNFINISHED)]
        elif not rest.startswith("+++"):
            one = _parse_call(rest)
            if one:
                opens[tid].append(one)
    return opens


def _parse_call(text: str) -> Optional[Open]:
    found = _CALL.fullmatch(text)
    assert found, text
    name, arguments, result = found.groups()
    ret = _result(result)
    if ret is None:
        return None
    path, flags, mode = _arguments(name, arguments)
    counts = flags & os.O_CREAT or flags & os.O_TMPFILE == os.O_TMPFILE
    return Open(path, ret, flags, mode if counts else None)


def _result(text: str) -> Optional[int]:
    """The result; None: the thread was killed before the call returned."""
    number, _, rest = text.partition(" ")
    if number not in ("-1", "?"):
        return int(number)
    if not rest:
        return None
    name = rest.split()[0]
    return -(_KERNEL_ERRNO.get(name) or getattr(errno, name))


def _arguments(name: str, text: str) -> Tuple[Optional[bytes], int, int]:
    found = _ARGUMENTS[name].fullmatch(text)
    assert found, f"{name}({text})"
    digits, pointer, *rest = found.groups()
    path = None if pointer else bytes.fromhex(digits.replace("\\x", ""))
    if name == "creat":
        return path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, _number(rest[0])
    if name == "openat2":
        how = _HOW.fullmatch(rest[0])
        # Flags that are unreadable are 0.
        rest = list(how.groups()) if how else ["0", None]
    return path, _number(rest[0]), _number(rest[1])


def _number(text: Optional[str]) -> int:
    """A number as C writes it: hexadecimal, octal or 0."""
    if text is None:
        return 0
    return int(text, 16) if text.startswith("0x") else int(text, 8)
