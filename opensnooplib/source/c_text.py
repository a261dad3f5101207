# SPDX-License-Identifier: Apache-2.0
"""The C that BCC gets: one text, made of the #defines and the files.

BCC rewrites map accesses and kernel reads only in the main file, so each file
that it includes by name ("...") is put in place of the #include. #line
directives make the compiler's messages name the file and line that the user
edits.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from typing import Callable, NamedTuple, Sequence

from opensnooplib.base import libc
from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.options import Probe
from opensnooplib.source import comments, hook_words
from opensnooplib.source.compiled_lines import LINE_DIRECTIVE, Conditions
from opensnooplib.source.defines import Define

_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')

# Lines after which the compiler may have lost count: the end of a branch that
# isn't compiled, and the head of a probe, before which BCC puts a struct.
_LOSES_COUNT = re.compile(
    r"^\s*#\s*(endif|else|elif)\b"
    r"|^([A-Z_]+\(.*\)|{)\s*$"
    r"|^\w.*\)\s*{(.*[^\\])?$"
)

# The first line of a probe.
_PROBE = re.compile(
    r"^\s*((RAW_)?TRACEPOINT_PROBE\s*\("
    r"|int\s+(kprobe|kretprobe|(raw_)?tracepoint)__\w+\s*\()"
    rf"|{hook_words.MACRO.pattern}"
)

_ONCE = re.compile(r"^\s*#\s*pragma\s+once\b")

# The size of the C, and the number of its files: far more than anybody writes.
_SIZE_LIMIT = 1 << 20
_FILE_LIMIT = 1000

# The depth of #includes that only a file that includes itself reaches.
_DEPTH_LIMIT = 32


def default_path() -> str:
    """bpf_src/opensnoop.c of the checkout, or of the installed package."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for folder in (os.path.dirname(here), here):
        path = os.path.join(folder, "bpf_src", "opensnoop.c")
        if os.path.exists(path):
            return path
    raise OpensnoopError(
        f"bpf_src/opensnoop.c is missing next to {here}: reinstall opensnoop"
    )


def path_of(probe: Probe) -> str:
    """The path of the C to run. Raises OpensnoopError."""
    return default_path() if probe.source is None else probe.source


class Source(NamedTuple):
    """One text, made from several files."""

    text: str
    files: dict[str, str]  # the content of each, by its path


def read(
    path: str,
    reached: dict[str, str] | None = None,
    note: Callable[[str], object] = str,
) -> Source:
    """The C of the program at `path`. Raises SourceError.

    `reached` gets all files that were read, or that are missing, also if there
    is an error. `note` is called with each path before it is looked at.
    """
    files: dict[str, str] = {} if reached is None else reached
    lines = _Glue(files, note).lines(path, 0, False)
    return Source("\n".join(lines) + "\n", files)


def compiled(text: str, made_of: Source) -> Source:
    """The C without the files that an #if in `text` takes out.

    `text` is made of it, and has the #defines. Lines that are taken out are
    empty, so that the others keep their numbers.
    """
    paths = {_escaped(path): path for path in made_of.files}
    numbers: dict[str, set[int]] = {}  # of lines that are compiled, by path
    path, number = "", 0
    conditions = Conditions()
    for _, line, code in comments.lines(text):
        directive = LINE_DIRECTIVE.match(line)
        is_condition = conditions.heed(code)
        if directive:
            number, path = int(directive[1]), paths.get(directive[2], "")
        behind = number if directive else number + 1 + line.count("\n")
        if path and conditions.may_be_compiled and not is_condition:
            numbers.setdefault(path, set()).update(range(number, behind))
        number = behind
    files = {
        path: "\n".join(
            line if number in kept else ""
            for number, line in enumerate(made_of.files[path].split("\n"), 1)
        )
        for path, kept in numbers.items()
    }
    return made_of._replace(files=files)


def with_defines(text: str, defines: Sequence[Define]) -> str:
    lines = [f"#define {name} {value}" for name, value in defines]
    return "\n".join(lines + [text])


def shown_name(path: str) -> str:
    """The path as a user would type it in the working directory."""
    try:
        relative = os.path.relpath(path)
    except OSError:  # the working directory is gone, or too deep
        return path
    return os.path.abspath(path) if relative.startswith("..") else relative


def _escaped(path: str) -> str:
    # By this path the compiler finds the file, to put its lines into the BTF.
    name = os.path.abspath(path)
    for byte, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        name = name.replace(byte, escape)
    return name


