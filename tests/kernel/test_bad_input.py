# SPDX-License-Identifier: Apache-2.0
"""What can't be done is refused: one sentence, and nothing is attached."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from typing import Sequence

import pytest

from tests.kernel.openers import Opener
from tests.kernel.tool import (
    BpfObjects,
    Ended,
    assert_nothing_left,
    loaded_objects,
    run,
)

USAGE, CANNOT = 2, 1

NOBODY = "65534"


@pytest.fixture(scope="module")
def before() -> BpfObjects:
    return loaded_objects()


def _sentence(ended: Ended, status: int) -> str:
    """The last line is the sentence, and there are no rows."""
    assert "Traceback" not in ended.messages
    assert "internal error" not in ended.messages
    assert ended.output == b""
    assert ended.status == status
    assert ended.messages.endswith("\n")
    last = ended.messages.splitlines()[-1]
    assert last.startswith("opensnoop: ")
    assert " lost, " not in last
    return last


def _only_sentence(ended: Ended, status: int) -> str:
    assert ended.messages.count("\n") == 1, ended.messages
    return _sentence(ended, status)


# What is typed, and what the sentence must name.
_USAGE_ERRORS = [
    ("-p 0", "-p 0"),
    ("-p -1", "-p"),
    ("-p abc", "-p abc"),
    ("-p 1,", "-p"),
    ("-p 1_0", "-p 1_0"),
    ("-p 99999999", "no such process"),
    ("-p 99999999999999999999999", "99999999999999999999999"),
    ("-p 1,99999999", "99999999"),
    ("-t 0", "-t 0"),
    ("-t 99999999", "no such thread"),
    ("-u nosuchuser", "nosuchuser"),
    ("-u 4294967295", "4294967295"),
    ("-u -5", "-u"),
    ("-n averylongcommandname", "averylongcommandname"),
    ("-f O_NONSENSE", "O_NONSENSE"),
    ("-f WRONLY", "WRONLY"),
    ("-d -1", "-d"),
    ("-d 0", "-d 0"),
    ("-d abc", "-d abc"),
    ("-d nan", "-d nan"),
    ("-d inf", "-d inf"),
    ("-b 3", "power of two"),
    ("-b 0", "-b 0"),
    ("-b abc", "-b abc"),
    ("--count 0", "--count 0"),
    ("--count abc", "--count abc"),
    ("--count 18446744073709551621", "--count"),
    ("--format xml", "xml"),
    ("--attach nonsense", "nonsense"),
    ("--exec", "--exec"),
    ("--exec /no/such/command", "/no/such/command"),
    ("--exec no-such-command", "no-such-command"),
    ("--exec /etc/passwd", "/etc/passwd"),
    ("--exec /etc", "/etc"),
    ("-p 1 --exec true", "--exec"),
    ("-t 1 --exec true", "--exec"),
    ("--path-view host", "-F or -R"),
    ("-q -v", "-q"),
    ("--cgroupmap /no/such/map", "/no/such/map"),
    ("--mntnsmap /no/such/map", "/no/such/map"),
    ("--nonsense", "--nonsense"),
    ("nonsense", "nonsense"),
    ("-p", "-p"),
]


@pytest.mark.parametrize("words, named", _USAGE_ERRORS)
def test_usage(before: BpfObjects, words: str, named: str) -> None:
    ended = run(*words.split())
    assert named in _only_sentence(ended, USAGE)
    assert_nothing_left(ended, before)


@pytest.mark.parametrize("option", ["-p", "-t", "-u", "-b", "--count", "-d"])
def test_absurdly_long_numbers(option: str) -> None:
    ended = run(option, "9" * 5000)
    assert option in _only_sentence(ended, USAGE)


@pytest.mark.parametrize("option", ["-p", "-u", "-n", "-f", "-d", "--format"])
def test_words_that_are_hostile(option: str) -> None:
    """What was typed is told, as one line that drives no terminal."""
    ended = run(option, b"\xff\n\x1b[2J" + b"x" * 20)
    sentence = _only_sentence(ended, USAGE)
    assert option in sentence
    assert "\x1b" not in sentence


def test_pid_of_a_thread(before: BpfObjects) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        ended = run("-p", str(thread.native_id))
    finally:
        done.set()
        thread.join()
    sentence = _only_sentence(ended, USAGE)
    assert f"-t {thread.native_id}" in sentence
    assert str(os.getpid()) in sentence


def test_pid_of_a_process_that_has_ended() -> None:
    with Opener([]) as opener:
        pass
    ended = run("-p", str(opener.pid))
    assert "no such process" in _only_sentence(ended, USAGE)


_TRACE_ERRORS = [
    ("-b 1073741824", "-b 1073741824"),
    ("-o /no/such/folder/rows", "/no/such/folder/rows"),
    ("-o /etc", "/etc"),
    ("--cgroupmap /etc/passwd", "/etc/passwd"),
    ("--mntnsmap /etc/passwd", "/etc/passwd"),
]


@pytest.mark.parametrize("words, named", _TRACE_ERRORS)
def test_cannot(before: BpfObjects, words: str, named: str) -> None:
    """What only the kernel could tell; a wrong map is a wrong option, too."""
    ended = run(*words.split())
    status = USAGE if "map" in words else CANNOT
    assert named in _only_sentence(ended, status)
    assert_nothing_left(ended, before)


def test_exec_that_the_kernel_refuses(
    before: BpfObjects, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    ended = run("-q", "--exec", program)
    assert str(program) in _sentence(ended._replace(output=b""), CANNOT)
    assert_nothing_left(ended, before)


_AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", "--clear-groups")


@pytest.mark.parametrize("options", [[], ["-x", "--format", "json"]])
def test_without_privileges(
    before: BpfObjects, readable_checkout: Path, options: Sequence[str]
) -> None:
    ended = run(*options, checkout=readable_checkout, under=_AS_NOBODY)
    sentence = _only_sentence(ended, CANNOT)
    assert "root" in sentence
    assert "sudo" in sentence
    assert_nothing_left(ended, before)


# By number: an older setpriv doesn't know the names of newer ones.
@pytest.mark.parametrize("lacks", [39, 38], ids=["bpf", "perfmon"])
def test_without_a_capability(before: BpfObjects, lacks: int) -> None:
    """The kernel says no to a map, or to a ring: the C is not to blame."""
    without = f"-cap_{lacks},-sys_admin"
    under = ("setpriv", "--bounding-set", without, "--inh-caps", without)
    ended = run(under=under)
    assert "CAP_BPF" in _only_sentence(ended, CANNOT)
    assert_nothing_left(ended, before)


@pytest.mark.parametrize(
    "under, how",
    [
        (_AS_NOBODY, "run as root"),
        (
            ("setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps=-all"),
            "run on the host, not in a container",
        ),
    ],
)
def test_mntns_of_a_process_that_is_closed(
    readable_checkout: Path, under: Sequence[str], how: str
) -> None:
    pid = str(os.getpid())
    ended = run("--mntns", pid, checkout=readable_checkout, under=tuple(under))
    assert _only_sentence(ended, USAGE) == (
        f"opensnoop: --mntns {pid}: this user may not look at that process: "
        f"{how}"
    )


_LIMITED = 'ulimit "$0" "$1" && shift && exec "$@"'


def test_few_open_files(before: BpfObjects) -> None:
    """Whatever is the first to find none: importing, rings, maps, programs."""
    numbers = [5, 7, 8, 10, 14, 18, 25, 34]
    refused = 0
    for number in numbers:
        under = ("bash", "-c", _LIMITED, "-n", str(number))
        ended = run("-q", "--exec", "true", under=under)
        if ended.status == 0:
            continue
        sentence = _only_sentence(ended, CANNOT)
        assert f" {number} open files" in sentence
        assert "ulimit -n 1024" in sentence
        refused += 1
        assert_nothing_left(ended, before)
    assert refused > len(numbers) // 2


@pytest.mark.parametrize("limit, low", [("n", "16"), ("l", "64")])
def test_limits_are_raised_but_not_for_the_command(
    limit: str, low: str
) -> None:
    under = ("bash", "-c", _LIMITED, f"-S{limit}", low)
    ended = run(
        "-q", "--exec", "sh", "-c", f"ulimit -{limit} >&2", under=under
    )
    assert ended.status == 0
    assert ended.messages == f"{low}\n"


def _folder_of_bcc() -> Path:
    """Where the system's Python has it: dist-packages or site-packages."""
    find = "import bcc, os; print(os.path.dirname(bcc.__path__[0]))"
    done = subprocess.run(
        ["/usr/bin/python3", "-c", find], check=True, capture_output=True
    )
    return Path(os.fsdecode(done.stdout.strip()))


