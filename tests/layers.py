#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rooms use only rooms below them: the check of `make lint`.

    tests/layers.py [FOLDER]        FOLDER: the checkout

Three houses are checked: Python by its imports; native/ and bpf_src/ by the
functions, macros, structs and maps that one file defines and another one uses.
In each, a room (a folder, or a file beside the folders) stands on one floor,
and may use what is on lower floors. Inside a room, files must not use each
other in a circle.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

# From the ground up. Rooms that share a floor don't use each other.
PYTHON = [
    ["base"],
    ["kernel"],
    ["options"],
    ["source"],
    ["plan_list"],
    ["rows"],
    ["selection"],
    ["cli", "explain", "reader"],
    ["recording"],
    ["summary"],
    ["compile"],
    ["trace"],
    ["live", "replay", "course"],
    ["commands"],
    ["opensnoop"],
]
NATIVE = [
    ["base"],
    ["event"],
    ["perf"],
    ["stacks"],
    ["rows", "io", "proof"],
    ["pipeline"],
]
# opensnoop.c declares what its probes call before it includes a plan; what an
# extra adds is called by a name that is an empty macro without it.
BPF = [
    ["event"],
    ["record"],
    ["select"],
    ["opensnoop"],
    ["extra"],
    ["plans"],
    ["ways"],
]

Graph = Dict[Path, Dict[Path, str]]  # user: used: the name that shows it


class House(NamedTuple):
    """Files, and the order of their rooms."""

    root: Path
    floors: Sequence[Sequence[str]]
    graph: Graph

    def room(self, file: Path) -> str:
        """The folder below the root, or the file's own name."""
        below = file.relative_to(self.root)
        return below.parts[0] if len(below.parts) > 1 else below.stem

    def floor(self, file: Path) -> int:
        """Raises LookupError for a room that is in no list."""
        room = self.room(file)
        for number, rooms in enumerate(self.floors):
            if room in rooms:
                return number
        raise LookupError(f"{file}: the room {room} has no floor")


def main(words: List[str]) -> int:
    """Returns 1 where something is wrong, after a line for each."""
    checkout = Path(words[0] if words else ".")
    houses = [
        python_house(checkout),
        c_house(checkout / "opensnooplib" / "native", NATIVE),
        c_house(checkout / "bpf_src", BPF),
    ]
    faults = [fault for house in houses for fault in faults_of(house)]
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


def faults_of(house: House) -> Iterator[str]:
    """A sentence for each use that runs upwards, and for each circle."""
    for user, uses in house.graph.items():
        for used, name in uses.items():
            try:
                climbs = house.floor(used) > house.floor(user)
                neighbours = house.floor(used) == house.floor(user)
            except LookupError as error:
                yield str(error)
                continue
            other_room = house.room(used) != house.room(user)
            if climbs or (neighbours and other_room):
                yield f"{user} uses {used} ({name}), which isn't below it"
    for circle in circles(house.graph):
        yield "a circle: " + " -> ".join(map(str, circle))


def circles(graph: Graph) -> Iterator[List[Path]]:
    """One for each file from which a walk leads back to it."""
    seen: Set[Path] = set()

    def walk(file: Path, trail: Tuple[Path, ...]) -> Iterator[List[Path]]:
        if file in trail:
            yield [*trail[trail.index(file) :], file]
        elif file not in seen:
            for used in graph.get(file, {}):
                yield from walk(used, (*trail, file))
            seen.add(file)

    for file in graph:
        yield from walk(file, ())


def python_house(checkout: Path) -> House:
    """By imports, also those inside functions or for types alone."""
    root = checkout / "opensnooplib"
    graph: Graph = {}
    for file in [*sorted(root.rglob("*.py")), checkout / "opensnoop.py"]:
        graph[file] = dict(_imports(checkout, file))
    top = graph.pop(checkout / "opensnoop.py")
    graph[root / "opensnoop.py"] = top
    return House(root, PYTHON, graph)


def _imports(checkout: Path, file: Path) -> Iterator[Tuple[Path, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        for alias in node.names:
            for name in (f"{node.module}.{alias.name}", node.module):
                used = checkout / (name.replace(".", "/") + ".py")
                if used.exists():
                    yield used, alias.name
                    break


_COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
# In kernel style a function's head begins in the first column, and its body's
# brace stands there alone. A name in capitals is a macro that makes the head.
_FUNCTION = re.compile(
    r"^(?![#\s])[^;{}=#]*?\b(?![A-Z_]+\b)(\w+)\s*\([^;{}]*\)\s*\n\{", re.M
)
_STATIC = re.compile(r"^static\b")
_STRUCT = re.compile(r"^((?:struct|enum) \w+) \{", re.M)
_MACRO = re.compile(r"^#define (\w+)", re.M)
# BPF_TABLE has the map's type and those of its keys and values first.
_MAP = re.compile(
    r"^BPF_(?:(?:F_)?TABLE\w*\( ,\s*[\w ]+,\s*[\w ]+,\s*|[A-Z_]+\()(\w+)", re.M
)
_USE = re.compile(r"(?:struct|enum) \w+|\w+\.(?=\w+\()|\b[A-Za-z_]\w*")


def c_house(root: Path, floors: Sequence[Sequence[str]]) -> House:
    """By what a file defines and another uses.

    A header and its .c count as one file.
    """
    texts: Dict[Path, str] = {}
    for file in sorted([*root.rglob("*.c"), *root.rglob("*.h")]):
        unit = file.with_suffix("")
        text = _COMMENT.sub(" ", file.read_text(encoding="utf-8"))
        texts[unit] = texts.get(unit, "") + text
    homes: Dict[str, Path] = {}
    own: Dict[Path, Set[str]] = {unit: set() for unit in texts}
    for unit, text in texts.items():
        for match in _FUNCTION.finditer(text):
            own[unit].add(match[1])
            is_shared = not _STATIC.match(match[0]) or "inline" in match[0]
            if is_shared or root.name == "bpf_src":
                homes[match[1]] = unit
        others = {*_STRUCT.findall(text), *_MACRO.findall(text)}
        others.update(f"{name}." for name in _MAP.findall(text))
        own[unit] |= others
        homes.update(dict.fromkeys(others, unit))
    # A file's own function hides another file's of the same name.
    graph: Graph = {
        unit: {
            homes[word]: word
            for word in sorted(set(_USE.findall(text)) - own[unit])
            if word in homes
        }
        for unit, text in texts.items()
    }
    return House(root, floors, graph)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
