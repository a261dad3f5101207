# SPDX-License-Identifier: Apache-2.0
"""-c: who called, as a program says that calls itself in a known way."""

from __future__ import annotations

import csv
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Dict, Generator, List, Tuple

import pytest

from opensnooplib.base import native_library
from tests.kernel import calm, chosen
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.openers import Attempt, Opener, OpenLoad, Word
from tests.kernel.tool import (
    Ended,
    Tool,
    assert_nothing_left,
    children,
    loaded_objects,
    run,
    wait_until,
)

_PATH = "/no/such/path"
_MIDDLE = "zoo::Fence::open(char const*, int)"
_UNKNOWN = "<callers unknown>"

# Of the kernel: kernel.perf_event_max_stack, unless somebody has changed it.
_DEEPEST = 127


def _trace(*command: Word, options: List[str]) -> Ended:
    with OpenLoad(*command) as load:
        with Tool("-p", str(load.pid), *options) as tool:
            load.run()
            return tool.stop()


def _row(ended: Ended) -> Dict[str, Any]:
    """The one of the chain's end."""
    rows = [json.loads(line) for line in ended.lines]
    (found,) = [row for row in rows if row["path"] == _PATH]
    return dict(found)


def _split(caller: str) -> List[str]:
    """Function and module, or address and module."""
    line = r"( [^ ]+:\d+)?"  # where the host has debug files
    found = re.fullmatch(rf"(.*?)\+0x[0-9a-f]+{line} \((.*)\)", caller)
    assert found, caller
    return [found.group(1), found.group(3)]


def _chain(program: Path, depth: int) -> List[List[str]]:
    names = ["inner_one", *[_MIDDLE] * (depth + 1), "outer_one", "main"]
    return [[name, str(program)] for name in names]


def _assert_chain(row: Dict[str, Any], program: Path, depth: int) -> None:
    expected = _chain(program, depth)
    callers = row["callers"][: len(expected)]
    assert [_split(caller) for caller in callers] == expected


@pytest.mark.parametrize("plan", chosen.plans())
def test_the_chain_of_functions(call_chain: Path, plan: str) -> None:
    skip_without_hooks_for(plan)
    options = ["-c", "--format", "json", "--attach", plan]
    ended = _trace(call_chain, _PATH, "3", options=options)
    _assert_chain(_row(ended), call_chain, 3)


