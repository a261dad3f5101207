# SPDX-License-Identifier: Apache-2.0
"""Callers: functions beside nm(1), C++ names beside c++filt(1)."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from opensnooplib.rows.headings import Kind
from tests.unit.native import SOURCES, Column, Native, run_c

_LIBC = "/lib/x86_64-linux-gnu/libc.so.6"


def _output(*command: str, text: str = "") -> str:
    return subprocess.run(
        command, check=True, capture_output=True, text=True, input=text
    ).stdout


def _functions(file: str, *options: str) -> Dict[int, Tuple[int, List[str]]]:
    """By address: their size and names."""
    found: Dict[int, Tuple[int, List[str]]] = {}
    listed = _output("nm", "-S", "--defined-only", *options, file)
    for line in listed.splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in "TtWwi":
            address, size = int(words[0], 16), int(words[1], 16)
            names = found.setdefault(address, (size, []))[1]
            names.append(words[3].partition("@")[0])
    return found


def _offset_of(file: str, address: int) -> int:
    """Where in the file: by PT_LOAD of elf(5), 64 bits."""
    data = Path(file).read_bytes()
    (table,) = struct.unpack_from("=Q", data, 32)
    (count,) = struct.unpack_from("=H", data, 56)
    for i in range(count):
        kind, _, offset, start, _, size, _, _ = struct.unpack_from(
            "=IIQQQQQQ", data, table + 56 * i
        )
        if kind == 1 and start <= address < start + size:
            return int(address - start + offset)
    raise AssertionError(f"{file} has nothing at {address:x}")


_FIND = """
#include "stacks/elf_functions.c"
#include <fcntl.h>
/* LeakSanitizer falls over the thread-local variables of libdw. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static int no_debug_file(const unsigned char *build_id, size_t size)
{
	return -1;
}

int main(void)
{
	struct elf_file file;
	const unsigned long offsets[] = {%s};

	libdw_load();
	elf_open_debug_file = no_debug_file;
	elf_file_open(&file, open("%s", O_RDONLY));
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		char text[1400] = "-";

		elf_function_put(&file, offsets[i], false, true, text, 1400);
		puts(text);
	}
	elf_file_close(&file);
	return 0;
}
"""


def _found(folder: Path, file: str, offsets: List[int]) -> List[str]:
    text = _FIND % (", ".join(map(str, offsets)), file)
    flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    flags += ["-D_GNU_SOURCE", *_sources("demangler"), "-ldl"]
    return run_c(folder, text, *flags).splitlines()


def _program(folder: Path, *flags: str) -> str:
    program = folder / "of-two"
    source = folder / "of-two.c"
    source.write_text(
        "int first(int x) { return 3 * x; }\n"
        "int main(void) { return first(0); }\n"
    )
    subprocess.run(["cc", *flags, "-o", program, source], check=True)
    return str(program)


def _check(folder: Path, file: str, *options: str) -> None:
    functions = _functions(file, *options)
    some = random.Random(1).sample(sorted(functions), min(300, len(functions)))
    places = [(at, functions[at][0] - 1) for at in some if functions[at][0]]
    offsets = [_offset_of(file, at + into) for at, into in places]
    for (at, into), found in zip(places, _found(folder, file, offsets)):
        name, _, rest = found.partition("+")
        assert name in functions[at][1]
        assert rest == f"{into:#x}"


@pytest.mark.skipif(not Path(_LIBC).exists(), reason="it is elsewhere")
def test_a_library(tmp_path: Path) -> None:
    _check(tmp_path, _LIBC, "-D")


@pytest.mark.parametrize("flags", [["-no-pie"], ["-static"], ["-pie"]])
def test_a_program(tmp_path: Path, flags: List[str]) -> None:
    """Its addresses are not its offsets, without -pie."""
    _check(tmp_path, _program(tmp_path, *flags))


def test_what_stands_in_no_function(tmp_path: Path) -> None:
    program = _program(tmp_path)
    stripped = _program(tmp_path, "-s", "-Wl,--no-export-dynamic")
    size = Path(program).stat().st_size
    for file, offset in (
        (program, 0),
        (program, size - 1),
        (program, 1 << 63),
        (stripped, 4096),
        ("/etc/passwd", 0),
        ("/dev/null", 0),
    ):
        assert _found(tmp_path, file, [offset]) == ["-"]


# What a helper needs.
_HELPER = ("helper", "helper_child", "kernel_clock", "own_processes")


def _sources(*names: str) -> List[str]:
    return [str(next(SOURCES.glob(f"*/{name}.c"))) for name in names]


