# SPDX-License-Identifier: Apache-2.0
"""Each filter alone, and twenty random combinations, beside strace.

strace sees all that the processes open; of what it says, a predicate in
Python takes what the filters should. A test's name ends with the seed that it
was drawn by: OPENSNOOP_SEED=SEED draws the same again, and others.
"""

from __future__ import annotations

import errno
import os
import random
import subprocess
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional

import pytest

from tests.kernel import chosen, strace
from tests.kernel.cast import NOBODY, Cast, a_cast
from tests.kernel.cgroup_folders import a_group, mount_hierarchy, move_into
from tests.kernel.openers import OpenLoad
from tests.kernel.tool import Row, Tool, wait_until

_SEED = int(os.environ.get("OPENSNOOP_SEED", "1"))

# A shell, its children, and those of a subshell: all that open are cats.
_FAMILY = """
echo ready
while read -r _; do :; done
cat /etc/hostname /no/such/file
(cat /etc/passwd; cat /dev/null; :)
"""


class Role(NamedTuple):
    """Who opens; a family is a process with all its descendants."""

    name: str
    pid: int
    uid: int
    comm: bytes
    is_family: bool = False
    in_cgroup: bool = False


class Seen(NamedTuple):
    """One open, as strace tells it."""

    role: Role
    tid: int
    open: strace.Open


class Filter(NamedTuple):
    options: List[str]
    takes: Callable[[Seen], bool]


class Draw:
    """Filters that all take one open, the target."""

    def __init__(self, rng: random.Random, roles: List[Role], target: Seen):
        self.rng = rng
        self._roles = roles
        # Of the same role, in this run.
        self._role = next(r for r in roles if r.name == target.role.name)
        self._open = target.open

    def _with_some(self, one: Role) -> List[Role]:
        others = [role for role in self._roles if role != one]
        return [one, *self.rng.sample(others, self.rng.randrange(3))]

    def pid(self) -> Optional[Filter]:
        roles = self._with_some(self._role)
        pids = [role.pid for role in roles]
        if self._role.is_family:
            return None
        return Filter(
            ["-p", ",".join(map(str, pids))], lambda seen: seen.tid in pids
        )

    def children(self) -> Optional[Filter]:
        roles = self._with_some(self._role)
        pids = ",".join(str(role.pid) for role in roles)
        return Filter(
            ["--children", "-p", pids], lambda seen: seen.role in roles
        )

    def tid(self) -> Optional[Filter]:
        if self._role.is_family:
            return None
        tid = self._role.pid
        return Filter(["-t", str(tid)], lambda seen: seen.tid == tid)

    def uid(self) -> Optional[Filter]:
        uids = [role.uid for role in self._with_some(self._role)]
        words = ["nobody" if uid == NOBODY else str(uid) for uid in uids]
        return Filter(
            ["-u", ",".join(words)], lambda seen: seen.role.uid in uids
        )

    def comm(self) -> Optional[Filter]:
        comm = self._role.comm
        first = self.rng.randrange(len(comm))
        part = comm[first : self.rng.randint(first + 1, len(comm))]
        return Filter(
            [f"--name={part.decode()}"], lambda seen: part in seen.role.comm
        )

    def _others(self) -> List[Role]:
        others = [role for role in self._roles if role != self._role]
        return self.rng.sample(others, self.rng.randint(1, 2))

    def not_pid(self) -> Optional[Filter]:
        pids = [role.pid for role in self._others()]
        options = [word for pid in pids for word in ("-p", f"!{pid}")]
        return Filter(options, lambda seen: seen.tid not in pids)

    def not_uid(self) -> Optional[Filter]:
        uids = {role.uid for role in self._others()} - {self._role.uid}
        if not uids:
            return None
        words = ",".join(f"!{uid}" for uid in uids)
        return Filter(["-u", words], lambda seen: seen.role.uid not in uids)

    def not_comm(self) -> Optional[Filter]:
        parts = [role.comm[:3] for role in self._others()]
        parts = [part for part in parts if part not in self._role.comm]
        if not parts:
            return None
        return Filter(
            [word for part in parts for word in ("-n", f"!{part.decode()}")],
            lambda seen: not any(part in seen.role.comm for part in parts),
        )

    def not_error(self) -> Optional[Filter]:
        errors = {errno.ENOENT, errno.EISDIR} - {-self._open.ret}
        words = ",".join(f"!{errno.errorcode[error]}" for error in errors)
        return Filter(
            ["--errno", words], lambda seen: -seen.open.ret not in errors
        )

    def not_flag(self) -> Optional[Filter]:
        others = [f for f, takes in _FLAGS.items() if not takes(self._open)]
        flag = self.rng.choice(others)
        return Filter(
            ["-f", f"!{flag}"], lambda seen: not _FLAGS[flag](seen.open)
        )

    def failed(self) -> Optional[Filter]:
        if self._open.ret >= 0:
            return None
        return Filter(["-x"], lambda seen: seen.open.ret < 0)

    def errors(self) -> Optional[Filter]:
        if self._open.ret >= 0:
            return None
        errors = [-self._open.ret]
        errors += self.rng.sample(sorted(errno.errorcode), 2)
        words = [
            errno.errorcode[e] if self.rng.random() < 0.5 else str(e)
            for e in errors
        ]
        return Filter(
            ["--errno", ",".join(words)],
            lambda seen: -seen.open.ret in errors,
        )

    def flags(self) -> Optional[Filter]:
        fitting = [f for f, takes in _FLAGS.items() if takes(self._open)]
        chosen = [self.rng.choice(fitting)]
        chosen += self.rng.sample(sorted(_FLAGS), self.rng.randrange(2))
        options = [word for flag in chosen for word in ("-f", flag)]
        return Filter(
            options,
            lambda seen: any(_FLAGS[flag](seen.open) for flag in chosen),
        )

    def path(self) -> Optional[Filter]:
        path = os.fsdecode(self._open.path or b"")
        wanted = [self._pattern(path), "/no/such/*"]
        unwanted = [
            p
            for p in ("*/new", "/etc/p*", "*[xy]*")
            if not fnmatchcase(path, p)
        ]
        unwanted = self.rng.sample(unwanted, self.rng.randint(0, 2))
        patterns = [*wanted, *(f"!{pattern}" for pattern in unwanted)]
        self.rng.shuffle(patterns)

        def takes(seen: Seen) -> bool:
            name = os.fsdecode(seen.open.path or b"")
            return any(fnmatchcase(name, p) for p in wanted) and not any(
                fnmatchcase(name, p) for p in unwanted
            )

        return Filter(
            [word for p in patterns for word in ("--path", p)], takes
        )

    def _pattern(self, path: str) -> str:
        first = self.rng.randrange(len(path))
        last = self.rng.randint(first, len(path))
        return self.rng.choice(
            [
                path,
                path[:last] + "*",
                "*" + path[first:],
                f"*{path[first:last]}*",
                f"{path[:first]}*{path[last:]}",
                f"{path[:first]}?{path[first + 1:]}",
            ]
        )

    def cgroup(self) -> Optional[Filter]:
        if not self._role.in_cgroup:
            return None
        return Filter(["--cgroup", "GROUP"], lambda seen: seen.role.in_cgroup)


