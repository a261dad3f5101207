# SPDX-License-Identifier: Apache-2.0
"""What can be said of somebody's own C (--source) before it is compiled."""

from __future__ import annotations

import functools
import re
from typing import List, Tuple

from opensnooplib.base.errors import SourceError
from opensnooplib.kernel import similar_hooks
from opensnooplib.options import Options
from opensnooplib.kernel import program_names
from opensnooplib.selection import kernel_selection
from opensnooplib.source import c_text
from opensnooplib.source.comments import without_comments
from opensnooplib.source.c_text import Source

LAYOUT_MAP = "event_layout"
LAYOUT = f" BPF_ARRAY({LAYOUT_MAP}, struct event, 1);"

_EVENT = re.compile(r"\bstruct\s+event\s*\{")
_EVENTS_MAP = re.compile(r"\bBPF_PERF_OUTPUT\s*\(\s*events\s*\)")
_RING_BUFFER = re.compile(r"\bBPF_RINGBUF_OUTPUT\b")
_IS_SENT = re.compile(r"\bevents\s*\.\s*perf_submit\w*\s*\(")
_TRACEPOINT = re.compile(r"^\s*TRACEPOINT_PROBE\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")


def check(made_of: Source, options: Options) -> None:
    """Raises SourceError where the frontend lacks what it needs."""
    path = next(iter(made_of.files))
    name = c_text.shown_name(path)
    if not made_of.files[path].strip():
        raise SourceError(f"{name} is empty: docs/workshop.md begins there")
    code = without_comments(made_of.text)
    if not _EVENT.search(code):
        raise SourceError(
            f"{name} has no struct event: its fields are the columns"
        )
    if _RING_BUFFER.search(code):
        raise SourceError(
            f"{name} has a BPF ring buffer, which doesn't tell what is lost: "
            "write BPF_PERF_OUTPUT(events); and events.perf_submit()"
        )
    if not _EVENTS_MAP.search(code):
        raise SourceError(
            f"{name} has no BPF_PERF_OUTPUT(events); records go through it: "
            "events.perf_submit(ctx, &event, sizeof(event))"
        )
    if not _IS_SENT.search(code):
        raise SourceError(
            f"{name} sends nothing, so nothing would be shown: call "
            "events.perf_submit(ctx, &event, sizeof(event))"
        )
    for word in kernel_selection.conditions(options):
        if not re.search(rf"\b{word}\b", code):
            raise SourceError(
                f"what the options select comes as the macro {word}, which "
                f"{name} doesn't use: bpf_src/select.h shows how, or leave "
                "the option out"
            )


def with_layout(text: str) -> str:
    """BCC tells the layout of what is in a map: put struct event into one.

    On the line where the struct ends, so that all lines keep their numbers;
    after each that the text has, since one may stand in a branch of #if.
    """
    code = without_comments(text)
    for begin in reversed(list(_EVENT.finditer(code))):
        end = _end_of_struct(code, begin.end())
        if end:
            text = text[:end] + LAYOUT + text[end:]
    return text


def _end_of_struct(code: str, start: int) -> int:
    """Behind its semicolon; 0 where there is none: the compiler will tell."""
    depth = 1
    for place in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[place], 0)
        if depth == 0:
            return code.find(";", place) + 1
    return 0


def tracepoints(text: str) -> List[Tuple[str, ...]]:
    """Category and event of each that the C hooks."""
    lines = map(_TRACEPOINT.match, c_text.compiled_lines(text))
    return [found.groups() for found in lines if found]


def check_hooks(text: str, made_of: Source) -> None:
    """Tracepoints that aren't there become strange messages of clang's.

    Raises SourceError.
    """
    hook = program_names.hook_of("tracepoint__")
    for tracepoint in tracepoints(text):
        program = "tracepoint__" + "__".join(tracepoint)
        where = functools.partial(place_of, program, made_of)
        similar_hooks.check(hook, ":".join(tracepoint), where)


def place_of(program: str, made_of: Source) -> str:
    """Where its function is, for the begin of a message: "my.c:12: ".

    "" where that isn't seen.
    """
    places = places_of(program, made_of)
    return f"{places[0]}: " if places else ""


def place_of_map(name: str, made_of: Source) -> str:
    """The same for a map."""
    declared = re.compile(rf"\bBPF_\w+\s*\([^;]*\b{name}\b")
    for path, text in made_of.files.items():
        code = without_comments(text)
        for found in declared.finditer(code):
            number = code.count("\n", 0, found.start()) + 1
            return f"{c_text.shown_name(path)}:{number}: "
    return ""


def place_of_submit(made_of: Source) -> str:
    """For example "my.c:12", or "my.c" where there are several."""
    places = [
        (path, code.count("\n", 0, found.start()) + 1)
        for path, text in made_of.files.items()
        for code in [without_comments(text)]
        for found in _IS_SENT.finditer(code)
    ]
    if len(places) == 1:
        path, line = places[0]
        return f"{c_text.shown_name(path)}:{line}"
    return c_text.shown_name(next(iter(made_of.files)))


def places_of(program: str, made_of: Source) -> List[str]:
    """Wherever it is: "my.c:12"."""
    prefix, _, arguments = program.partition("__")
    arguments = arguments.removeprefix(program_names.MODULE)
    if prefix == "tracepoint":
        arguments = arguments.replace("__", r"\s*,\s*", 1)
    macro = prefix.upper() + "_PROBE"
    wanted = re.compile(
        rf"\b{program}\b" + (arguments and rf"|\b{macro}\s*\(\s*{arguments}\b")
    )
    places = []
    for path, text in made_of.files.items():
        code = without_comments(text)
        for found in wanted.finditer(code):
            number = code.count("\n", 0, found.start()) + 1
            places.append(f"{c_text.shown_name(path)}:{number}")
    return places