def _addresses(program: Path) -> Dict[str, range]:
    """Of its functions, as nm(1) tells them."""
    listed = subprocess.run(
        ["nm", "-S", "--defined-only", program],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    fields = [line.split() for line in listed.splitlines()]
    return {
        words[3]: range(
            int(words[0], 16), int(words[0], 16) + int(words[1], 16)
        )
        for words in fields
        if len(words) == 4
    }


def test_a_program_without_symbols(call_chain: Path, tmp_path: Path) -> None:
    """Its file and the offset in it, which nm(1) knows by the whole one."""
    stripped = tmp_path / "stripped"
    subprocess.run(["strip", "-o", stripped, call_chain], check=True)
    options = ["-c", "--format", "json"]
    row = _row(_trace(stripped, _PATH, "1", options=options))
    known = _addresses(call_chain)
    middle = "_ZN3zoo5Fence4openEPKci"
    names = ["inner_one", middle, middle, "outer_one", "main"]
    for name, caller in zip(names, row["callers"]):
        found = re.fullmatch(r"0x\w+ \((.*)\+(0x\w+)\)", caller)
        assert found, caller
        assert found.group(1) == str(stripped)
        assert int(found.group(2), 16) in known[name]


def test_folded_without_symbols(call_chain: Path, tmp_path: Path) -> None:
    """The file alone: an address would be a frame for each process."""
    stripped = tmp_path / "stripped"
    subprocess.run(["strip", "-o", stripped, call_chain], check=True)
    options = ["-c", "--format", "folded"]
    folded = _trace(stripped, _PATH, "1", options=options).output.decode()
    assert f";{stripped}" * 5 + " 1\n" in folded
    assert "0x" not in folded


def test_table(call_chain: Path) -> None:
    """Below the row, each in a line of its own."""
    ended = _trace(call_chain, _PATH, "0", options=["-c"])
    heading, *lines = ended.output.decode().splitlines()
    assert "CALLERS" not in heading
    row = next(i for i, line in enumerate(lines) if line.endswith(_PATH))
    below = lines[row + 1 : row + 5]
    assert [line[:1] for line in below] == ["\t"] * 4
    found = [_split(line[1:]) for line in below]
    assert found == _chain(call_chain, 0)


def test_csv(call_chain: Path) -> None:
    options = ["--columns", "path,callers", "--format", "csv"]
    ended = _trace(call_chain, _PATH, "0", options=options)
    heading, *rows = csv.reader(ended.output.decode().splitlines())
    assert heading == ["path", "callers"]
    (cell,) = [callers for path, callers in rows if path == _PATH]
    found = [_split(caller) for caller in cell.split(";")[:4]]
    assert found == _chain(call_chain, 0)


def test_a_file_that_looks_like_two_callers(
    call_chain: Path, tmp_path: Path
) -> None:
    """In CSV there is a ';' between them."""
    forged = shutil.copy(call_chain, tmp_path / "a);innocent+0x1 (b")
    options = ["--columns", "path,callers", "--format", "csv"]
    ended = _trace(forged, _PATH, "0", options=options)
    rows = csv.reader(ended.output.decode().splitlines())
    (cell,) = [callers for path, callers in rows if path == _PATH]
    callers = cell.split(";")[:4]
    assert [caller.partition("+")[0] for caller in callers] == [
        f"$'{name}" for name, _ in _chain(call_chain, 0)
    ]
    assert all(r"a)\x3binnocent" in caller for caller in callers)


def test_a_process_that_is_gone_when_its_row_comes(call_chain: Path) -> None:
    """It began during the trace, so what it had mapped is known."""
    options = ["-c", "--format", "json", "--path", _PATH]
    with Tool(*options) as tool:
        tool.hold_back()
        with OpenLoad(call_chain, _PATH, "2", "exec") as load:
            load.run()
        tool.send(signal.SIGCONT)
        ended = tool.stop()
    _assert_chain(_row(ended), call_chain, 2)


def test_a_process_that_ran_before_and_is_gone(call_chain: Path) -> None:
    with OpenLoad(call_chain, _PATH, "1") as load:
        with Tool("-c", "--format", "json", "-p", str(load.pid)) as tool:
            tool.hold_back()
            load.run()
            tool.send(signal.SIGCONT)
            ended = tool.stop()
    _assert_chain(_row(ended), call_chain, 1)


_MANY_PROGRAMS = "for n in $(seq 3000); do /bin/true; done"


def test_more_programs_than_the_kernel_could_tell_of(call_chain: Path) -> None:
    """What was mapped is not known then: said, and not guessed."""
    calm.need()  # what others start takes the room of what we start later
    options = ["-c", "--format", "json", "--path", _PATH]
    with Tool(*options) as tool:
        tool.hold_back()
        subprocess.run(["sh", "-c", _MANY_PROGRAMS], check=True)
        with OpenLoad(call_chain, _PATH, "0") as gone:
            gone.run()
        tool.send(signal.SIGCONT)
        wait_until(lambda: _PATH.encode() in tool.output_so_far())
        with OpenLoad(call_chain, _PATH, "3") as known:
            known.run()
        ended = tool.stop()
    rows = {row["pid"]: row for row in map(json.loads, ended.lines)}
    for caller in rows[gone.pid]["callers"]:
        assert re.fullmatch(r"0x[0-9a-f]+ \(mappings unknown\)", caller)
    _assert_chain(rows[known.pid], call_chain, 3)


def test_a_child_has_what_its_parent_had() -> None:
    """One that doesn't exec: the interpreter's functions."""
    attempt = Attempt(_PATH.encode(), os.O_RDONLY)
    with Tool("-c", "--format", "json", "--path", _PATH) as tool:
        tool.hold_back()
        with Opener([attempt]) as opener:
            opener.run()
        tool.send(signal.SIGCONT)
        ended = tool.stop()
    row = _row(ended)
    assert row["pid"] == opener.pid
    assert _split(row["callers"][0])[1].rpartition("/")[2] == "libc.so.6"


def test_a_file_that_is_gone(call_chain: Path, tmp_path: Path) -> None:
    """As a library is after an upgrade, and the process has ended too."""
    program = tmp_path / "program"
    shutil.copy(call_chain, program)
    with OpenLoad(program, _PATH, "1") as load:
        program.unlink()
        with Tool("-c", "--format", "json", "-p", str(load.pid)) as tool:
            load.run()
            ended = tool.stop()
    gone = f"{program} (deleted)"
    for caller in _row(ended)["callers"][:3]:
        assert re.fullmatch(rf"0x\w+ \({re.escape(gone)}\+0x\w+\)", caller)


def test_a_stack_that_is_deeper_than_the_kernel_looks(
    call_chain: Path,
) -> None:
    options = ["-c", "--format", "json"]
    row = _row(_trace(call_chain, _PATH, "300", options=options))
    assert len(row["callers"]) == _DEEPEST + 1
    assert row["callers"][-1] == _UNKNOWN
    names = {_split(caller)[0] for caller in row["callers"][1:-1]}
    assert names == {_MIDDLE}


@pytest.mark.parametrize("how, times", [("lost", 0), ("looped", _DEEPEST - 2)])
def test_what_is_no_frame(call_chain: Path, how: str, times: int) -> None:
    """The stack ends where no code is; elsewhere, at the deepest."""
    options = ["-c", "--format", "json"]
    row = _row(_trace(call_chain, _PATH, "0", how, options=options))
    *found, unknown = row["callers"]
    names = [_split(caller)[0] for caller in found]
    assert names == ["inner_one", _MIDDLE, *["main"] * times]
    assert unknown == _UNKNOWN


def test_a_recording_holds_addresses(call_chain: Path, tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    _trace(call_chain, _PATH, "1", options=["-c", "--record", str(recording)])
    row = _row(run("--replay", recording, "--format", "json"))
    assert len(row["callers"]) >= 5
    assert all(re.fullmatch("0x[0-9a-f]+", one) for one in row["callers"])
    shown = run("--replay", recording).output.decode().splitlines()
    assert f"\t{row['callers'][0]}" in shown


def _slow_one(program: Path, folder: Path) -> Generator[int, None, None]:
    """Steps: it is there; it goes on, to open the file; it is gone."""
    command = [str(program), str(folder), _PATH]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        try:
            if process.stdout.readline() != b"ready\n":
                pytest.skip("nobody may serve a file system here")
            yield process.pid
            process.stdin.close()
            yield process.pid
        finally:
            process.kill()


def test_a_file_that_is_never_read(
    slow_file: Path, call_chain: Path, tmp_path: Path
) -> None:
    """Whoever serves it keeps a helper, and neither the trace nor its end."""
    before = loaded_objects()
    steps = _slow_one(slow_file, tmp_path)
    pid = next(steps)
    options = ["-c", "--format", "json", "--path", _PATH]
    with Tool(*options) as tool:
        began = time.monotonic()
        next(steps)
        wait_until(lambda: _PATH.encode() in tool.output_so_far())
        # The helper is killed after 2 seconds.
        assert time.monotonic() - began < 1.5
        while _MIDDLE.encode() not in tool.output_so_far():
            assert time.monotonic() - began < 30
            with OpenLoad(call_chain, _PATH, "1") as other:
                other.run()
            time.sleep(0.2)
        began = time.monotonic()
        ended = tool.stop()
        assert time.monotonic() - began < 5
    rows = {row["pid"]: row for row in map(json.loads, ended.lines)}
    named = [row for row in rows.values() if _MIDDLE in str(row["callers"])]
    _assert_chain(named[0], call_chain, 1)
    slow = f"{tmp_path}/overlay/slow.so"
    slow_code = rf"0x[0-9a-f]+ \({re.escape(slow)}\+0x207\)"
    assert re.fullmatch(slow_code, rows[pid]["callers"][0])
    steps.close()
    wait_until(lambda: not _stuck_helpers(ended.session))
    assert_nothing_left(ended, before)


def _stuck_helpers(session: int) -> List[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "-s", str(session)],
        capture_output=True,
        text=True,
    )
    return [int(pid) for pid in found.stdout.split()]


def _is_confined(pid: int) -> bool:
    return _status(pid).get("Seccomp") == "2"


def _helpers(tool: Tool) -> Tuple[int, int]:
    """The opener and the parser of a trace; the monitor started them."""
    found: List[Tuple[int, int]] = []

    def look() -> bool:
        found[:] = [
            (opener, parser)
            for monitor in children(tool.pid)
            for opener in children(monitor)
            for parser in children(opener)
            if _is_confined(parser)
        ]
        return bool(found)

    wait_until(look)
    return found[-1]


def test_the_helper_goes_with_the_trace(call_chain: Path) -> None:
    """It holds nothing that is the trace's, and survives nothing."""
    before = loaded_objects()
    with OpenLoad(call_chain, _PATH, "0") as load:
        with Tool("-c", "-p", str(load.pid)) as tool:
            load.run()
            wait_until(lambda: _MIDDLE.encode() in tool.output_so_far())
            helpers = [Path(f"/proc/{pid}") for pid in _helpers(tool)]
            for helper in helpers:
                # Sockets: to the trace, and to each other.
                assert sorted(os.listdir(helper / "fd"))[:2] == ["0", "1"]
            assert len(os.listdir(helpers[0] / "fd")) == 2
            ended = tool.stop(signal.SIGKILL)
    for helper in helpers:
        wait_until(lambda: not helper.exists())
    assert_nothing_left(ended, before)


@pytest.mark.parametrize("which", ["opener", "parser"])
def test_a_helper_that_is_killed(call_chain: Path, which: str) -> None:
    """The other one ends with it, and there are new ones."""
    with Tool("-c", "--format", "json", "--path", _PATH) as tool:
        opener, parser = _helpers(tool)
        os.kill(opener if which == "opener" else parser, signal.SIGKILL)
        for pid in (opener, parser):
            wait_until(lambda: _has_ended(pid))
        with OpenLoad(call_chain, _PATH, "1") as load:
            load.run()
        ended = tool.stop()
    _assert_chain(_row(ended), call_chain, 1)


def _has_ended(pid: int) -> bool:
    """Also if nobody has waited for it yet."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True
    return "\nState:\tZ" in status


def _traced(program: Path) -> Dict[str, Any]:
    options = ["-c", "--format", "json"]
    return _row(_trace(program, _PATH, "0", options=options))


@pytest.fixture
def debug_program(tmp_path: Path) -> Path:
    """The chain, with debug information."""
    program = tmp_path / "program"
    source = Path(__file__).parents[1] / "programs" / "call_chain.c"
    flags = ["-O0", "-g", "-fno-omit-frame-pointer", "-Wl,--build-id"]
    subprocess.run(["cc", *flags, "-o", program, source], check=True)
    return program


def _assert_lines(row: Dict[str, Any]) -> None:
    for caller in row["callers"][:4]:
        assert re.fullmatch(
            r".+\+0x[0-9a-f]+ call_chain\.c:\d+ \(.+\)", caller
        )
    source = Path(__file__).parents[1] / "programs" / "call_chain.c"
    number = int(row["callers"][1].partition("call_chain.c:")[2].split()[0])
    called = source.read_text().splitlines()[number - 1]
    assert "inner_one(path)" in called


def test_lines_of_the_source(debug_program: Path) -> None:
    """Those of the calls, not of the returns."""
    row = _traced(debug_program)
    _assert_chain(row, debug_program, 0)
    _assert_lines(row)


def test_a_debug_file_of_a_build_id(
    debug_program: Path, tmp_path: Path
) -> None:
    """As packages of debug files have it."""
    notes = subprocess.run(
        ["readelf", "-n", debug_program],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    build_id = notes.partition("Build ID: ")[2].split()[0]
    folder = Path("/usr/lib/debug/.build-id") / build_id[:2]
    debug_file = folder / f"{build_id[2:]}.debug"
    stripped = tmp_path / "stripped"
    subprocess.run(["strip", "-o", stripped, debug_program], check=True)
    existed = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    command: List[Word] = ["objcopy", "--only-keep-debug"]
    command += [debug_program, debug_file]
    subprocess.run(command, check=True)
    try:
        row = _traced(stripped)
    finally:
        debug_file.unlink()
        if not existed:
            folder.rmdir()
    _assert_chain(row, stripped, 0)
    _assert_lines(row)


def test_minidebuginfo(call_chain: Path, tmp_path: Path) -> None:
    """The symbols alone, compressed: what Fedora's programs have."""
    if not shutil.which("xz"):
        pytest.skip("there is no xz(1)")
    symbols, stripped = tmp_path / "symbols", tmp_path / "stripped"
    command: List[Word] = ["objcopy", "--only-keep-debug"]
    command += [call_chain, symbols]
    subprocess.run(command, check=True)
    subprocess.run(["xz", symbols], check=True)
    add = f".gnu_debugdata={symbols}.xz"
    subprocess.run(["strip", "-o", stripped, call_chain], check=True)
    subprocess.run(["objcopy", "--add-section", add, stripped], check=True)
    _assert_chain(_traced(stripped), stripped, 0)


def _path_of_libdw() -> str:
    ctypes.CDLL("libdw.so.1")
    maps = Path("/proc/self/maps").read_text()
    return next(word for word in maps.split() if "/libdw" in word)


def test_a_host_without_libdw(call_chain: Path) -> None:
    """The files and the offsets are known all the same."""
    hide = f"mount --bind /dev/null {_path_of_libdw()}"
    under = ("unshare", "--mount", "sh", "-ec", f'{hide}; exec "$@"', "sh")
    options = ["-c", "--format", "json"]
    with OpenLoad(call_chain, _PATH, "0") as load:
        with Tool("-p", str(load.pid), *options, under=under) as tool:
            load.run()
            ended = tool.stop()
    for caller in _row(ended)["callers"][:4]:
        shown = rf"0x[0-9a-f]+ \({re.escape(str(call_chain))}\+0x[0-9a-f]+\)"
        assert re.fullmatch(shown, caller)
    assert ended.messages.count("install libdw1") == 1


# Only root of the trace's namespaces may read these, and whoever traces.
_CAPABILITIES = {"CAP_DAC_READ_SEARCH": 2, "CAP_SYS_PTRACE": 19}
_CAPABILITIES["CAP_CHECKPOINT_RESTORE"] = 40


def _status(pid: int) -> Dict[str, str]:
    text = Path(f"/proc/{pid}/status").read_text()
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


def test_rights_of_what_finds_names_of_users() -> None:
    lib = native_library.load()
    user, pid = 61234, ctypes.c_int()
    fd = lib.helper_start_here(_NAMES, user, ctypes.byref(pid))
    try:
        wait_until(lambda: _status(pid.value)["NoNewPrivs"] == "1")
        status = _status(pid.value)
    finally:
        os.close(fd)  # as if the trace had ended
        os.waitpid(pid.value, 0)
    assert (
        status["Uid"].split() == status["Gid"].split() == [str(user + 2)] * 4
    )
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[name], 16) == 0


