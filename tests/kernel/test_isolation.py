# SPDX-License-Identifier: Apache-2.0
"""Nobody else's Python runs in the tool, which runs as root."""

from __future__ import annotations

import os
import pwd
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping

import pytest

from tests.kernel.tool import CHECKOUT

_PYTHON = "/usr/bin/python3"
_VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
_NOBODY = pwd.getpwnam("nobody")
# Modules of Python's own, of BCC, and those that Python looks for by itself.
_SHADOWED = ["json", "ctypes", "typing", "signal", "grp", "bcc"]
_AT_START = ["sitecustomize", "usercustomize"]
_TRACE = ["-q", "-d", "0.1", "-p", str(os.getpid())]


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that is there once any of the modules of _poison() has run."""
    return tmp_path / "somebody else's code has run"


def _poison(folder: Path, marker: Path, modules: List[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for module in modules:
        code = f"open({str(marker)!r}, 'a').write({module + chr(10)!r})\n"
        path = folder / f"{module}.py"
        path.unlink(missing_ok=True)  # it may link to a file of the host's
        path.write_text(code)
    return folder


def _user_site(base: Path, marker: Path) -> None:
    folder = base / "lib" / _VERSION / "site-packages"
    _poison(folder, marker, _AT_START + _SHADOWED)
    (folder / "some.pth").write_text("import usercustomize\n")


def _python_home(base: Path, marker: Path) -> None:
    """A whole Python, as a copy."""
    library = base / "lib" / _VERSION
    shutil.copytree(os.path.dirname(os.__file__), library)
    _poison(library, marker, [*_AT_START, *_SHADOWED])


def _attack(kind: str, folder: Path, marker: Path) -> Dict[str, str]:
    """Set the trap; returns the variables that lead into it."""
    if kind == "PYTHONPATH":
        _poison(folder, marker, _AT_START + _SHADOWED)
    elif kind == "PYTHONUSERBASE":
        _user_site(folder, marker)
    elif kind == "HOME":
        _user_site(folder / ".local", marker)
    elif kind == "PYTHONHOME":
        _python_home(folder, marker)
    elif kind == "PYTHONSTARTUP":
        _poison(folder, marker, ["startup"])
        return {kind: str(folder / "startup.py"), "PYTHONINSPECT": "1"}
    return {kind: str(folder)}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command that make install makes."""
    folder = tmp_path_factory.mktemp("installed")
    where = ["PREFIX=/usr", f"DESTDIR={folder}"]
    subprocess.run(
        ["make", "-s", "-C", CHECKOUT, "install", *where], check=True
    )
    return folder / "usr" / "bin" / "opensnoop"


def _words(way: str, installed: Path, words: List[str]) -> List[str]:
    program = str(CHECKOUT / "opensnoop.py")
    if way == "make run":
        arguments = f"ARGS={' '.join(words)}"
        return ["make", "-s", "-C", str(CHECKOUT), "run", arguments]
    return [
        *{"checkout": [program], "installed": [str(installed)]}[way],
        *words,
    ]


def _run(
    words: List[str], variables: Mapping[str, str] = {}, cwd: Path = CHECKOUT
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        env={**os.environ, **variables},
        cwd=cwd,
        stdin=subprocess.PIPE,  # empty: PYTHONINSPECT would read from it
        capture_output=True,
        text=True,
        timeout=120,
    )


_ATTACKS = ["PYTHONPATH", "PYTHONUSERBASE", "HOME", "PYTHONHOME"]


@pytest.mark.parametrize("way", ["checkout", "installed", "make run"])
@pytest.mark.parametrize("kind", [*_ATTACKS, "PYTHONSTARTUP"])
def test_what_variables_name_is_not_run(
    kind: str, way: str, installed: Path, tmp_path: Path, marker: Path
) -> None:
    variables = _attack(kind, tmp_path / "trap", marker)
    done = _run(_words(way, installed, _TRACE), variables)
    assert not marker.exists(), marker.read_text()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("kind", _ATTACKS[:3])
def test_the_trap_works(kind: str, tmp_path: Path, marker: Path) -> None:
    """On a Python that isn't isolated."""
    variables = _attack(kind, tmp_path / "trap", marker)
    _run([_PYTHON, "-c", "import bcc"], variables)
    assert "customize" in marker.read_text()