# The names are those of functions; a helper demangles them.
_HELPER_THAT_DEMANGLES = """
#include "stacks/demangler.h"
#include "stacks/helper.h"
#include "stacks/helper_child.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void serve(const void *name, size_t size)
{
	char *readable = demangle(name);

	helper_reply(readable ? readable : name,
		     readable ? strlen(readable) + 1 : size);
	free(readable);
}

static void take(void *context, const void *request, void *answer, size_t size)
{
	puts(size ? answer : "-");
}

static void run(uint32_t user)
{
	demangler_load();
	helper_serve(serve);
}

static int start(enum helper_kind kind, pid_t *pid)
{
	return helper_fork(run, 0, pid);
}

static void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
}

static struct own_processes own;
static struct helpers all = {
	.start = start,
	.kill = kill_child,
	.own = &own,
	.calm_until = UINT64_MAX,
};
static struct helper helper = {.take = take, .all = &all};
"""

_DEMANGLE = """
int main(void)
{
	char line[10000];

	freopen("%s", "r", stdin);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\\n")] = '\\0';
		helper_ask(&helper, line, strlen(line) + 1);
	}
	printf("%%u children\\n", helper.children);
	helper_free(&helper);
	return 0;
}
"""


def _demangled(folder: Path, names: List[str]) -> List[str]:
    names_file = folder / "names"
    names_file.write_text("".join(f"{name}\n" for name in names))
    text = _HELPER_THAT_DEMANGLES + _DEMANGLE % names_file
    sources = _sources("demangler", *_HELPER)
    return run_c(folder, text, *sources, "-ldl").splitlines()


_NAMES = [
    "_ZN3zoo5Fence4openEPKci",
    "_ZNSt6vectorIiSaIiEE9push_backERKi",
    "_ZSt4endlIcSt11char_traitsIcEERSt13basic_ostreamIT_T0_ES6_",
    "_ZZ4mainENKUlvE_clEv",
    "_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE",
    "_Znwm",
    "_Zinvalid",
    "main",
    "_Z",
    "",
]


def test_names_of_cpp(tmp_path: Path) -> None:
    *found, children = _demangled(tmp_path, _NAMES)
    expected = _output("c++filt", "-i", text="\n".join(_NAMES)).splitlines()
    # c++filt leaves out Rust's hashes; __cxa_demangle() doesn't.
    for name, ours, theirs in zip(_NAMES, found, expected):
        assert ours == theirs or "17h" in name
    assert children == "1 children"


def _bomb(levels: int) -> str:
    """f(a<int, int>, a<it, it>, ...): each is twice as long as the last."""
    pairs = [f"S_IS{_base_36(n)}_S{_base_36(n)}_E" for n in range(levels)]
    return "_Z1f1aIiiE" + "".join(pairs)


def _base_36(number: int) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    text = digits[number % 36]
    while number >= 36:
        number //= 36
        text = digits[number % 36] + text
    return text


def test_names_that_stand_for_gigabytes(tmp_path: Path) -> None:
    """The helper fails, and the others are demangled all the same."""
    assert len(_output("c++filt", _bomb(12))) > 40_000
    bombs = [_bomb(60), _bomb(61)]
    *found, children = _demangled(tmp_path, [*bombs, "_Z1gi"])
    assert found == ["-", "-", "g(int)"]
    assert children == "3 children"


def test_cells(native: Native) -> None:
    """Without anybody to ask, as in a replay: addresses, up to the first 0."""
    column = Column(Kind.CALLERS, (0, 8), elements=4, name="callers")
    path = Column(Kind.UNSIGNED, (0, 8))
    for addresses, expected in (
        ([0x1000, 0xABC, 0, 0], ["0x1000", "0xabc"]),
        ([0x1000, 0xABC, 0xDEF, 0], ["0x1000", "0xabc", "0xdef", _UNKNOWN]),
        ([0xABC, 0xABC, 0xABC, 0], ["0xabc", "0xabc", "0xabc", _UNKNOWN]),
        ([1, 2, 3, 4], ["0x1", "0x2", "0x3", "0x4"]),
        ([1, 0, 3, 0], ["0x1"]),
        ([0, 0, 0, 0], [_UNKNOWN]),
    ):
        record = struct.pack("=4Q", *addresses)
        row = native.json_row([column], record)
        assert json.loads(row) == {"callers": expected}
        table = native.table_row([column, path], record)
        first, *below = table.splitlines()
        assert first == str(addresses[0])
        assert below == [f"\t{caller}" for caller in expected]
        csv = native.csv_row([column, path], record)
        assert csv == f"{';'.join(expected)},{addresses[0]}\r\n"
    assert native.csv_row([column], b"") == "\r\n"
    assert json.loads(native.json_row([column], b"")) == {"callers": [None]}


_UNKNOWN = "<callers unknown>"
