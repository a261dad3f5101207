# SPDX-License-Identifier: Apache-2.0
"""Selection: each condition, compiled as C, selects what was asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

import pytest

from opensnooplib.base import open_flags
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.cli import arguments
from opensnooplib.kernel.cgroups import Cgroup
from opensnooplib.options import Chosen
from opensnooplib.rows.schema import Schema
from opensnooplib.selection import criteria, reader_filter
from opensnooplib.source.defines import Define
from tests.unit.native import run_c


def _selection(words: List[str]) -> List[Define]:
    return criteria.defines(arguments.parse(words))


def _evaluate(
    folder: Path, chosen: List[Define], expressions: List[str]
) -> List[int]:
    text = "".join(f"#define {name} {value}\n" for name, value in chosen)
    prints = "".join(f'printf("%d ", {e});' for e in expressions)
    printed = run_c(
        folder, f"#include <stdio.h>\n{text}int main(void) {{ {prints} }}\n"
    )
    return [int(word) for word in printed.split()]


def test_nothing_asked_for_defines_nothing() -> None:
    assert _selection([]) == []
    assert _selection(["-T", "-U", "-e", "--format", "json", "-q"]) == []


def test_pids(tmp_path: Path) -> None:
    me = os.getpid()
    chosen = _selection(["-p", f"1,{me}"])
    assert [name for name, _ in chosen] == ["SELECT_PID(pid)"]
    expressions = [
        "!!SELECT_PID(1U)",
        f"!!SELECT_PID({me}U)",
        f"!!SELECT_PID({me + 1}U)",
        # All of it is one condition, whatever stands around it.
        "!SELECT_PID(2U)",
        "!!SELECT_PID(0U | 1U)",
    ]
    assert _evaluate(tmp_path, chosen, expressions) == [1, 1, 0, 1, 1]


def test_a_thread_goes_before_a_process() -> None:
    chosen = _selection(["-p", "1", "-t", "1"])
    assert [name for name, _ in chosen] == ["SELECT_TID(tid)"]


def test_largest_user(tmp_path: Path) -> None:
    options = arguments.parse([])
    selection = options.selection._replace(uids=Chosen([2**32 - 2]))
    chosen = criteria.defines(options._replace(selection=selection))
    expressions = ["!!SELECT_UID((unsigned)-2)", "!!SELECT_UID(0U)"]
    assert _evaluate(tmp_path, chosen, expressions) == [1, 0]


def test_several_users(tmp_path: Path) -> None:
    chosen = _selection(["-u", "root,nobody"])
    expressions = [f"!!SELECT_UID({uid}U)" for uid in (0, 65534, 1)]
    assert _evaluate(tmp_path, chosen, expressions) == [1, 1, 0]


def test_errors(tmp_path: Path) -> None:
    chosen = _selection(["--errno", "ENOENT,13"])
    expressions = [
        f"!!SELECT_ERRNO((unsigned){ret})" for ret in (2, 13, 1, -3)
    ]
    assert _evaluate(tmp_path, chosen, expressions) == [1, 1, 0, 0]


def test_children_are_looked_up_not_compared() -> None:
    names = [name for name, _ in _selection(["-p", "1", "--children"])]
    assert names == ["FOLLOW_CHILDREN", "FOLLOWED_ENTRIES"]
    alone = _selection(["--no-children", "--exec", "ls"])
    assert alone == []  # until the command has a PID


def test_root_is_a_selection_too(tmp_path: Path) -> None:
    chosen = _selection(["-u", "0"])
    expressions = ["!!SELECT_UID(0U)", "!!SELECT_UID(1U)"]
    assert _evaluate(tmp_path, chosen, expressions) == [1, 0]


def test_names(tmp_path: Path) -> None:
    chosen = _selection(["-n", os.fsdecode(b"a\\\"'\n\xff")])
    names = [name for name, _ in chosen]
    assert names == ["SELECT_COMM(comm)", "EXCLUDE_COMM(comm)"]
    expressions = [
        r"""!!SELECT_COMM("a\\\"\'\n\xff")""",
        r"""!!SELECT_COMM("a\\\"\'\nx")""",
    ]
    assert _evaluate(tmp_path, chosen, expressions) == [1, 0]


@pytest.mark.parametrize(
    "words, flags, selected",
    [
        (["-f", "O_RDONLY"], os.O_RDONLY, True),
        (["-f", "O_RDONLY"], os.O_RDONLY | os.O_CREAT, True),
        (["-f", "O_RDONLY"], os.O_WRONLY, False),
        (["-f", "O_RDONLY"], os.O_RDWR, False),
        (["-f", "O_WRONLY"], os.O_WRONLY | os.O_APPEND, True),
        (["-f", "O_WRONLY"], os.O_RDONLY, False),
        (["-f", "O_RDWR"], os.O_WRONLY, False),
        (["-f", "O_TMPFILE"], os.O_DIRECTORY, False),
        (["-f", "O_TMPFILE"], os.O_TMPFILE | os.O_RDWR, True),
        (["-f", "O_WRONLY", "-f", "O_RDWR"], os.O_RDWR, True),
        (["-f", "write"], os.O_RDWR | os.O_APPEND, True),
        (["-f", "write"], os.O_WRONLY, True),
        (["-f", "write"], os.O_RDONLY | os.O_TRUNC, True),
        (["-f", "write"], os.O_RDONLY | os.O_CREAT, False),
        (["-f", "create"], os.O_RDONLY | os.O_CREAT, True),
        (["-f", "create"], os.O_TMPFILE | os.O_WRONLY, True),
        (["-f", "create"], os.O_DIRECTORY, False),
        (["-f", "create,O_APPEND"], os.O_APPEND, True),
        (["-f", "O_LARGEFILE"], os.O_RDONLY, False),  # 0 in libc
        (["-f", "O_LARGEFILE"], open_flags.FLAGS["O_LARGEFILE"], True),
        (["-f", "O_WRONLY", "-f", "O_RDWR"], os.O_RDONLY, False),
    ],
)
def test_flags(
    tmp_path: Path, words: List[str], flags: int, selected: bool
) -> None:
    chosen = _selection(words)
    expression = f"!!SELECT_FLAGS({flags}UL)"
    assert _evaluate(tmp_path, chosen, [expression]) == [selected]


def test_what_is_excluded(tmp_path: Path) -> None:
    """A wanted value must be there, if there are any, and no excluded one."""
    me = os.getpid()
    words = ["-p", f"!{me}", "-p", "1,!2", "-u", "!root,!1", "-f", "!create"]
    words += ["--errno", "!ENOENT,!13"]
    chosen = [("u32", "unsigned"), *_conditions(words)]
    expressions = {
        "!!SELECT_PID(1U)": 1,
        f"!!SELECT_PID({me}U)": 0,
        "!!SELECT_PID(2U)": 0,
        "!!SELECT_PID(3U)": 0,
        "!!SELECT_UID(0U)": 0,
        "!!SELECT_UID(1U)": 0,
        "!!SELECT_UID(2U)": 1,
        f"!!SELECT_FLAGS({os.O_RDONLY}UL)": 1,
        f"!!SELECT_FLAGS({os.O_WRONLY | os.O_CREAT}UL)": 0,
        f"!!SELECT_FLAGS({os.O_RDWR | os.O_TMPFILE}UL)": 0,
        f"!!SELECT_FLAGS({os.O_RDONLY | os.O_DIRECTORY}UL)": 1,
        "!!SELECT_RESULT(3, 1)": 1,
        "!!SELECT_RESULT(-2, 1)": 0,
        "!!SELECT_RESULT(-13, 1)": 0,
        "!!SELECT_RESULT(-1, 1)": 1,
        "!!SELECT_RESULT(0x7ffffffe, 1)": 1,
    }
    found = _evaluate(tmp_path, chosen, list(expressions))
    assert dict(zip(expressions, found)) == expressions


def test_how_long_it_took(tmp_path: Path) -> None:
    """Of an open that nobody saw begin, nobody knows that."""
    clock = [("bpf_ktime_get_ns()", "5000000ULL")]
    chosen = [*clock, *_conditions(["--slower", "1.5", "-x"])]
    expressions = {
        "!!SELECT_RESULT(-2, 3500000ULL)": 1,
        "!!SELECT_RESULT(-2, 3500001ULL)": 0,
        "!!SELECT_RESULT(3, 3500000ULL)": 0,
        "!!SELECT_RESULT(-2, 0ULL)": 0,
    }
    found = _evaluate(tmp_path, chosen, list(expressions))
    assert dict(zip(expressions, found)) == expressions


def test_cgroups_that_are_excluded() -> None:
    """Those of both options are in the map, each once."""
    one, other, third = (Cgroup(f"/{i}", i, 2, "") for i in range(3))
    options = arguments.parse([])
    selection = options.selection._replace(
        cgroups=Chosen([other], [one, third]),
        containers=Chosen([], [other]),
    )
    chosen = dict(criteria.defines(options._replace(selection=selection)))
    assert chosen == {
        "SELECT_CGROUP": "((in_cgroup(0)) && !(in_cgroup(1)) "
        "&& !(in_cgroup(2)))",
        "SELECT_CONTAINER": "!(in_cgroup(0))",
        "CGROUP_SLOTS": "3",
    }


@pytest.mark.parametrize(
    "path",
    ["/sys/fs/bpf/map", '/tmp/"\\\n\t1', "/tmp/\u00fc1", "/tmp/a b??/%s"],
)
def test_map_paths_are_c_strings(tmp_path: Path, path: str) -> None:
    chosen = _selection(["--cgroupmap", path, "--mntnsmap", "/x"])
    assert [name for name, _ in chosen] == ["CGROUP_MAP", "MNTNS_MAP"]
    body = "".join(f"#define {name} {value}\n" for name, value in chosen)
    printed = run_c(
        tmp_path,
        f"#include <stdio.h>\n{body}"
        "int main(void) { for (char *c = CGROUP_MAP; *c; c++)"
        ' printf("%02x", *c & 0xff); }\n',
    )
    assert bytes.fromhex(printed) == os.fsencode(path)


def test_only_failed() -> None:
    assert _selection(["-x"]) == [("SELECT_FAILED", "1")]


def test_condition_of_each_option() -> None:
    """The reader can decide by a field what the kernel does by a macro."""
    words = ["-p", "1", "-u", "0", "-n", "x", "-x", "-f", "write"]
    chosen = criteria.criteria(arguments.parse(words))
    fields = [one.condition.name for one in chosen if one.condition]
    assert fields == ["pid", "uid", "comm", "flags", "ret"]
    chosen = criteria.criteria(arguments.parse(["--cgroupmap", "/x"]))
    assert [one.condition for one in chosen] == [None]


@pytest.mark.parametrize(
    "test, field",
    [("err=0", "ret"), ("err=EPERM", "ret"), ("comm=x", "comm")]
    + [("path=x", "path")],
)
def test_until_needs_the_fields_of_its_tests(test: str, field: str) -> None:
    """Without one, the first record would be taken for the last."""
    options = arguments.parse(["--until", test])
    sentence = f"--until: struct event has no field {field} to select by"
    with pytest.raises(OpensnoopError, match=sentence):
        reader_filter.of_until(options, Schema(()))


def _conditions(words: List[str]) -> List[Define]:
    options = arguments.parse(words)
    return [
        *criteria.defines(options),
        *criteria.conditions_of_all(options),
    ]


def test_without_options_every_condition_is_true() -> None:
    chosen = dict(_conditions([]))
    assert chosen.pop("SELECT_EXTRAS") == "0"
    assert set(chosen) == {
        *("SELECT_CALLER(pid, tid)", "SELECT_FLAGS(flags)"),
        *("SELECT_PATH(path, length)", "SELECT_RESULT(ret, began)"),
    }
    assert set(chosen.values()) == {"1"}


def test_conditions_of_several_options(tmp_path: Path) -> None:
    """All of them must hold, whichever macros they come from."""
    me = os.getpid()
    words = ["-p", f"1,{me}", "-x", "--errno", "ENOENT,13", "-f", "O_RDWR"]
    chosen = [("u32", "unsigned"), *_conditions(words)]
    expressions = [
        f"!!SELECT_CALLER({me}U, 0U)",
        "!!SELECT_CALLER(2U, 1U)",
        "!!SELECT_RESULT(-2, 1)",
        "!!SELECT_RESULT(-1, 1)",
        "!!SELECT_RESULT(3, 1)",
        "!!SELECT_RESULT(0x7ffffffe, 1)",
        f"!!SELECT_FLAGS({os.O_RDWR}UL)",
        f"!!SELECT_FLAGS({os.O_RDONLY}UL)",
    ]
    results = _evaluate(tmp_path, chosen, expressions)
    assert results == [1, 0, 1, 0, 0, 1, 1, 0]


@pytest.mark.parametrize(
    "words, called",
    [
        (["-u", "0"], "SELECT_UID(uid)"),
        (["-n", "cat"], "comm_selected()"),
        (["-p", "1", "--children"], "followed_threads()"),
        (["--cgroupmap", "/x"], "cgroup_in_map()"),
    ],
)
def test_conditions_that_call_functions(words: List[str], called: str) -> None:
    chosen = dict(_conditions(words))
    assert called in chosen["SELECT_CALLER(pid, tid)"]
    assert chosen["SELECT_EXTRAS"] == "1"