def read_file(path: str) -> str:
    """The text of a C file, at once. Raises SourceError."""
    name = shown_name(path)
    try:
        with open(path, "rb", opener=libc.open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SourceError(f"{name} is not a regular file")
            text = file.read(_SIZE_LIMIT + 1)
    except FileNotFoundError:
        raise SourceError(f"{name} does not exist") from None
    except OSError as error:
        raise SourceError(f"cannot read {name}: {error.strerror}") from None
    if len(text) > _SIZE_LIMIT:
        raise SourceError(f"{name} is too large for C: over 1 MiB")
    if b"\0" in text:
        raise SourceError(f"{name} is not text: it contains a NUL byte")
    # Some editors start a file with the byte order mark of UTF-8.
    text = text.removeprefix(codecs.BOM_UTF8)
    return text.decode(errors="surrogateescape")


class _Glue:
    """Puts files in place of the lines that include them."""

    def __init__(
        self, files: dict[str, str], note: Callable[[str], object]
    ) -> None:
        self._files = files
        self._note = note
        self._size = 0
        # Of files that were included before: their include guards decide. By
        # their real paths, since ../c.h can be c.h.
        self._made: dict[str, list[str]] = {}
        # Files with #pragma once that need not be put in again: they stand
        # above, whatever an #if says, or this line is inside them.
        self._once: set[str] = set()

    def lines(self, path: str, depth: int, is_conditional: bool) -> list[str]:
        """The lines of a file and of those that it includes.

        `is_conditional`: an #if decides whether the file is included.
        """
        if depth > _DEPTH_LIMIT:
            raise SourceError(
                f"{shown_name(path)} includes itself, over and over: remove "
                "that #include"
            )
        self._files[path] = ""
        self._note(path)
        self._files[path] = text = read_file(path)
        self._grow([text])
        quoted = f'"{_escaped(path)}"'
        lines, end = [f"#line 1 {quoted}"], []
        if depth == 0 and hook_words.MACRO.search(text):
            hooks = os.path.join(os.path.dirname(default_path()), "hooks.h")
            lines += [*self._included(hooks, 1, False), *lines]
        conditions = Conditions()
        for number, line, code in comments.lines(text.removesuffix("\n")):
            conditions.heed(code)
            loses_count = bool(_LOSES_COUNT.match(code))
            new = [line]
            included = _INCLUDE.match(code)
            if included:
                in_branch = is_conditional or conditions.are_open
                target = self._find(included[1], path)
                if target:
                    lines += self._included(target, depth + 1, in_branch)
                    loses_count, new = True, []
                elif not in_branch:  # that isn't compiled, perhaps
                    number += line[: included.start(1)].count("\n")
                    raise SourceError(
                        f"{shown_name(path)}:{number} includes "
                        f'"{included[1]}", which does not exist'
                    )
            elif _ONCE.match(code) and not conditions.are_open:
                self._once.add(os.path.realpath(path))
                guard = f"ONCE_{list(self._files).index(path)}_H"
                new, end = [f"#ifndef {guard}", f"#define {guard}"], ["#endif"]
                loses_count = True
            elif _PROBE.match(code) and not lines[-1].endswith("\\"):
                # Not within a macro.
                new = _probe_lines(line, code, f"#line {number} {quoted}")
                macro = hook_words.MACRO.match(code)
                if macro:
                    name = hook_words.name_of(*macro.groups())
                    new = ["#undef PROGRAM", f"#define PROGRAM {name}", *new]
            if loses_count:
                behind = number + 1 + line.count("\n")
                new.append(f"#line {behind} {quoted}")
            lines += new
        if is_conditional:
            self._once.discard(os.path.realpath(path))
        return lines + end

    def _included(self, path: str, depth: int, in_branch: bool) -> list[str]:
        file = os.path.realpath(path)
        if file in self._once:
            return []
        if file in self._made:
            self._grow(self._made[file])
        else:
            self._made[file] = self.lines(path, depth, in_branch)
        return self._made[file]

    def _grow(self, lines: list[str]) -> None:
        self._size += sum(map(len, lines)) + len(lines)
        if self._size > _SIZE_LIMIT or len(self._files) > _FILE_LIMIT:
            raise SourceError(
                f"{shown_name(next(iter(self._files)))} is too large: more "
                f"than 1 MiB or {_FILE_LIMIT} files, including its headers; "
                "add #pragma once to them"
            )

    def _find(self, name: str, includer: str) -> str | None:
        """The path of an included file: next to its includer, or in bpf_src.

        None if it isn't there.
        """
        beside, ours = (
            os.path.join(os.path.dirname(path), name)
            for path in (includer, default_path())
        )
        for path in (beside, ours):
            self._note(path)
            if os.path.exists(path):
                return path
        self._files[beside] = ""
        return None


def _probe_lines(line: str, code: str, directive: str) -> list[str]:
    """The first line of a probe, written so that BCC keeps its number.

    BCC puts lines of its own before the function. With "extern", which changes
    nothing about a function, it begins one line earlier, and the #line
    directive is between the two. BCC puts a line after the brace, too: what
    follows the brace is put on a line of its own, in the same column.
    """
    lines = ["extern", directive]
    head = code.find("{") + 1
    if head and code[head:].strip() and "\n" not in line:
        lines += [line[:head], directive]
        line = re.sub(r"[^\t]", " ", line[:head]) + line[head:]
    return [*lines, line]
