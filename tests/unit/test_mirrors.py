# SPDX-License-Identifier: Apache-2.0
"""What Python says of the native structs and enums is what C says."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, List

import pytest

from opensnooplib import reader
from opensnooplib.base import native_library
from opensnooplib.rows import row_format
from opensnooplib.rows.headings import Kind
from opensnooplib.rows.schema import Schema
from opensnooplib.trace import program_set
from tests.unit import native
from tests.unit.native import CHECKOUT, run_c


def _layout(structure: Any) -> List[int]:
    fields = [getattr(structure, name) for name, _ in structure._fields_]
    numbers = [n for field in fields for n in (field.offset, field.size)]
    return numbers + [ctypes.sizeof(structure)]


@pytest.mark.parametrize(
    "name, mirror",
    [
        ("field", native_library.NativeField),
        ("layout", reader._Layout),
        ("column", reader._Column),
        ("symbol", reader._Symbol),
        ("format_request", reader._FormatRequest),
        ("row_format", native._RowFormat),
        ("row", native._OneRow),
        ("record", native._Record),
        ("columns", reader._Columns),
        ("clock", native._Clock),
        ("names", native._Names),
        ("helpers", native._Helpers),
        ("hash_map", native._HashMap),
        ("reader_counts", reader._Counts),
        ("condition", reader._Condition),
        ("glob", reader._Glob),
        ("filter", reader._Filter),
    ],
)
def test_structs(tmp_path: Path, name: str, mirror: Any) -> None:
    struct = f"struct {name}"
    lines = "".join(
        f'printf("%zu %zu ", offsetof({struct}, {field}),'
        f" sizeof((({struct} *)0)->{field}));\n"
        for field, _ in mirror._fields_
    )
    printed = run_c(
        tmp_path,
        '#include "pipeline/reader.h"\n#include "rows/row_format.h"\n'
        "#include <stdio.h>\n"
        f'int main(void) {{ {lines} printf("%zu", sizeof({struct})); }}\n',
    )
    assert [int(word) for word in printed.split()] == _layout(mirror)


@pytest.mark.parametrize(
    "prefix, mirror", [("COLUMN", Kind), ("READER", reader.State)]
)
def test_enums(tmp_path: Path, prefix: str, mirror: Any) -> None:
    lines = "".join(
        f'printf("{member.name} %d\\n", {prefix}_{member.name});\n'
        for member in mirror
    )
    printed = run_c(
        tmp_path,
        '#include "pipeline/reader.h"\n#include <stdio.h>\n'
        f"int main(void) {{ {lines} }}\n",
    )
    for line, member in zip(printed.splitlines(), mirror):
        assert line == f"{member.name} {member.value}"


def test_every_column_kind_has_a_mirror(tmp_path: Path) -> None:
    printed = run_c(
        tmp_path,
        '#include "rows/row_format.h"\n#include <stdio.h>\n'
        'int main(void) { printf("%d", COLUMN_KINDS); }\n',
    )
    assert int(printed) == len(Kind)


def test_formats(tmp_path: Path) -> None:
    printed = run_c(
        tmp_path,
        '#include "pipeline/reader.h"\n#include <stdio.h>\n'
        "int main(void) { "
        f'printf("{"%d " * 8}", ROW_TABLE, ROW_JSON, ROW_CSV, ROW_FOLDED, '
        "ROW_RAW_PATH, ROW_BLOCK, ROW_COUNTED, ROW_LINE); }",
    )
    kinds = "table json csv folded raw_paths recording summary line".split()
    numbers = [
        row_format.RowFormat(Schema(()), [], kind, False).number
        for kind in kinds
    ]
    assert [int(word) for word in printed.split()] == numbers


def test_counters() -> None:
    """enum counter of bpf_src/record.h."""
    text = (CHECKOUT / "bpf_src" / "record.h").read_text()
    body = text.partition("enum counter {")[2].partition("}")[0]
    names = [line.split(",")[0].strip() for line in body.splitlines()[1:]]
    assert names.index("LOST") == program_set.LOST
    assert names.index("MISSED") == program_set.MISSED
