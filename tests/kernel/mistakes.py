# SPDX-License-Identifier: Apache-2.0
"""Mistakes that people make in C for BCC, and what the tool says about each.

Both are in mistakes.txt. After a change of a message, or for a new mistake,
write what the tool says now into it, and read it:

    /usr/bin/python3 -m tests.kernel.mistakes
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Dict, Iterable, Iterator, NamedTuple, Tuple

from tests.kernel.tool import Tool

GOOD = """\
#include <linux/sched.h>

struct event {
	u64 ts;
	u32 pid;
	char comm[TASK_COMM_LEN];
};

BPF_PERF_OUTPUT(events);
BPF_HASH(seen, u32, u64);

TRACEPOINT_PROBE(syscalls, sys_enter_openat)
{
	struct event event = {};

	event.ts = bpf_ktime_get_ns();
	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	events.perf_submit(args, &event, sizeof(event));
	return 0;
}
"""


def _doubling() -> Iterator[str]:
    yield "#define A0 1+"
    for number in range(1, 41):
        yield f"#define A{number} A{number - 1} A{number - 1}"
    yield "static int sum = A40 1;\n"


# Macros that double: the compiler would read 2^40 words.
HANGING = "\n".join(_doubling())


class Mistake(NamedTuple):
    """A change to GOOD, and the messages about it."""

    change: str  # as mistakes.txt has it
    said: str

    @property
    def files(self) -> Dict[str, str]:
        """The C by the names of files; my.c includes the others."""
        change, *others = re.split(r"^\+\+\+ (.*)\n", self.change, flags=re.M)
        text = GOOD
        hunks = re.findall(r"((?:^-.*\n)*)((?:^\+.*\n)*)", change, re.M)
        for removed, added in hunks:
            if removed:
                assert text.count(_bare(removed)) == 1, removed
                text = text.replace(_bare(removed), _bare(added))
        if not any(removed for removed, _ in hunks):
            text = _bare(change)
        headers = zip(others[::2], map(_bare, others[1::2]))
        return {**dict(headers), "my.c": text}

    def write(self, folder: Path) -> None:
        for name, text in self.files.items():
            (folder / name).write_text(text)


def _bare(lines: str) -> str:
    """The lines without the character that they begin with."""
    return re.sub("^.", "", lines, flags=re.M)


_PATH = Path(__file__).with_suffix(".txt")
_HEAD, *_PARTS = re.split(r"^=== (.*)\n", _PATH.read_text(), flags=re.M)


def _read() -> Iterator[Tuple[str, Mistake]]:
    for name, text in zip(_PARTS[::2], _PARTS[1::2]):
        change, _, said = text.partition("---\n")
        yield name, Mistake(change, said.rstrip("\n"))


MISTAKES = dict(_read())

# The last line that is said about a save.
_END = "opensnoop: (the trace continues with the previous C|.*: reloaded in )"

# Numbers that are others each time: of LLVM's nodes.
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def said_now(names: Iterable[str]) -> Dict[str, str]:
    """The messages about each mistake, which is saved during a trace."""
    folder = Path(tempfile.mkdtemp())
    before = os.getcwd()
    os.chdir(folder)
    try:
        (folder / "my.c").write_text(GOOD)
        with Tool("--live", "--source", "my.c") as tool:
            return {name: _messages(tool, name, folder) for name in names}
    finally:
        os.chdir(before)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _messages(tool: Tool, name: str, folder: Path) -> str:
    begin = len(tool.messages)
    MISTAKES[name].write(folder)
    end = tool.await_line(_END)
    return shown(tool.messages[begin:].removesuffix(end))


def shown(messages: str) -> str:
    """The messages as mistakes.txt has them."""
    messages = messages.replace(os.uname().release, "RELEASE")
    return _ADDRESS.sub("0xADDRESS", messages).rstrip("\n")


def main() -> None:
    said = said_now(MISTAKES)
    text = "".join(
        f"=== {name}\n{mistake.change}---\n{said[name]}\n\n"
        for name, mistake in MISTAKES.items()
    )
    _PATH.write_text(_HEAD + text)


if __name__ == "__main__":
    main()