_FLAGS: Dict[str, Callable[[strace.Open], bool]] = {
    "O_RDONLY": lambda one: one.flags & os.O_ACCMODE == os.O_RDONLY,
    "O_WRONLY": lambda one: one.flags & os.O_WRONLY != 0,
    "O_RDWR": lambda one: one.flags & os.O_RDWR != 0,
    "O_APPEND": lambda one: one.flags & os.O_APPEND != 0,
    "O_CREAT": lambda one: one.flags & os.O_CREAT != 0,
    "O_CLOEXEC": lambda one: one.flags & os.O_CLOEXEC != 0,
    "write": lambda one: one.flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC)
    != 0,
    "create": lambda one: one.mode is not None,
}

_FILTERS = {
    "pid": Draw.pid,
    "children": Draw.children,
    "tid": Draw.tid,
    "uid": Draw.uid,
    "comm": Draw.comm,
    "failed": Draw.failed,
    "errors": Draw.errors,
    "flags": Draw.flags,
    "path": Draw.path,
    "cgroup": Draw.cgroup,
    "not pid": Draw.not_pid,
    "not uid": Draw.not_uid,
    "not comm": Draw.not_comm,
    "not error": Draw.not_error,
    "not flag": Draw.not_flag,
}
# Which processes or threads: one of these at most.
_WHO = {"pid", "children", "tid", "not pid"}