def test_rights_of_helpers() -> None:
    """A monitor starts one like this, for a trace that may not."""
    lib = native_library.load()
    user, pid = 61234, ctypes.c_int()
    fd = lib.helper_start_here(_SCOUT, user, ctypes.byref(pid))
    assert fd >= 0
    try:
        wait_until(lambda: len(children(pid.value)) == 1)
        (child,) = children(pid.value)
        wait_until(lambda: _is_confined(child))
        opener, parser = _status(pid.value), _status(child)
    finally:
        lib.helper_kill_here(pid)
        os.close(fd)
        os.waitpid(pid.value, 0)
    wait_until(lambda: not Path(f"/proc/{child}").exists())
    kept = sum(1 << bit for bit in _CAPABILITIES.values())
    for name in ("CapPrm", "CapEff"):
        assert int(opener[name], 16) & ~kept == 0
    for name in ("CapInh", "CapAmb"):
        assert int(opener[name], 16) == 0
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(parser[name], 16) == 0
    assert (
        parser["Uid"].split() == parser["Gid"].split() == [str(user + 1)] * 4
    )
    assert parser["Groups"] == ""
    assert opener["NoNewPrivs"] == parser["NoNewPrivs"] == "1"


_SCOUT, _NAMES = 0, 1  # enum helper_kind of native/stacks/helper.h
