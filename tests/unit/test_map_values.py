# SPDX-License-Identifier: Apache-2.0
"""Keys and values of maps: bytes, what a person reads, what one types."""

from __future__ import annotations

import struct
from typing import Dict, List

import pytest

from opensnooplib.kernel import function_names, this_kernel
from opensnooplib.rows.field import Field
from opensnooplib.rows.map_values import (
    SETTING,
    MapLayout,
    decoded,
    encoded,
)
from opensnooplib.source.known_maps import MapFacts
from opensnooplib.trace import map_text

_SIDES = ((0, "even"), (1, "odd"), (2, "very_odd"))
_U16 = Field("n", 2, 2, "unsigned")
_S16 = Field("n", 2, 2, "signed")
_LIST = Field("n", 0, 8, "signed", elements=2)
_TEXT = Field("comm", 1, 7, "text")
_BYTES = Field("mac", 0, 3, "bytes")
_BOOL = Field("is", 0, 1, "bool")
_ENUM = Field("side", 4, 4, "unsigned", symbols=_SIDES)
_POINTER = Field("at", 0, 8, "pointer")


@pytest.mark.parametrize(
    "field, text, shown",
    [
        (_U16, "65535", 65535),
        (_U16, "0xffff", 65535),
        (_S16, "-32768", -32768),
        (_LIST, "{-1,2}", [-1, 2]),
        (_LIST, "-1, 2", [-1, 2]),
        (_TEXT, "bash", b"bash"),
        (_TEXT, '"a \\"b\\""', b'a "b"'),
        (_TEXT, '"\\u0001,}]"', b"\1,}]"),
        (_TEXT, '""', b""),
        (_TEXT, "\udcff", b"\xff"),
        (_TEXT, "1234567", b"1234567"),
        (_BYTES, "0102fF", "0102ff"),
        (_BOOL, "true", True),
        (_BOOL, "0", False),
        (_ENUM, "odd", "odd"),
        (_ENUM, "SIDE_ODD", "odd"),
        (_ENUM, "SIDE_VERY_ODD", "very_odd"),
        (_ENUM, "1", "odd"),
        (_ENUM, "7", 7),
        (_POINTER, "0xabc", "0xabc"),
    ],
)
def test_what_is_typed_is_shown(
    field: Field, text: str, shown: object
) -> None:
    assert decoded(field, encoded([field], 8, text)) == shown


