# SPDX-License-Identifier: Apache-2.0
"""The contents of a map as a person or a program reads them."""

from __future__ import annotations

import os
import re
import struct
from collections import Counter
from typing import Any, Iterator

from opensnooplib.base.quoting import shell_text
from opensnooplib.kernel import function_names, map_contents
from opensnooplib.reader import Reader
from opensnooplib.rows.field import Field
from opensnooplib.rows.map_values import MapLayout, decoded

# What decoded() gives for each field of a key and its value, by name; and
# "stacks", if there are any, each as a list of functions.
Entry = dict[str, Any]

# The names of fields that have an ID of bpf_get_stackid().
_STACK_ID = re.compile(r"(stack_?id|stack|_sid)$")

# From here on, addresses are the kernel's.
_KERNEL = 1 << 63

# How BCC draws histograms: up to which slot, the heading, what stands before a
# bar, and the stars of the longest one.
_Look = tuple[int, str, str, int]
_HISTOGRAMS: dict[str, list[_Look]] = {
    "linear": [(1024, "     value        ", "        {slot:<10}", 40)],
    "log2": [
        (32, "     value              ", "{low:>10} -> {high:<10}", 40),
        (63, f"{'value':>20}{'':24}", "{low:>20} -> {high:<20}", 20),
    ],
}


def entries(layout: MapLayout, found: dict[bytes, bytes]) -> list[Entry]:
    """Those with the largest values first.

    What is zero is left out of arrays, and of values for each CPU. Integers
    for each CPU are summed.
    """
    size = layout.facts.value_size
    step = map_contents.cpu_value_size(size)
    listed: list[Entry] = []
    for key, data in found.items():
        if layout.is_array and not any(data):
            continue
        parts = [data[at : at + size] for at in range(0, len(data), step)]
        values = [_decoded(layout.value, part) for part in parts]
        if layout.counts:
            (name,) = values[0]
            values = [{name: sum(one[name] for one in values)}]
        elif "per-CPU" in layout.facts.kind:
            values = [
                {"cpu": cpu, **value}
                for cpu, value in enumerate(values)
                if any(parts[cpu])
            ]
        fields = _decoded(layout.key, key)
        listed += [{**fields, **value} for value in values]
    listed.sort(key=lambda one: (_numbers(one, layout.key), str(one)))
    listed.sort(key=lambda one: _numbers(one, layout.value), reverse=True)
    return listed


def add_stacks(
    entry: dict[str, Any], maps: dict[str, dict[bytes, bytes]], rings: Reader
) -> None:
    """Add to an entry the stacks whose IDs are in its fields, as "stacks".

    `maps` are the contents of maps of stacks, by name. A user stack is that of
    the process in the field tgid or pid.
    """
    pid = entry.get("tgid", entry.get("pid", 0))
    stacks = []
    for name, number in entry.items():
        if maps and _STACK_ID.search(name) and isinstance(number, int):
            # Of several maps, the one whose name is most like the field's.
            like = max(
                maps, key=lambda one: len(os.path.commonprefix([one, name]))
            )
            key = struct.pack("=I", number % (1 << 32))
            if key in maps[like]:
                stacks.append([*_functions(maps[like][key], pid, rings)])
    if stacks:
        entry["stacks"] = stacks


def _functions(stack: bytes, pid: Any, rings: Reader) -> Iterator[str]:
    for at, (address,) in enumerate(struct.iter_unpack("=Q", stack)):
        if address >= _KERNEL:
            yield function_names.at_address(address)
        elif address:
            # All but the first are addresses to which calls return.
            yield rings.caller_text(pid, address, at > 0)


def _decoded(fields: list[Field], data: bytes) -> Entry:
    return {one.name: decoded(one, data) for one in fields}


def _numbers(entry: Entry, fields: list[Field]) -> list[int]:
    values = (entry[one.name] for one in fields)
    return [value for value in values if isinstance(value, int)]


def lines(layout: MapLayout, listed: list[Entry]) -> Iterator[str]:
    """Histograms, one for each rest of the key beside the slot; or a table.

    As a table, too, where all slots are 0, since the C doesn't use them.
    """
    names = [one.name for one in layout.key]
    slot = "slot" if "slot" in names else names[-1]
    looks = _HISTOGRAMS.get(layout.plot, [])
    room = range(looks[-1][0] + 1) if looks else range(0)
    slots = [one[slot] for one in listed]
    if not (layout.counts and any(slots) and all(n in room for n in slots)):
        yield from _table(listed)
        return
    plots: dict[str, Counter[int]] = {}
    names.remove(slot)
    for one in listed:
        rest = " ".join(f"{name}={_word(one[name])}" for name in names)
        counts = plots.setdefault(rest, Counter())
        counts[one[slot]] += one[layout.value[0].name]
    for rest, counts in plots.items():
        yield from [f"{rest}:"] if rest else []
        yield from _histogram(counts, looks)


def _histogram(counts: Counter[int], looks: list[_Look]) -> Iterator[str]:
    """As BCC's print_log2_hist() and print_linear_hist() draw it."""
    last, most = max(counts), max(counts.values())
    _, heading, where, stars = next(one for one in looks if last <= one[0])
    yield f"{heading} : count     distribution"
    for slot in range("low" in where and not counts[0], last + 1):
        low, high = (1 << slot) // 2 if slot > 1 else 0, (1 << slot) - 1
        bar = "*" * (stars * counts[slot] // (most or 1))
        yield (
            f"{where.format(slot=slot, low=low, high=high)} : "
            f"{counts[slot]:<8} |{bar:<{stars}}|"
        )


def as_text(value: bytes) -> str:
    """Text for JSON: bytes that aren't UTF-8 as \\xHH."""
    return value.decode(errors="backslashreplace")


def _word(value: Any) -> str:
    if isinstance(value, bytes):
        return shell_text(value, in_column=True)
    if isinstance(value, list):
        return ",".join(map(_word, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(listed: list[Entry]) -> Iterator[str]:
    """Columns, with numbers to the right, and stacks below their rows."""
    listed = [{**one} for one in listed]  # the caller's keep their stacks
    stacks = [one.pop("stacks", []) for one in listed]
    rows = [[*listed[0]], *([*map(_word, one.values())] for one in listed)]
    forms = [
        f"{'>' if isinstance(value, int) else '<'}{max(map(len, column))}"
        for value, column in zip(listed[0].values(), zip(*rows))
    ]
    for row, below in zip(rows, [[], *stacks]):
        yield "  ".join(map(format, row, forms)).rstrip()
        for number, stack in enumerate(below):
            yield from ["    --"][:number]
            yield from (f"    {function}" for function in stack)