class Stage:
    """Those who open, held back; strace sees them."""

    def __init__(self, cast: Cast, family: OpenLoad, log: Path) -> None:
        self._cast = cast
        self._family = family
        self._log = log
        openers = (cast.first, cast.second, cast.other_user, cast.no_name)
        self.roles = [
            Role(
                opener.comm.decode(),
                opener.pid,
                opener.uid,
                opener.comm[:15],
                in_cgroup=opener in (cast.second, cast.other_user),
            )
            for opener in openers
        ]
        self.roles.append(Role("family", family.pid, 0, b"cat", True, True))
        pids = [word for r in self.roles for word in ("-p", str(r.pid))]
        self._strace = subprocess.Popen(
            [*strace.command(log), *pids], stderr=subprocess.DEVNULL
        )
        wait_until(lambda: all(_is_traced(r.pid) for r in self.roles))

    def run(self) -> None:
        for opener in self._cast.everyone:
            opener.run()
        self._family.run()

    def seen(self) -> List[Seen]:
        """All opens, when all who opened have ended."""
        assert self._strace.wait() == 0
        by_pid = {role.pid: role for role in self.roles}
        return [
            Seen(by_pid.get(tid, self.roles[-1]), tid, one)
            for tid, opens in strace.parse(self._log.read_text()).items()
            for one in opens
        ]


def _is_traced(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    return "TracerPid:\t0\n" not in status


class Theatre(NamedTuple):
    folder: Path  # where files are opened
    group: Path  # a cgroup


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    folder = tmp_path_factory.mktemp("theatre")
    mounts: List[Path] = []
    mount_hierarchy(2, folder / "cgroup2", mounts)
    (folder / "files").mkdir()
    with a_group(folder / "cgroup2") as group:
        yield Theatre(folder / "files", group)
    subprocess.run(["umount", *mounts], check=True)


@contextmanager
def _stage(theatre: Theatre, log: Path) -> Iterator[Stage]:
    with a_cast(theatre.folder) as cast:
        with OpenLoad("sh", "-c", _FAMILY) as family:
            stage = Stage(cast, family, log)
            for role in stage.roles:
                if role.in_cgroup:
                    move_into(theatre.group, role.pid)
            yield stage


@pytest.fixture(scope="module")
def targets(
    theatre: Theatre, tmp_path_factory: pytest.TempPathFactory
) -> List[Seen]:
    """What will be opened, from a rehearsal."""
    with _stage(theatre, tmp_path_factory.mktemp("log") / "log") as stage:
        stage.run()
    return stage.seen()


def _as_open(row: Row) -> strace.Open:
    return strace.Open(row.path, row.ret, row.flags, row.mode)


def _by_thread(seen: List[Seen]) -> strace.Opens:
    opens: strace.Opens = {}
    for one in seen:
        opens.setdefault(one.tid, []).append(one.open)
    return opens


def _check(
    theatre: Theatre, log: Path, draw: Callable[[Stage], List[Filter]]
) -> None:
    with _stage(theatre, log) as stage:
        filters = draw(stage)
        options = [word for one in filters for word in one.options]
        options = [str(theatre.group) if w == "GROUP" else w for w in options]
        with Tool("--format", "json", *options) as tool:
            stage.run()
            ended = tool.stop()
    seen = stage.seen()
    told = f"OPENSNOOP_SEED={_SEED}: {' '.join(options)}"
    expected = [one for one in seen if all(f.takes(one) for f in filters)]
    assert expected, f"{told}: a test that expects no row could not fail"
    threads = {one.tid for one in seen}
    rows = [row for row in ended.rows if row.tid in threads]
    shown = [Seen(stage.roles[0], row.tid, _as_open(row)) for row in rows]
    assert _by_thread(shown) == _by_thread(expected), told
    assert ended.end.lost == ended.end.missed == 0


def _some_filters(draw: Draw) -> List[Filter]:
    names = draw.rng.sample(sorted(_FILTERS), draw.rng.randint(2, 6))
    who = [name for name in names if name in _WHO]
    names = [name for name in names if name not in who[1:]]
    drawn = [_FILTERS[name](draw) for name in names]
    return [one for one in drawn if one]


@pytest.mark.parametrize("number", chosen.first(6, range(20)))
def test_a_random_combination(
    theatre: Theatre, targets: List[Seen], tmp_path: Path, number: int
) -> None:
    rng = random.Random(f"{_SEED} {number}")

    def draw(stage: Stage) -> List[Filter]:
        filters: List[Filter] = []
        while len(filters) < 2:
            target = rng.choice(targets)
            filters = _some_filters(Draw(rng, stage.roles, target))
        return filters

    _check(theatre, tmp_path / "log", draw)


@pytest.mark.parametrize("name", _FILTERS)
def test_one_alone(
    theatre: Theatre, targets: List[Seen], tmp_path: Path, name: str
) -> None:
    rng = random.Random(f"{_SEED} {name}")

    def draw(stage: Stage) -> List[Filter]:
        drawn: Optional[Filter] = None
        while not drawn:
            target = rng.choice(targets)
            drawn = _FILTERS[name](Draw(rng, stage.roles, target))
        return [drawn]

    _check(theatre, tmp_path / "log", draw)
