# SPDX-License-Identifier: Apache-2.0
"""The real tool in a process of its own, and what it printed."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import (
    IO,
    Any,
    Callable,
    Dict,
    List,
    NamedTuple,
    Optional,
    Set,
    Tuple,
    Type,
    Union,
)

CHECKOUT = Path(__file__).resolve().parents[2]

# Far longer than anything here takes: only a hang reaches it.
HANG_SECONDS = 300


class EndLine(NamedTuple):
    """The last line on stderr: the counts of a trace."""

    shown: int
    lost: int
    unreadable: int
    missed: int
    repeated: int
    cut: int
    unsure: int
    unwritten: int

    @property
    def happened(self) -> int:
        return (
            self.shown
            + self.repeated
            + self.lost
            + self.missed
            + self.unwritten
        )


_END_LINE = re.compile(
    r"^opensnoop: (\d+) shown, (\d+) lost, (\d+) unreadable, (\d+) missed"
    r"(?:, (\d+) repeated)?(?:, (\d+) cut)?"
    r"(?:, (\d+) unsure)?(?:, (\d+) not written)?"
    r", in \d+\.\d s$",
    re.MULTILINE,
)


def parse_end_line(messages: str) -> EndLine:
    found = _END_LINE.findall(messages)
    assert len(found) == 1, f"one end line expected in:\n{messages}"
    return EndLine(*(int(number or 0) for number in found[0]))


class Row(NamedTuple):
    """A row of --format json."""

    ts: int
    pid: int
    tid: int
    uid: int
    ret: int
    fd: int
    err: int
    flags: int
    mode: Optional[int]
    comm: bytes
    path: Optional[bytes]  # None: unreadable
    path_cut: bool


def _text(row: Dict[str, Any], name: str) -> Optional[bytes]:
    if name + "_bytes" in row:
        return base64.b64decode(row[name + "_bytes"], validate=True)
    text: Optional[str] = row[name]
    return None if text is None else text.encode()


def parse_row(line: bytes) -> Row:
    row = json.loads(line)
    return Row(
        row["ts"],
        row["pid"],
        row["tid"],
        row["uid"],
        row["ret"],
        row["fd"],
        row["err"],
        row["flags"],
        row["mode"],
        _text(row, "comm") or b"",
        _text(row, "path"),
        row.get("path_cut", False),
    )


class Ended(NamedTuple):
    """The status and output of a tool that has ended."""

    session: int
    status: int  # negative: the signal that killed it
    output: bytes
    messages: str

    @property
    def end(self) -> EndLine:
        return parse_end_line(self.messages)

    @property
    def lines(self) -> List[bytes]:
        assert self.output == b"" or self.output.endswith(b"\n")
        return self.output.split(b"\n")[:-1]

    @property
    def rows(self) -> List[Row]:
        return [parse_row(line) for line in self.lines]


Word = Union[str, bytes, Path]


class Tool:
    """./opensnoop.py with these options, from the moment it is watching."""

    def __init__(
        self,
        *options: Word,
        checkout: Path = CHECKOUT,
        under: Tuple[Word, ...] = (),
        stdout: Optional[int] = None,
        wait: bool = True,
    ) -> None:
        """Rows go to a file that stop() reads, or to `stdout`.

        under: a command that starts the tool.
        wait=False: don't wait until it is watching, which -q doesn't say.
        """
        self._output: IO[bytes] = tempfile.TemporaryFile()
        self._messages: List[str] = []
        self.process = subprocess.Popen(
            [*under, checkout / "opensnoop.py", *options],
            stdin=subprocess.DEVNULL,
            stdout=self._output if stdout is None else stdout,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
            # A session of its own: what it leaves behind is not mistaken for
            # what other processes on this host do.
            start_new_session=True,
        )
        self.pid = self.process.pid
        self.watching = ""
        if wait:
            self.watching = self.await_message("watching ")

    def await_message(self, beginning: str) -> str:
        """The next line on stderr that begins so, after the tool's name."""
        return self.await_line(re.escape(f"opensnoop: {beginning}"))

    def await_line(self, pattern: str) -> str:
        """The next line on stderr whose beginning matches."""
        assert self.process.stderr
        limit = threading.Timer(HANG_SECONDS, self.process.kill)
        limit.start()
        try:
            for line in self.process.stderr:
                self._messages.append(line)
                if re.match(pattern, line):
                    return line
        finally:
            limit.cancel()
            # A process that forks while this thread ends may hang.
            limit.join()
        said = "".join(self._messages)
        raise AssertionError(f"it ended before it said {pattern}:\n{said}")

    @property
    def messages(self) -> str:
        """What was awaited on stderr until now."""
        return "".join(self._messages)

    def __enter__(self) -> Tool:
        return self

    def __exit__(
        self, error: Optional[Type[BaseException]], *_: object
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stderr
        self.process.stderr.close()
        self._output.close()

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> Ended:
        self.send(number)
        return self.ended()

    def ended(self) -> Ended:
        """Wait until it ends by itself."""
        _, rest = self.process.communicate(timeout=HANG_SECONDS)
        return Ended(
            self.pid,
            self.process.returncode,
            self.output_so_far(),
            "".join(self._messages) + rest,
        )

    def output_so_far(self, at_most: Optional[int] = None) -> bytes:
        """All of the output, or its last bytes."""
        size = os.fstat(self._output.fileno()).st_size
        start = 0 if at_most is None else max(0, size - at_most)
        return os.pread(self._output.fileno(), size - start, start)

    def hold_back(self) -> None:
        """Stop the tool by SIGSTOP, and wait until it has stopped."""
        self.send(signal.SIGSTOP)
        wait_until(lambda: self._state() == "T")

    def _state(self) -> str:
        """The state of the process, such as R, S, T: see proc_pid_stat(5)."""
        text = Path(f"/proc/{self.pid}/stat").read_text()
        return text.rpartition(")")[2].split()[0]


def run(
    *options: Word, checkout: Path = CHECKOUT, under: Tuple[Word, ...] = ()
) -> Ended:
    """Run the tool, started by the command `under`, until it ends."""
    with Tool(*options, checkout=checkout, under=under, wait=False) as tool:
        return tool.ended()


def children(pid: int) -> List[int]:
    """The PIDs of a process's children; none if it has ended."""
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [int(word) for word in words]


def descendants(pid: int) -> List[int]:
    """The PIDs of a process's children, their children, and so on."""
    found = [pid]
    for one in found:
        found += children(one)
    return found[1:]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def copy_checkout(folder: Path) -> Path:
    """A copy of the tool, as built, for a test to edit or break."""
    folder.mkdir()
    shutil.copy(CHECKOUT / "opensnoop.py", folder)
    for name in ("opensnooplib", "bpf_src"):
        shutil.copytree(
            CHECKOUT / name,
            folder / name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return folder


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{path} holds {text.count(old)} of: {old}"
    path.write_text(text.replace(old, new))


# BPF objects, as the kernel numbers them: ("prog", 12), ("map", 7), ...
BpfObjects = Set[Tuple[str, int]]

_OBJECT_ID = re.compile(r"^(prog|map|link)_id:\s+(\d+)$", re.MULTILINE)


def _bpftool_list(kind: str) -> List[Dict[str, Any]]:
    done = subprocess.run(
        ["bpftool", "-j", kind, "list"], check=True, capture_output=True
    )
    listed: List[Dict[str, Any]] = json.loads(done.stdout)
    return listed


def loaded_objects() -> BpfObjects:
    """All BPF objects that bpftool lists."""
    return {
        (kind, one["id"])
        for kind in ("prog", "map", "link")
        for one in _bpftool_list(kind)
    }


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""  # the process has ended


def _descriptors_of(pid: int) -> BpfObjects:
    """The objects that a process has open: proc_pid_fdinfo(5)."""
    objects: BpfObjects = set()
    try:
        for fd in Path(f"/proc/{pid}/fdinfo").iterdir():
            for kind, number in _OBJECT_ID.findall(_read(fd)):
                objects.add((kind, int(number)))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass  # it has ended, or even root may not look
    return objects


def _with_their_maps(objects: BpfObjects) -> BpfObjects:
    """The objects, and the maps that programs among them use."""
    return objects | {
        ("map", number)
        for program in _bpftool_list("prog")
        if ("prog", program["id"]) in objects
        for number in program.get("map_ids", [])
    }


def objects_held_by(pid: int) -> BpfObjects:
    return _with_their_maps(_descriptors_of(pid))


def map_entries(pid: int, name: str) -> int:
    """The number of entries in the map `name` of a process."""
    for kind, number in objects_held_by(pid):
        if kind == "map" and _bpftool_map("show", number).get("name") == name:
            return len(_bpftool_map("dump", number))
    raise AssertionError(f"process {pid} has no map {name}")


def _bpftool_map(command: str, number: int) -> Any:
    done = subprocess.run(
        ["bpftool", "-j", "map", command, "id", str(number)],
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)


def _held_outside(session: int) -> BpfObjects:
    objects: BpfObjects = set()
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.getsid(int(name)) != session:
                objects |= _descriptors_of(int(name))
        except ProcessLookupError:
            pass
    return _with_their_maps(objects)


def assert_nothing_left(ended: Ended, before: BpfObjects) -> None:
    """Assert that the tool left nothing of what was loaded since `before`.

    What other processes hold is theirs: they may trace at the same time.
    """
    wait_until(
        lambda: loaded_objects() - before <= _held_outside(ended.session)
    )