@pytest.mark.parametrize(
    "field, text, why",
    [
        (_U16, "65536", "65536 is not from 0 to 65535"),
        (_U16, "-1", "-1 is not from 0 to 65535"),
        (_S16, "32768", "32768 is not from -32768 to 32767"),
        (_U16, "1e3", "1e3 is not a number"),
        (_U16, "", "0 instead of 1 value: n"),
        (_LIST, "1,2,3", "3 instead of 2 values: n"),
        (_TEXT, "12345678", "12345678 has more than 7 bytes"),
        (_BYTES, "01020304", "01020304 has more than 3 bytes"),
        (Field("b", 0, 1, "bytes"), "0102", "0102 has more than 1 byte"),
        (_BYTES, "xy", "non-hexadecimal number"),
        (_ENUM, "side_ood", "is not a number, nor one of even, odd, very_odd"),
        (_BOOL, "yes", "yes is not a number, nor one of false, true"),
    ],
)
def test_what_cannot_be_a_value(field: Field, text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        encoded([field], 8, text)
    assert why in str(caught.value)


def test_other_bytes_of_a_value_are_zero() -> None:
    assert encoded([_U16, _ENUM], 8, "1,2") == struct.pack("=HHI", 0, 1, 2)


def test_of_a_union_the_first_member_is_set() -> None:
    """Members begin before the end of another one."""
    assert encoded([_TEXT, _U16, _ENUM], 8, '"ls"') == b"\0ls\0\0\0\0\0"


@pytest.mark.parametrize(
    "text, parts",
    [
        ("a=1", ("a", None, "1")),
        ("a[1]=2", ("a", "1", "2")),
        ("a [ 1 ] = 2", ("a", " 1 ", " 2")),
        ('a["]="]="=["', ("a", '"]="', '"=["')),
        ('a[{1,"\\"]"}]={2,[3]}', ("a", '{1,"\\"]"}', "{2,[3]}")),
    ],
)
def test_settings(text: str, parts: object) -> None:
    found = SETTING.fullmatch(text)
    assert found and found.groups() == parts


@pytest.mark.parametrize("text", ["", "a", "=1", "a[1=2", "a[1]2", 'a["]=2'])
def test_no_settings(text: str) -> None:
    assert not SETTING.fullmatch(text)


_KEY = Field("key", 0, 4, "unsigned")
_COUNT = Field("value", 0, 8, "unsigned")


def _layout(
    kind: str = "hash",
    key: List[Field] = [_KEY],
    value: List[Field] = [_COUNT],
    size: int = 8,
    plot: str = "table",
) -> MapLayout:
    return MapLayout(MapFacts("m", kind, 4, size, 9), key, value, plot)


def _found(values: Dict[int, bytes]) -> Dict[bytes, bytes]:
    return {struct.pack("=I", key): value for key, value in values.items()}


def _u64(*numbers: int) -> bytes:
    return struct.pack(f"={len(numbers)}Q", *numbers)


def test_the_largest_come_first() -> None:
    found = _found({1: _u64(5), 9: _u64(7), 2: _u64(7), 10: _u64(0)})
    entries = map_text.entries(_layout(), found)
    assert [one["key"] for one in entries] == [2, 9, 1, 10]
    assert list(map_text.lines(_layout(), entries)) == [
        *("key  value", "  2      7", "  9      7", "  1      5"),
        " 10      0",
    ]


def test_zeros_of_arrays_are_left_out() -> None:
    found = _found({0: _u64(0), 1: _u64(1)})
    entries = map_text.entries(_layout("array"), found)
    assert entries == [{"key": 1, "value": 1}]


def test_integers_of_all_cpus_are_summed() -> None:
    for kind in ("per-CPU array", "per-CPU hash"):
        found = _found({3: _u64(1, 0, 5)})
        entries = map_text.entries(_layout(kind), found)
        assert entries == [{"key": 3, "value": 6}]


def test_other_values_have_an_entry_for_each_cpu() -> None:
    """They lie at multiples of 8 bytes, and zeros are left out."""
    value = [Field("a", 0, 2, "signed"), Field("b", 2, 1, "bool")]
    layout = _layout("per-CPU hash", value=value, size=3)
    one = struct.pack("=hbxxxxx", -2, 1)
    entries = map_text.entries(layout, _found({3: bytes(8) + one}))
    assert entries == [{"key": 3, "cpu": 1, "a": -2, "b": True}]


def test_text_drives_no_terminal() -> None:
    layout = _layout(key=[Field("comm", 0, 4, "text")])
    entries = map_text.entries(layout, {b"\x1b[m\n": _u64(1)})
    assert list(map_text.lines(layout, entries)) == [
        *("comm         value", r"$'\x1b[m\n'      1")
    ]
    assert map_text.as_text(b"a\xff") == "a\\xff"


@pytest.mark.parametrize("plot", ["log2", "linear"])
@pytest.mark.parametrize("slot", [0, 1025, 1 << 31])
def test_no_histogram_of_what_is_no_slot(plot: str, slot: int) -> None:
    """A hostile key can't make a million lines, and 0 alone makes one."""
    layout = _layout(plot=plot)
    entries = [{"key": slot, "value": 1}]
    heading, _ = map_text.lines(layout, entries)
    assert heading.split() == ["key", "value"]


def test_a_histogram_for_each_rest_of_the_key() -> None:
    key = [Field("slot", 0, 2, "unsigned"), Field("who", 2, 2, "unsigned")]
    layout = _layout(key=key, plot="linear")
    entries = [
        {"slot": 0, "who": 7, "value": 3},
        {"slot": 1, "who": 8, "value": 2},
        {"slot": 0, "who": 7, "value": 1},  # differs in padding
    ]
    lines = list(map_text.lines(layout, entries))
    assert [line for line in lines if line.startswith("who")] == [
        *("who=7:", "who=8:")
    ]
    assert lines[2].split() == ["0", ":", "4", f"|{'*' * 40}|"]
    assert [line.split()[2] for line in lines[5:]] == ["0", "2"]


_KALLSYMS = """\
ffffffff81000000 T _stext
ffffffff81000100 t vfs_read
ffffffff81000080 D data
ffffffffc0000010 t in_module\t[mod]
0000000000000000 A absolute
"""


def test_functions_of_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(this_kernel, "text_of", lambda _: _KALLSYMS)
    function_names.by_address.cache_clear()
    name = function_names.at_address
    assert name(0xFFFFFFFF81000100) == "vfs_read+0x0"
    assert name(0xFFFFFFFF810000FF) == "_stext+0xff"
    assert name(0xFFFFFFFFC0000012) == "in_module+0x2 [mod]"
    assert name(0xFFFFFFFF80000000) == "0xffffffff80000000"
    function_names.by_address.cache_clear()


class _Rings:
    def caller_text(self, pid: int, address: int, returns: bool) -> str:
        return f"{pid}:{address}:{returns}"


def test_stacks_by_the_names_of_maps() -> None:
    number = struct.pack("=I", 5)
    maps = {
        "kernel_stacks": {number: _u64(0xFFFFFFFFFFFFFFF0, 0)},
        "user_stacks": {number: _u64(16, 32, 0)},
    }
    function_names.by_address.cache_clear()
    entry = {"pid": 9, "tgid": 7, "user_stack_id": 5, "kernel_stack_id": -14}
    map_text.add_stacks(entry, maps, _Rings())  # type: ignore[arg-type]
    assert entry["stacks"] == [["7:16:False", "7:32:True"]]  # type: ignore
    plain = {"pid": 9, "stackpointer": 5, "value": 5}
    map_text.add_stacks(plain, maps, _Rings())  # type: ignore[arg-type]
    assert "stacks" not in plain
