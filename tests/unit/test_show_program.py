# SPDX-License-Identifier: Apache-2.0
"""--disasm: what it makes of bpftool's output."""

from __future__ import annotations

import pytest

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.commands import show_program

_PRINTED = """\
int probe(void * ctx):
; return find(a[1]); [file:/tmp/a b/my.c line_num:12 line_col:9]
   0: (b7) r1 = 1
; return find(a[1]); [file:/tmp/a b/my.c line_num:12 line_col:16]
   1: (b7) r2 = 2
;  [file:/tmp/a b/my.c line_num:0 line_col:0]
   2: (95) exit
"""

_SHOWN = """\
int probe(void * ctx):
; return find(a[1]); @ my.c:12
   0: (b7) r1 = 1
   1: (b7) r2 = 2
   2: (95) exit
"""


def test_each_line_once_with_the_name_of_its_file() -> None:
    assert show_program.shown(_PRINTED) == _SHOWN


def test_without_bpftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(OpensnoopError, match="Debian's package is bpftool"):
        show_program.path_of_bpftool()
