#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run the C of BCC's tools with --source, and say of each whether it runs.

    run.py [TOOL...]
    run.py --but [TOOL...]

It needs root and the package bpfcc-tools. A tool runs if its programs attach
and show at least one row, map entry or line of bpf_trace_printk() while
workload.py does a little of everything. Each line on stdout is JSON: "tool",
"runs", "why_not", and "shows" with the first of what is shown.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterator, NamedTuple, Sequence, Union

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parent.parent
sys.path.insert(0, str(_CHECKOUT))

from tests.bcc_tools import tools, workload  # noqa: E402

_PYTHON = "/usr/bin/python3"

# An element of a map that the tool sets, as hand_out.py writes it.
_SET = re.compile(r"^// set: (.*)", re.MULTILINE)

# A line of bpf_trace_printk(): the program, and what it says.
_PRINTED = re.compile(r"(?!opensnoop|warning)\w+(\([\w, ]*\))?: ")

# How long the workload may take until a program sees something of it: one with
# maps alone, and one with rows, which are awaited. And how long a compile may
# take on an emulated machine.
_PATIENCE_SECONDS = (9, 20)
_LIMIT_SECONDS = 240
_AT_ONCE = 2


class Result(NamedTuple):
    tool: str
    runs: bool
    why_not: str = ""
    shows: str = ""


def main() -> None:
    words = sys.argv[1:]
    chosen = words or tools.names()
    if words[:1] == ["--but"]:
        chosen = [name for name in tools.names() if name not in words]
    with workload_under_way() as folder:
        with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
            jobs = [pool.submit(run, name, folder) for name in chosen]
            for job in concurrent.futures.as_completed(jobs):
                print(json.dumps(job.result()._asdict()), flush=True)


@contextlib.contextmanager
def workload_under_way() -> Iterator[Path]:
    """Start it; gives its folder."""
    # On a disk: /tmp is often in memory.
    with contextlib.ExitStack() as stack:
        name = tempfile.TemporaryDirectory(dir="/var/tmp")
        folder = Path(stack.enter_context(name))
        for kind in workload.FILE_SYSTEMS:
            if _mount(kind, folder):
                stack.callback(_run, "umount", "-l", folder / kind)
        _run("mount", "-t", "debugfs", "debugfs", "/sys/kernel/debug")
        (folder / "mysqld").mkdir()
        database = folder / "mysqld" / "mysqld"
        _run("cc", "-O2", "-o", database, _HERE / "mysqld.c")
        script = str(_HERE / "workload.py")
        for command in ([str(database)], [_PYTHON, script, str(folder)]):
            under_way = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=sys.stderr
            )
            stack.callback(under_way.wait)
            stack.callback(under_way.kill)
            pid = folder / "mysqld" / "pid"
            if not pid.exists():
                pid.write_text(str(under_way.pid))
        while not (folder / "pid").exists():
            time.sleep(0.1)
        yield folder


def _mount(kind: str, folder: Path) -> bool:
    """Make a file system in a file, if this host can."""
    (folder / kind).mkdir()
    image = folder / f"{kind}.image"
    image.touch()
    os.truncate(image, 320 << 20)
    _run("modprobe", "-a", kind, "loop")
    made = _run(f"mkfs.{kind}", "-q", image)
    return made and _run("mount", "-o", "loop", image, folder / kind)


def _run(*command: Union[str, Path]) -> bool:
    try:
        done = subprocess.run(command, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def run(name: str, folder: Path) -> Result:
    """Run one tool's C, for which the workload in `folder` is under way."""
    source = folder / f"{name}.c"
    refusal = hand_out(name, source, folder)
    if refusal:
        return Result(name, False, f"the tool itself gives up: {refusal}")
    result = _show(name, source)
    return result._replace(why_not=result.why_not.replace(f"{folder}/", ""))


def hand_out(name: str, source: Path, folder: Path) -> str:
    """Write a tool's C to `source`; returns why that can't be."""
    tool, *arguments = tools.command(name, folder)
    done = subprocess.run(
        [_PYTHON, "-I", _HERE / "hand_out.py", tool, source, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/usr/share/bpfcc-tools",  # where tools look for their .c files
    )
    if done.returncode == 0:
        return ""
    return done.stdout.strip().rpartition("\n")[2] or "it ends at once"


def _show(name: str, source: Path) -> Result:
    text = source.read_text()
    settings = _SET.findall(text)
    with tempfile.TemporaryFile("w+", errors="replace") as messages:
        tool = subprocess.Popen(
            [str(_CHECKOUT / "opensnoop.py"), "--source", str(source)]
            + [f"--set={element}" for element in settings]
            + ["--maps", "--format", "json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
            errors="replace",
        )
        assert tool.stdout
        patience = _PATIENCE_SECONDS["_OUTPUT" in text]
        row = _first_row(name, tool, messages.fileno(), patience)
        tool.send_signal(signal.SIGTERM)
        try:
            rest, _ = tool.communicate(timeout=_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            tool.kill()
            return Result(name, False, "it doesn't end")
        messages.seek(0)
        said = messages.read()
    shown = row + rest + said
    set_by_tool = [element.partition("[")[0] for element in settings]
    return judged(name, shown, tool.returncode, set_by_tool)


def _first_row(
    name: str, tool: subprocess.Popen[str], messages: int, patience: float
) -> str:
    """Wait for a row, or until there is none; returns what was read."""
    assert tool.stdout
    deadline = time.monotonic() + _LIMIT_SECONDS
    is_watching = False
    with selectors.DefaultSelector() as selector:
        selector.register(tool.stdout, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            if selector.select(0.2):
                return tool.stdout.readline()
            said = os.pread(messages, 1 << 20, 0)
            if b"watching " in said and not is_watching:
                is_watching = True
                if name in workload.ON_DEMAND:
                    workload.ON_DEMAND[name](Path("/var/tmp"))
                deadline = time.monotonic() + patience
    return ""


def _shows_something(line: str, set_by_tool: Sequence[str]) -> bool:
    """Is it a row, a line of bpf_trace_printk(), or a map with an entry?

    But not one of those that the tool sets.
    """
    if _PRINTED.match(line):
        return True
    if not line.startswith("{") or line.startswith(('{"map"', '{"maps"')):
        return False
    row = json.loads(line)
    if row.get("contents") in set_by_tool:
        return False
    # An entry of an array is always there, if only with zeros.
    entries = [{**entry, "key": 0} for entry in row.get("entries", ())]
    values = [str(list(entry.values())) for entry in entries]
    return "contents" not in row or any(re.search("[1-9]", v) for v in values)


def judged(
    name: str, shown: str, status: int, set_by_tool: Sequence[str]
) -> Result:
    lines = shown.splitlines()
    proofs = (one for one in lines if _shows_something(one, set_by_tool))
    proof = next(proofs, "")
    if proof and status == 0:
        return Result(name, True, shows=proof[:200])
    if status == 0:
        why = tools.WHY_NOTHING.get(name, "")
        return Result(name, False, "it attaches, but shows nothing" + why)
    said = [
        line.partition("opensnoop: ")[2] or line
        for line in lines
        if line.startswith("opensnoop: ") or "error:" in line
    ]
    return Result(name, False, "; ".join(said[:3]) or f"status {status}")


if __name__ == "__main__":
    main()
