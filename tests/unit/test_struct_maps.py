# SPDX-License-Identifier: Apache-2.0
"""Maps of the structs that the C of --source sends."""

from __future__ import annotations

import pytest

from opensnooplib.source import struct_maps

SENDS = (
    "\nint f(void) { events.perf_submit(args, &a, sizeof(a)); return 0; }\n"
)


@pytest.mark.parametrize(
    "struct, name",
    [
        ("struct event { u32 a; };", "struct event"),
        (
            "struct event\n{\n/* } */ u32 a;\n} __attribute__((packed));",
            "struct event",
        ),
        (
            "struct a { struct { union { u8 b; struct { u8 c; } d; }; } e; };",
            "struct a",
        ),
        ("typedef struct { u32 a; } data_t;", "data_t"),
        ("typedef struct data { u32 a; } __packed data_t;", "data_t"),
    ],
)
def test_a_map_of_the_struct_follows_it_on_its_line(
    struct: str, name: str
) -> None:
    text = struct + SENDS
    made = struct_maps.with_maps(text)
    assert made == f"{struct} BPF_ARRAY(layout_0, {name}, 1);" + SENDS
    assert struct_maps.MAP.sub("", made) == text


@pytest.mark.parametrize(
    "text",
    [
        "struct event { u32 a; };",  # and nothing is sent
        "struct event {" + SENDS,
        "struct { u32 a; } only_one;" + SENDS,
        "int g(void) { struct inner { u8 a; } b; return 0; }" + SENDS,
        "static struct event table[] = { { 1 }, { 2 } };" + SENDS,
        "struct event *find(struct event *a) { return a; }" + SENDS,
    ],
)
def test_what_gets_no_map(text: str) -> None:
    assert struct_maps.with_maps(text) == text