@pytest.mark.parametrize("way", ["checkout", "installed"])
def test_the_working_directory_is_not_run(
    way: str, installed: Path, tmp_path: Path, marker: Path
) -> None:
    folder = _poison(tmp_path / "trap", marker, _AT_START + _SHADOWED)
    words = _words(way, installed, _TRACE)
    for value in ("", "."):
        done = _run(words, {"PYTHONPATH": value}, cwd=folder)
        assert done.returncode == 0, done.stderr
    assert not marker.exists(), marker.read_text()


def test_modules_beside_the_tool_do_not_shadow_pythons(
    checkout_copy: Path, marker: Path
) -> None:
    """Whose folder is the working directory of make run."""
    _poison(checkout_copy, marker, [*_AT_START, "json", "ctypes", "signal"])
    assert _run(["./opensnoop.py", *_TRACE], cwd=checkout_copy).returncode == 0
    assert not marker.exists(), marker.read_text()


def test_named_by_hand_python_begins_again(
    tmp_path: Path, marker: Path
) -> None:
    """Only what Python runs before the tool is beyond the tool's reach."""
    folder = _poison(tmp_path / "trap", marker, _SHADOWED)
    words = [_PYTHON, "opensnoop.py", *_TRACE]
    done = _run(words, {"PYTHONPATH": str(folder)})
    assert done.returncode == 0, done.stderr
    assert not marker.exists(), marker.read_text()