def test_without_bcc(before: BpfObjects) -> None:
    """In a mount namespace where its folder is empty."""
    hide = 'mount -t tmpfs none "$0" && exec "$@"'
    under = ("unshare", "-m", "sh", "-c", hide, _folder_of_bcc())
    sentence = _only_sentence(run(under=under), CANNOT)
    assert "BCC" in sentence
    assert "python3-bpfcc" in sentence


def test_without_the_native_library(checkout_copy: Path) -> None:
    (checkout_copy / "opensnooplib/native/libopensnoop.so").unlink()
    sentence = _only_sentence(run(checkout=checkout_copy), CANNOT)
    assert "libopensnoop.so" in sentence
    assert "make" in sentence


def _append(file: Path, text: str) -> int:
    """Returns the number of the new line."""
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines + [text]) + "\n")
    return len(lines) + 1


@pytest.mark.parametrize(
    "name",
    ["event.h", "record.h", "select.h", "plans/syscall.h", "opensnoop.c"],
)
def test_c_that_does_not_compile(
    before: BpfObjects, checkout_copy: Path, name: str
) -> None:
    """The compiler's message names the file and the line that were edited."""
    mistake = "static int broken(void) { return no_such_variable; }"
    line = _append(checkout_copy / "bpf_src" / name, mistake)
    ended = run("--attach", "syscall", checkout=checkout_copy)
    _sentence(ended, CANNOT)
    assert f"bpf_src/{name}:{line}:" in ended.messages
    assert "no_such_variable" in ended.messages
    assert_nothing_left(ended, before)


def test_c_that_the_verifier_refuses(
    before: BpfObjects, checkout_copy: Path
) -> None:
    endless = """
TRACEPOINT_PROBE(syscalls, sys_enter_close)
{
	char *anywhere = (char *)args->fd;

	asm volatile("%0 = *(u8 *)(%0 + 0)" : "+r"(anywhere));
	return (long)anywhere;
}
"""
    _append(checkout_copy / "bpf_src" / "opensnoop.c", endless)
    ended = run(checkout=checkout_copy)
    assert "sys_enter_close" in _sentence(ended, CANNOT)
    assert_nothing_left(ended, before)


def test_c_with_a_file_that_is_missing(
    before: BpfObjects, checkout_copy: Path
) -> None:
    main = checkout_copy / "bpf_src" / "opensnoop.c"
    line = _append(main, '#include "missing.h"')
    sentence = _only_sentence(run(checkout=checkout_copy), CANNOT)
    assert f"bpf_src/opensnoop.c:{line}" in sentence
    assert "missing.h" in sentence
