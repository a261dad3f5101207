# SPDX-License-Identifier: Apache-2.0
"""One virtual machine: boots an image, runs one command, and ends.

The machine's disks are discarded, so that no change outlives it. It has no
network. Its output comes through virtio ports, so that stdout holds what the
command wrote and nothing else; the kernel's console goes to a file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import BinaryIO, Dict, Iterable, List, NamedTuple, Optional
from typing import Sequence, Set

from images import HERE, Image, ImageError

CHECKOUT = HERE.parent.parent

# Exit statuses: that of timeout(1), and one for a machine that ends early.
TIMED_OUT = 124
DIED = 125

_running: Set[subprocess.Popen[bytes]] = set()

# Set when no other machine may start.
_ending = threading.Event()

# By suite, the end of the console of the last machine that died.
last_words: Dict[str, str] = {}


class Settings(NamedTuple):
    timeout: Optional[float]  # seconds, for boot and command together
    silence: Optional[float] = None  # seconds without output
    headers: bool = False  # don't hide the kernel's headers
    kernel_options: str = ""  # more for the kernel's command line
    not_alone: bool = False  # a process opens a file each second
    share: str = ""  # a folder of this host to mount at /bench/shared


def run(
    image: Image,
    command: str,
    settings: Settings,
    stdout: BinaryIO,
    stderr: BinaryIO,
) -> int:
    """Run a shell command in a copy of the checkout.

    Returns its exit status, TIMED_OUT or DIED.
    """
    ports = {"stdout": _Port(stdout), "stderr": _Port(stderr)}
    return _boot(image, command, settings, ports)


def shell(image: Image, settings: Settings) -> int:
    """Run a shell in a copy of the checkout, on this terminal."""
    settings = settings._replace(timeout=None, silence=None)
    return _boot(image, None, settings, {})


def _boot(
    image: Image,
    command: Optional[str],
    settings: Settings,
    ports: Dict[str, _Port],
) -> int:
    status = _Port()
    ports = {**ports, "status": status}
    with tempfile.TemporaryDirectory(prefix="opensnoop-vm-") as name:
        folder = Path(name)
        _make_bench(folder, command, settings)
        words = _qemu(image, folder, settings) + _devices(ports)
        if command is None:
            words += _TERMINAL
        server = _share(folder, settings.share) if settings.share else None
        machine = _start(folder, words, ports)
        try:
            problem = _await_end(machine, settings, ports.values())
            if problem:
                _say(image, f"{problem}: stopped")
                _show_console(folder)
                return TIMED_OUT
        finally:
            _end(machine)
            if server:
                server.kill()
                server.wait()
            for port in ports.values():
                port.close()
        if not status.text.strip().isdigit():
            _say(image, "the machine died before the command ended")
            last_words[image.suite] = _show_console(folder)
            return DIED
        return int(status.text)


def is_ending() -> bool:
    return _ending.is_set()


def end_all() -> None:
    _ending.set()
    for machine in list(_running):
        machine.kill()


_LOOK_SECONDS = 5  # how often a machine is looked at


def _await_end(
    machine: subprocess.Popen[bytes],
    settings: Settings,
    ports: Iterable[_Port],
) -> str:
    """What went wrong, or "" if the machine has ended by itself."""
    began = time.monotonic()
    while True:
        try:
            machine.wait(_LOOK_SECONDS)
            return ""
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        if settings.timeout and now - began > settings.timeout:
            return f"not finished after {settings.timeout:.0f} s"
        last = max(port.last_said for port in ports)
        if settings.silence and now - last > settings.silence:
            return f"no output for {settings.silence:.0f} s"


class _Port:
    """A pipe out of the machine, and the thread that reads it."""

    def __init__(self, sink: Optional[BinaryIO] = None) -> None:
        self._sink = sink
        self._read_end, self.write_end = os.pipe()
        self._thread = threading.Thread(target=self._copy)
        self.text = b""  # what was read, if there is no sink
        self.last_said = time.monotonic()

    def begin(self) -> None:
        """Start to read, once the machine has its own end of the pipe."""
        os.close(self.write_end)
        self._thread.start()

    def close(self) -> None:
        self._thread.join()
        os.close(self._read_end)

    def _copy(self) -> None:
        while True:
            some = os.read(self._read_end, 65536)
            if not some:
                return
            self.last_said = time.monotonic()
            if self._sink is None:
                self.text += some
                continue
            try:
                self._sink.write(some)
                self._sink.flush()
            except BrokenPipeError:
                pass  # nobody reads; the machine must not wait for that


def _make_bench(
    folder: Path, command: Optional[str], settings: Settings
) -> None:
    """Make the second disk: a copy of the checkout, and the command."""
    bench = folder / "bench"
    _copy_checkout(bench / "opensnoop")
    if command is not None:
        (bench / "command").write_text(command + "\n")
    if settings.headers:
        (bench / "show-headers").touch()
    if settings.not_alone:
        (bench / "not-alone").touch()
    if settings.share:
        (bench / "shared").mkdir()
    subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal"]
        + ["-d", bench, folder / "bench.ext4", "512M"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    shutil.rmtree(bench)


def _copy_checkout(target: Path) -> None:
    """Copy the files that git tracks, and new ones that it doesn't ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    ).stdout
    for name in filter(None, os.fsdecode(listed).split("\0")):
        source = CHECKOUT / name
        if source.is_symlink() or source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name, follow_symlinks=False)