@pytest.mark.parametrize(
    "start", [["./opensnoop.py"], [_PYTHON, "opensnoop.py"]]
)
def test_the_command_of_exec_gets_all_variables(
    start: List[str], tmp_path: Path
) -> None:
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": "/some/folder",
        "PYTHONUSERBASE": "/another",
        "HOME": "/home/somebody",
    }
    words = ["-q", "--exec", "env", "-0"]
    done = subprocess.run(
        [*start, "-o", str(tmp_path / "rows"), *words],
        env=given,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    got = dict(pair.split("=", 1) for pair in done.stdout.split("\0") if pair)
    assert got == given, done.stderr


@pytest.fixture
def tool(readable_checkout: Path) -> Path:
    """A copy of root's in folders that nobody else can write to."""
    os.chmod(readable_checkout, 0o755)
    return readable_checkout


def _columns(tool: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    words = [str(tool / "opensnoop.py"), "--columns", "help"]
    return _run(words, {"PYTHONDONTWRITEBYTECODE": "", **variables})


def _assert_refuses(tool: Path, culprit: Path, remedy: str) -> None:
    done = _columns(tool)
    assert done.returncode == 1
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert f" {culprit}" in sentence
    assert remedy in sentence


def _assert_runs(tool: Path, **variables: str) -> None:
    done = _columns(tool, **variables)
    assert (done.returncode, done.stderr) == (0, "")


_INSIDE = [
    ".",
    "opensnooplib",
    "opensnooplib/__pycache__",
    "opensnooplib/native",
    "opensnooplib/cli",
    "opensnooplib/cli/__pycache__",
]


@pytest.mark.parametrize("name", _INSIDE)
def test_a_folder_that_others_can_write_to(tool: Path, name: str) -> None:
    _assert_runs(tool)
    folder = tool / name
    folder.chmod(0o777)
    _assert_refuses(tool, folder, "chmod go-w")
    folder.chmod(0o1777)  # others can still add to it
    if name in (".", "opensnooplib"):
        folder.chmod(0o755)
        return
    _assert_refuses(tool, folder, "chmod go-w")


@pytest.mark.parametrize("name", _INSIDE)
def test_a_folder_of_somebody_elses(tool: Path, name: str) -> None:
    _assert_runs(tool)
    os.chown(tool / name, _NOBODY.pw_uid, -1)
    _assert_refuses(tool, tool / name, "chown")


def test_planted_byte_code_is_not_run(tool: Path, marker: Path) -> None:
    """As by a user who may write to that folder only."""
    _assert_runs(tool)
    folder = tool / "opensnooplib" / "__pycache__"
    folder.chmod(0o777)
    trap = _poison(marker.parent / "trap", marker, ["trap"]) / "trap.py"
    compile_as = (
        "import py_compile as p, sys; p.compile(*sys.argv[1:], doraise=True, "
        "invalidation_mode=p.PycInvalidationMode.UNCHECKED_HASH)"
    )
    for planted in list(folder.iterdir()):
        words = [_PYTHON, "-c", compile_as, str(trap), str(planted)]
        subprocess.run(words, check=True)
    _columns(tool)
    assert not marker.exists()


def test_a_folder_above(tool: Path) -> None:
    above = tool.parent
    above.chmod(0o777)
    _assert_refuses(tool, above, "chmod go-w")
    above.chmod(0o1777)  # as /tmp: what is there can't be replaced
    _assert_runs(tool)


def test_a_folder_above_is_that_of_sudos_user(tool: Path) -> None:
    os.chown(tool.parent, _NOBODY.pw_uid, -1)
    _assert_refuses(tool, tool.parent, "chown")
    _assert_runs(tool, SUDO_UID=str(_NOBODY.pw_uid))


def _all_in(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.rglob("*")


def test_a_checkout_of_a_users(tool: Path) -> None:
    """Root may run it, and leaves no byte code there."""
    for path in _all_in(tool):
        os.chown(path, _NOBODY.pw_uid, -1)
    _assert_runs(tool)
    assert not list(tool.rglob("__pycache__"))


def test_root_keeps_byte_code_of_its_own(tool: Path) -> None:
    _assert_runs(tool, PYTHONDONTWRITEBYTECODE="1")
    assert not list(tool.rglob("__pycache__"))
    _assert_runs(tool)
    assert list(tool.rglob("__pycache__"))


def _to_group(number: int, acl: bytes = b"") -> Callable[[Path], None]:
    def give(tool: Path) -> None:
        os.chown(tool, -1, number)
        tool.chmod(0o2775)
        if acl:
            os.setxattr(tool, "system.posix_acl_access", acl)

    return give


def _acl_for(uid: int) -> bytes:
    """rwx for its owner and this user, r-x for all others: see acl(5)."""
    entries = [(1, 7, -1), (2, 7, uid), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
    packed = (struct.pack("<HHi", *entry) for entry in entries)
    return struct.pack("<I", 2) + b"".join(packed)


def test_a_group_with_nobody_else_in_it(tool: Path) -> None:
    """Debian's staff, and a user's own group with umask 002."""
    _to_group(0)(tool)
    _assert_runs(tool)
    _to_group(54321)(tool)  # nobody's
    _assert_runs(tool)


def test_a_group_with_others_in_it(tool: Path) -> None:
    _to_group(_NOBODY.pw_gid)(tool)
    _assert_refuses(tool, tool, "chmod go-w")


def test_an_access_control_list(tool: Path) -> None:
    try:
        _to_group(0, _acl_for(_NOBODY.pw_uid))(tool)
    except OSError:
        pytest.skip("this file system has no access control lists")
    _assert_refuses(tool, tool, "chmod go-w")


def _with_own_packages(marker: Path, script: str) -> List[str]:
    """In a mount namespace where BCC's folder is a copy with a trap in it."""
    find = "import bcc; print(bcc.__path__[0])"
    bcc = Path(
        subprocess.run(
            [_PYTHON, "-c", find], check=True, capture_output=True, text=True
        ).stdout.strip()
    )
    packages = marker.parent / "packages"
    shutil.copytree(bcc, packages / "bcc")
    with open(packages / "bcc" / "__init__.py", "a") as file:
        file.write(f"open({str(marker)!r}, 'a')\n")
    mount = f'mount --bind "$0" {bcc.parent}; {script}; exec "$@"'
    under = ["unshare", "--mount", "sh", "-ec", mount, str(packages)]
    return [*under, str(CHECKOUT / "opensnoop.py"), *_TRACE]


def test_packages_that_others_can_write_to(
    tmp_path: Path, marker: Path
) -> None:
    """BCC's own folder, or the one that all packages are in."""
    for folder in ("$0/bcc", "$0"):
        shutil.rmtree(tmp_path / "packages", ignore_errors=True)
        words = _with_own_packages(marker, f'chmod 777 "{folder}"')
        done = _run(words)
        assert not marker.exists()
        assert done.returncode == 1
        (sentence,) = done.stderr.splitlines()
        assert "others can write to /" in sentence
    shutil.rmtree(tmp_path / "packages")
    assert _run(_with_own_packages(marker, "true")).returncode == 0
    assert marker.exists(), "the trap works"