# Debian has it in qemu-system-common, and since 13 in a package of its own.
_SERVERS = ("/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd")


def _share(folder: Path, share: str) -> subprocess.Popen[bytes]:
    """Start the server of virtiofs for a folder, and wait for its socket."""
    words = [f"--socket-path={folder}/shared.socket"]
    words += ["-o", f"source={os.path.abspath(share)}", "-o", "cache=none"]
    for program in filter(os.path.exists, _SERVERS):
        server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program, *words],
            stderr=subprocess.DEVNULL,
        )
        while server.poll() is None:
            if (folder / "shared.socket").exists():
                return server
            time.sleep(0.01)
    raise ImageError(
        f"cannot share {share}: virtiofsd is missing or does not start; it is "
        "in Debian's package virtiofsd, up to Debian 12 in qemu-system-common"
    )


_CPU = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt"


def _qemu(image: Image, folder: Path, settings: Settings) -> List[str]:
    # no_timer_check: on a busy host the check fails, and the kernel panics.
    # norandmaps: code at the same addresses need not be translated again. A
    # CPU with fewer features is emulated faster, by a tenth.
    kernel_options = "console=ttyS0 quiet panic=-1 no_timer_check norandmaps "
    kernel_options += settings.kernel_options
    return [
        # QEMU ends with this process, however that ends.
        *["setpriv", "--pdeathsig", "KILL", "nice", "qemu-system-x86_64"],
        *["-nodefaults", "-no-user-config", "-no-reboot"],
        *["-display", "none"],
        *["-accel", "tcg,thread=multi", "-cpu", _CPU],
        *["-smp", "2", "-m", "3G"],
        *["-kernel", f"{image.folder}/vmlinuz"],
        *["-initrd", f"{image.folder}/initrd"],
        *["-append", kernel_options.strip()],
        *["-serial", f"file:{folder}/console"],
        *_disk(f"{image.folder}/rootfs.ext4", "snapshot=on"),
        *_disk(f"{folder}/bench.ext4", "cache=unsafe"),
        *["-device", "virtio-serial-pci"],
        *(_sharing(folder) if settings.share else ()),
    ]


def _sharing(folder: Path) -> Sequence[str]:
    """The device of virtiofs; its server reads the machine's memory."""
    return [
        *["-object", "memory-backend-memfd,id=memory,size=3G,share=on"],
        *["-numa", "node,memdev=memory"],
        *["-chardev", f"socket,id=shared,path={folder}/shared.socket"],
        *["-device", "vhost-user-fs-pci,chardev=shared,tag=shared"],
    ]


def _disk(path: str, option: str) -> Sequence[str]:
    return ["-drive", f"file={path},format=raw,if=virtio,{option}"]


def _devices(ports: Dict[str, _Port]) -> List[str]:
    words = []
    for name, port in ports.items():
        path = f"/proc/self/fd/{port.write_end}"
        words += ["-chardev", f"file,id={name},path={path}"]
        words += ["-device", f"virtserialport,chardev={name},name={name}"]
    return words


# Devices of a shell: what is typed goes to it as it is, Ctrl-C too.
_TERMINAL = [
    *["-chardev", "stdio,id=terminal,signal=off"],
    *["-device", "virtconsole,chardev=terminal"],
]


def _start(
    folder: Path, words: List[str], ports: Dict[str, _Port]
) -> subprocess.Popen[bytes]:
    machine = subprocess.Popen(
        words,
        pass_fds=[port.write_end for port in ports.values()],
        stdin=None if _TERMINAL[-1] in words else subprocess.DEVNULL,
        # QEMU keeps what the machine writes to its disks in a file there.
        env={**os.environ, "TMPDIR": str(folder)},
    )
    _running.add(machine)
    for port in ports.values():
        port.begin()
    return machine


def _end(machine: subprocess.Popen[bytes]) -> None:
    machine.kill()
    machine.wait()
    _running.discard(machine)


def _say(image: Image, sentence: str) -> None:
    print(f"vm: {image.suite} {image.release}: {sentence}", file=sys.stderr)


def _show_console(folder: Path) -> str:
    """Show the last lines of the kernel, and return them."""
    console = folder / "console"
    if not console.exists():
        return ""
    lines = console.read_text(errors="replace").splitlines()[-20:]
    shown = "".join(f"  | {line}\n" for line in lines)
    print(shown, file=sys.stderr)
    return shown
