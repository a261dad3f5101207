# SPDX-License-Identifier: Apache-2.0
"""The command line: every option, and every refusal."""

from __future__ import annotations

import errno
import math
import os
import pwd
import re
import subprocess
import sys
import threading
from typing import Any, Dict, Iterator, List, Tuple

import pytest

from opensnooplib import __version__
from opensnooplib.base.errors import UsageError
from opensnooplib.base.globs import STAR, Glob, globs
from opensnooplib.cli import arguments, option_list
from opensnooplib.cli.option_list import HELP
from opensnooplib.options import Chosen, Keep
from opensnooplib.plan_list import PLANS
from tests.unit.native import CHECKOUT

DEFAULTS: Dict[str, Any] = {
    "pids": Chosen(),
    "tid": None,
    "uids": Chosen(),
    "comms": Chosen(),
    "failed": False,
    "errnos": Chosen(),
    "slower_ns": 0,
    "flags": Chosen(),
    "globs": (),
    "by_root": False,
    "cgroups": Chosen(),
    "units": Chosen(),
    "containers": Chosen(),
    "mount_namespaces": Chosen(),
    "cgroup_map": None,
    "mntns_map": None,
    "command": (),
    "exec_user": None,
    "follow": False,
    "follow_children": False,
    "all": False,
    "own": False,
    "timestamp": False,
    "print_uid": False,
    "extended_fields": False,
    "names": (),
    "beside": (),
    "macros": (),
    "latency": False,
    "trusted": False,
    "full_path": False,
    "real_path": False,
    "path_view": "process",
    "time": None,
    "format": "table",
    "color": False,
    "color_mistakes": False,
    "nul": False,
    "unbuffered": False,
    "output_file": None,
    "row_limit": 0,
    "duration": None,
    "until": None,
    "quiet": False,
    "summary": False,
    "interval": None,
    "top": False,
    "by": (),
    "table_rows": 10,
    "once": False,
    "hanging": None,
    "record": None,
    "keep": None,
    "replay": None,
    "buffer_pages": None,
    "no_drop": False,
    "plan": "auto",
    "source": None,
    "btf": None,
    "live": False,
    "verifier_log": False,
    "disasm": False,
    "maps": False,
    "settings": (),
    "verbose": False,
    "ebpf": False,
    "doctor": False,
    "lesson": None,
    "check": None,
    "hint": False,
    "solution": False,
    "reset": False,
    "progress": (),
}

# A process that is there. Names of tests must not depend on who collects them.
PARENT = os.getppid()

ACCEPTED: List[Tuple[List[str], Dict[str, Any]]] = [
    ([], {}),
    (["-p", f"{PARENT}"], {"pids": Chosen([PARENT])}),
    (["-p", f"{PARENT},1,{PARENT}"], {"pids": Chosen([PARENT, 1])}),
    (["--pid", "1"], {"pids": Chosen([1])}),
    (["--pid=1"], {"pids": Chosen([1])}),
    (["-t", f"{PARENT}"], {"tid": PARENT}),
    (["--tid", "1"], {"tid": 1}),
    (["-u", "0"], {"uids": Chosen([0])}),
    (["-u", "root"], {"uids": Chosen([0])}),
    (["-u", "3999999999"], {"uids": Chosen([3999999999])}),  # without a name
    (["--uid", "nobody,0,65534,root"], {"uids": Chosen([65534, 0])}),
    (
        ["-p", "1", "--children"],
        {"pids": Chosen([1]), "follow_children": True},
    ),
    (["--all"], {"all": True}),
    (["-n", "main"], {"comms": Chosen([b"main"])}),
    (["--name", "x" * 15], {"comms": Chosen([b"x" * 15])}),
    (["-n", os.fsdecode(b"\xff")], {"comms": Chosen([b"\xff"])}),
    (["-x"], {"failed": True}),
    (["--failed"], {"failed": True}),
    (["-n", "a", "-n", "!b"], {"comms": Chosen([b"a"], [b"b"])}),
    (["-p", "!1,1", "--pid", f"{PARENT}"], {"pids": Chosen([1, PARENT], [1])}),
    (["-u", "!root", "-u", "!0,1"], {"uids": Chosen([1], [0])}),
    (["--errno", "!ENOENT"], {"errnos": Chosen([], [errno.ENOENT])}),
    (["-f", "!create,write"], {"flags": Chosen(["write"], ["create"])}),
    (["--errno", "ENOENT"], {"errnos": Chosen([errno.ENOENT])}),
    (
        ["--errno", "EAGAIN,2,EWOULDBLOCK,ERESTARTSYS,4095"],
        {"errnos": Chosen([errno.EAGAIN, 2, 512, 4095])},
    ),
    (["-f", "O_RDONLY"], {"flags": Chosen(["O_RDONLY"])}),
    (
        ["-f", "O_WRONLY", "--flag_filter", "O_RDWR"],
        {"flags": Chosen(["O_WRONLY", "O_RDWR"])},
    ),
    (
        ["-f", "write,O_APPEND", "-f", "create", "-f", "O_APPEND"],
        {"flags": Chosen(["write", "O_APPEND", "create"])},
    ),
    (
        ["--path", "a*", "--path", "!b"],
        {"globs": (Glob(False, (b"a", STAR)), Glob(True, (b"b",)))},
    ),
    (["--unit", "nginx"], {"units": Chosen([b"nginx.service"])}),
    (
        ["--unit", "a.scope,b,a.scope"],
        {"units": Chosen([b"a.scope", b"b.service"])},
    ),
    (["--unit", "a, b"], {"units": Chosen([b"a.service", b"b.service"])}),
    (["--unit", "vpn@a.conf"], {"units": Chosen([b"vpn@a.conf.service"])}),
    (["--cgroupmap", "/a"], {"cgroup_map": "/a"}),
    (["--mntnsmap", "/a"], {"mntns_map": "/a"}),
    (["-T"], {"timestamp": True}),
    (["--timestamp"], {"timestamp": True}),
    (["-U"], {"print_uid": True}),
    (["--print-uid"], {"print_uid": True}),
    (["-e"], {"extended_fields": True}),
    (["--extended_fields"], {"extended_fields": True}),
    (
        ["-TUex"],
        {
            "timestamp": True,
            "print_uid": True,
            "extended_fields": True,
            "failed": True,
        },
    ),
    (["--format", "table"], {}),
    (["--format", "json"], {"format": "json"}),
    (["--format", "csv"], {"format": "csv"}),
    (["--color", "always"], {"color": True, "color_mistakes": True}),
    (["--color", "never"], {}),
    (["--unbuffered"], {"unbuffered": True}),
    (["--time", "wall"], {"time": "wall"}),
    (["--ppid"], {"beside": ("ppid",), "macros": ("WANT_PPID",)}),
    (
        ["-L"],
        {
            "beside": ("latency",),
            "macros": ("WANT_LATENCY",),
            "latency": True,
        },
    ),
    (
        ["--columns", "latency,path"],
        {
            "names": ("latency", "path"),
            "macros": ("WANT_LATENCY",),
            "latency": True,
        },
    ),
    (
        ["--latency", "--summary"],
        {
            "summary": True,
            "latency": True,
            "beside": ("latency",),
            "macros": ("WANT_LATENCY",),
        },
    ),
    (
        ["--slower", "10"],
        {
            "slower_ns": 10_000_000,
            "macros": ("WANT_LATENCY",),
            "latency": True,
        },
    ),
    (
        ["--slower", "1.5s"],
        {
            "slower_ns": 1_500_000_000,
            "macros": ("WANT_LATENCY",),
            "latency": True,
        },
    ),
    (
        ["--slower", "0.000001", "--columns", "path"],
        {
            "slower_ns": 1,
            "names": ("path",),
            "macros": ("WANT_LATENCY",),
            "latency": True,
        },
    ),
    (["--trusted"], {"trusted": True}),
    (["-F"], {"full_path": True}),
    (
        ["--path", "/a"],
        {"by_root": True, "globs": globs(["/a"]), "full_path": True},
    ),
    (["--path", "*/a"], {"globs": globs(["*/a"])}),
    (
        ["--path", "!/a", "--path", "b"],
        {"by_root": True, "globs": globs(["!/a", "b"]), "full_path": True},
    ),
    (
        ["--path", "/a", "--trusted"],
        {"by_root": True, "globs": globs(["/a"]), "trusted": True},
    ),
    (
        ["--path", "/a", "--source", __file__],
        {"by_root": True, "globs": globs(["/a"]), "source": __file__},
    ),
    (
        ["--path", "/a", "--replay", "f"],
        {"by_root": True, "globs": globs(["/a"]), "replay": "f"},
    ),
    (["--full-path"], {"full_path": True}),
    (["-R"], {"full_path": True, "real_path": True}),
    (
        ["--real-path", "--path-view", "host"],
        {"full_path": True, "real_path": True, "path_view": "host"},
    ),
    (["--columns", "pid,path"], {"names": ("pid", "path")}),
    (["--columns", "PID, Path"], {"names": ("pid", "path")}),
    (
        ["--columns", "user,ppid,cgroup,container"],
        {
            "names": ("user", "ppid", "cgroup", "container"),
            "macros": ("WANT_PPID", "WANT_CGROUP_ID"),
        },
    ),
    (
        ["--columns", "ts", "-t", str(PARENT)],
        {"names": ("ts",), "tid": PARENT},
    ),
    (["-o", "rows"], {"output_file": "rows"}),
    (["--count", "7"], {"row_limit": 7}),
    (["-d", "10"], {"duration": 10.0}),
    (["-d", "5s"], {"duration": 5.0}),
    (["-d", ".5m"], {"duration": 30.0}),
    (["-d", "1h"], {"duration": 3600.0}),
    (["--duration", "0.5"], {"duration": 0.5}),
    (["-d", "500ms"], {"duration": 0.5}),
    (["-q"], {"quiet": True}),
    (["--quiet"], {"quiet": True}),
    (["--summary"], {"summary": True}),
    (
        ["--source", "x", "--set", "a[1]=2", "--set", "-"],
        {"source": "x", "settings": ("a[1]=2", "-")},
    ),
    (
        ["--source", "x", "--maps", "--interval", "2"],
        {"source": "x", "maps": True, "interval": 2},
    ),
    (
        ["--summary", "--interval", "0.5", "--format", "json"],
        {"summary": True, "interval": 0.5, "format": "json"},
    ),
    (["--top"], {"summary": True, "top": True}),
    (["--once"], {"once": True}),
    (
        ["--hanging", "0.5"],
        {"hanging": 0.5, "macros": ("WANT_LATENCY",), "latency": True},
    ),
    (
        ["--summary", "--by", "user,DIRECTORY", "--rows", "3"],
        {"summary": True, "by": ("user", "directory"), "table_rows": 3},
    ),
    (["--record", "f"], {"record": "f"}),
    (
        ["--record", "f", "--keep", "5m"],
        {"record": "f", "keep": Keep(300, math.inf)},
    ),
    (
        ["--record", "f", "--keep", "64M"],
        {"record": "f", "keep": Keep(math.inf, 64 << 20)},
    ),
    (
        ["--record", "f", "--keep", "1.5M"],
        {"record": "f", "keep": Keep(math.inf, 3 << 19)},
    ),
    (
        ["-u", "root,0,!1"],
        {"uids": Chosen([0], [1])},
    ),
    (
        ["-n", "a,b", "-n", "!a"],
        {"comms": Chosen([b"a,b"], [b"a"])},
    ),
    (["--format", "folded"], {"format": "folded"}),
    (["--format", "paths", "-0"], {"format": "paths", "nul": True}),
    (["--replay", "-"], {"replay": "-"}),
    (
        ["--replay", "f", "-p", "4194305"],
        {"replay": "f", "pids": Chosen([4194305])},
    ),
    (["-b", "1"], {"buffer_pages": 1}),
    (["--no-drop"], {"no_drop": True}),
    (["--btf", "f"], {"btf": "f"}),
    (["--buffer-pages", "1024"], {"buffer_pages": 1024}),
    (["--attach", "auto"], {}),
    (["--attach", "syscall"], {"plan": "syscall"}),
    (["--ebpf"], {"ebpf": True}),
    (["--doctor"], {"doctor": True}),
    (
        ["--doctor", "--all", "--format", "json"],
        {"doctor": True, "all": True, "format": "json"},
    ),
    (
        ["--columns", "time", "--time", "wall"],
        {"names": ("time",), "time": "wall"},
    ),
    (["-v"], {"verbose": True}),
    (["--verbose"], {"verbose": True}),
    (
        ["--exec", "ls", "-l"],
        {"command": ("ls", "-l"), "follow_children": True},
    ),
    (["--no-children", "--exec", "ls"], {"command": ("ls",)}),
    (
        ["--follow", "--exec-user", "0", "--exec", "ls"],
        {
            "command": ("ls",),
            "exec_user": pwd.getpwuid(0),
            "follow": True,
            "follow_children": True,
        },
    ),
    (
        ["--children", "--exec", "ls"],
        {"command": ("ls",), "follow_children": True},
    ),
    (
        ["-x", "--exec", "ls", "-x", "--count", "1", "--exec"],
        {
            "failed": True,
            "command": ("ls", "-x", "--count", "1", "--exec"),
            "follow_children": True,
        },
    ),
    (
        ["--exec", "git", "log", "--", "file"],
        {"command": ("git", "log", "--", "file"), "follow_children": True},
    ),
    (["--lesson"], {"lesson": 0}),
    (["--lesson", "3"], {"lesson": 3}),
    (["--lesson", "3", "--check", "f.c"], {"lesson": 3, "check": "f.c"}),
    (["--lesson", "3", "--hint"], {"lesson": 3, "hint": True}),
    (["--lesson", "3", "--solution"], {"lesson": 3, "solution": True}),
    (["--lesson", "3", "--reset"], {"lesson": 3, "reset": True}),
    (
        ["--lesson", "--progress", "anna", "bo"],
        {"lesson": 0, "progress": ("anna", "bo")},
    ),
    (["--lesson", "--doctor"], {"lesson": 0, "doctor": True}),
]


@pytest.mark.parametrize(
    "words, expected", ACCEPTED, ids=[" ".join(w) for w, _ in ACCEPTED]
)
def test_accepted(words: List[str], expected: Dict[str, Any]) -> None:
    options = arguments.parse(words)
    found: Dict[str, Any] = {
        **options.selection._asdict(),
        **options.columns._asdict(),
        **options.output._asdict(),
        **options.probe._asdict(),
        **options.course._asdict(),
    }
    assert _plain(found) == _plain({**DEFAULTS, **expected})


def _plain(options: Dict[str, Any]) -> Dict[str, Any]:
    """The same, with what can be compared in place of what is Chosen."""
    return {
        name: vars(value) if isinstance(value, Chosen) else value
        for name, value in options.items()
    }


def test_users_by_name() -> None:
    for user in pwd.getpwall():
        chosen = arguments.parse(["-u", user.pw_name]).selection.uids
        assert chosen.all == (user.pw_uid,)


NO_SUCH_PID = "4194305"  # PID_MAX_LIMIT of the kernel, and one

REFUSED = [
    (["--until", "path=/x errno=2"], "--until errno=2: must be NAME=VALUE"),
    (["--until", ""], '--until "": must be NAME=VALUE'),
    (["--until", "path='/x"], "--until path='/x: a quote is not closed"),
    (["--until", "pid=6", "-p", "1"], "--until pid=6: not selected by -p"),
    (["--until", "path="], "--until path=: must be NAME=VALUE"),
    (
        ["--until", "path=/x err=ENOENTS"],
        "--until err=ENOENTS: no such error; did you mean ENOENT?",
    ),
    (["--until", "flags=wirte"], "--until flags=wirte: no such flag; did you"),
    (["--until", "comm=-longer_than_that"], "names have at most 15 bytes"),
    (["--until", "path=["], "--until path=[: a [ has no matching ]"),
    (
        ["--top", "--rows", "3"],
        "--rows and --top cannot be combined: the live",
    ),
    (["--by", "comm"], "--by needs --summary or --top"),
    (["--summary", "--by", "nosuch"], "--by nosuch: no such column"),
    (["--summary", "--by", "pid,pid"], "--by pid,pid: pid is listed twice"),
    (["--keep", "5m"], "--keep needs --record"),
    (
        ["--record", "-", "--keep", "5m"],
        "--keep and --record - cannot be combined: --keep needs a file",
    ),
    (["--record", "f", "--keep", "5"], "--keep 5: must be a time or a size"),
    (["--record", "f", "--keep", "0s"], "--keep 0s: must be a time or a size"),
    (["-0"], "-0 needs --format paths"),
    (
        ["--format", "paths", "-c"],
        "-c and --format paths cannot be combined: this format has no column",
    ),
    (
        ["--format", "folded", "--summary"],
        "--summary and --format folded cannot be combined: this format is for "
        "rows; use table or json",
    ),
    (["-p", "0"], "-p 0: must be a whole number above 0"),
    (["-p", "-1"], "-p -1: must be a whole number above 0"),
    (["-p", "abc"], "-p abc: must be the number of a process; to select by"),
    (["-p", ""], '-p "": must be PIDs separated by commas, but one is empty'),
    (["-p", "1,"], '-p "1,": must be PIDs separated by commas'),
    (["-p", "1,nginx"], "by the name of its command, use -n nginx"),
    (["-p", "1.5"], "-p 1.5: must be a whole number above 0"),
    (["-p", "1_0"], "-p 1_0: must be a whole number above 0"),
    (["-p", "\u0661"], "-p \u0661: must be a whole number above 0"),
    (["-p", NO_SUCH_PID], f"-p {NO_SUCH_PID}: no such process"),
    (["-p", "9" * 30], f"-p {'9' * 30}: too large"),
    (["-p", "9" * 5000], f"-p {'9' * 5000}: too large"),
    (["-p"], "-p needs a value"),
    (["-t", "0"], "-t 0: must be a whole number above 0"),
    (["-t", "x"], "-t x: must be a whole number above 0"),
    (["-t", NO_SUCH_PID], f"-t {NO_SUCH_PID}: no such thread"),
    (["-u", "nosuchuser"], "-u nosuchuser: no such user"),
    (["-u", ""], '-u "": must be users separated by commas'),
    (["-u", "-1"], "-u -1: no such user"),
    (["-u", "4294967295"], "user IDs are below 4294967295"),
    (["-u", "9" * 5000], "user IDs are below 4294967295"),
    (["-u", "root,nosuchuser"], "-u nosuchuser: no such user"),
    (["-u", "root,"], '-u "root,": must be users separated by commas'),
    (["--mntns", ",1"], '--mntns ",1": must be PIDs separated by commas'),
    (["--unit", ""], '--unit "": must be units separated by commas'),
    (["--unit", "a,"], '--unit "a,": must be units separated by commas'),
    (["--unit", "!"], '--unit "!": must be units separated by commas'),
    (["--unit", "/a"], "no / * or ?, so this can never match"),
    (["--unit", "a,!nginx*"], "--unit nginx*: names of units have at most"),
    (["--unit", "a" * 248], "at most 255 bytes"),
    (["--unit", "a", "--replay", "f"], "a replay traces nothing"),
    (["--columns", "exe,exes"], "no such column; did you mean exe?"),
    (["--errno", "ENOENTT"], "no such error; did you mean ENOENT?"),
    (["--errno", "eacces"], "no such error; did you mean EACCES?"),
    (["--errno", "nonsense"], "no such error; errno(3) lists them"),
    (["--errno", ""], '--errno "": must be errors separated by commas'),
    (["--errno", "2,"], '--errno "2,": must be errors separated by commas'),
    (["--errno", "0"], "--errno 0: errors are numbered from 1 to 4095"),
    (["--errno", "4096"], "--errno 4096: errors are numbered from 1"),
    (["--errno", "9" * 5000], "errors are numbered from 1 to 4095"),
    (["--errno", "-2"], "--errno -2: no such error"),
    (["-n", "x" * 16], "command names have at most 15 bytes"),
    (["-n", "\u00fc" * 8], "command names have at most 15 bytes"),
    (["-n", ""], "-n needs a name, or a part of one"),
    (["-n", "!"], "-n needs a name, or a part of one"),
    (["-p", "!x"], "-p x: must be the number of a process"),
    (["-p", f"1,!{NO_SUCH_PID}"], f"-p {NO_SUCH_PID}: no such process"),
    (["-u", "!nosuchuser"], "-u nosuchuser: no such user"),
    (["-f", "!!create"], "-f !create: no such flag"),
    (["--container", "!"], "--container : no such container"),
    (["--cgroup", "!"], "--cgroup needs a path"),
    (["-p", "!1", "--children"], "-p !PID and --children cannot be combined"),
    (["-f", "O_NONSENSE"], "-f O_NONSENSE: no such flag"),
    (["-f", "WRONLY"], "no such flag; did you mean O_WRONLY?"),
    (["-f", "O_ACCMODE"], "-f O_ACCMODE: no such flag"),
    (["-f", "wirte"], "no such flag; did you mean write?"),
    (["-f", "append"], "no such flag; did you mean O_APPEND?"),
    (["-f", "o_rdonly"], "no such flag; did you mean O_RDONLY?"),
    (["-f", "read"], "no such flag; open(2) lists them, for example O_RDONLY"),
    (["-f", "write,!write"], "-f: all that it selects is excluded"),
    (["-u", "0", "-u", "!root"], "-u: all that it selects is excluded"),
    (["-p", "1,!1"], "-p: all that it selects is excluded"),
    (["--group-by", "comm"], "unknown option: --group-by; did you mean --by?"),
    (["--by", "opens", "--summary"], "no such column; --columns help lists"),
    (["-f", "O_CREAT,"], '-f "O_CREAT,": must be flags separated by commas'),
    (["-f", "getpid"], "-f getpid: no such flag"),
    (["-f", "O_"], "-f O_: no such flag"),
    (
        ["--path-view", "hots"],
        "--path-view hots: must be one of process, host",
    ),
    (["--path-view", "host"], "--path-view needs -F or -R"),
    (["-T", "--summary"], "-T and --summary cannot be combined"),
    (["--hanging", "0"], "--hanging 0: must be a number of seconds"),
    (["--hanging", "1", "--top"], "--hanging and --top cannot be combined"),
    (["--hanging", "1", "--source", "x"], "--hanging and --source cannot"),
    (["--hanging", "1", "--format", "folded"], "cannot be combined: an open"),
    (["--hanging", "1", "--once"], "--once cannot be combined: an open that"),
    (["--hanging", "1", "--replay", "x"], "--hanging and --replay cannot"),
    (["--hanging", "1", "--columns", "pid,path,latency"], "add err to --col"),
    (
        ["--hanging", "1", "--columns", "pid,errname,fd", "--format", "csv"],
        "--hanging: none of the --columns shows that an open hasn't ended",
    ),
    (
        ["--hanging", "1", "--record", "x"],
        "cannot be combined: a recording holds each open once",
    ),
    (["--once", "--top"], "--once and --top cannot be combined"),
    (["--once", "--record", "f"], "--once and --record cannot be combined"),
    (
        ["--once", "--format", "csv"],
        "--once and --format csv cannot be combined",
    ),
    (["-F", "--trusted"], "--trusted and -F cannot be combined"),
    (["-L", "--columns", "pid"], "-L and --columns cannot be combined"),
    (["-d", "-1"], "-d -1: must be a number of seconds above 0"),
    (["-d", "0"], "-d 0: must be a number of seconds above 0"),
    (["-d", "abc"], "-d abc: must be a number of seconds above 0"),
    (["-d", ""], "-d : must be a number of seconds above 0"),
    (["-d", "nan"], "-d nan: must be a number of seconds above 0"),
    (["-d", "inf"], "-d inf: must be a number of seconds above 0"),
    (["-d", "5d"], "-d 5d: must be a number of seconds above 0"),
    (["-d", "s"], "-d s: must be a number of seconds above 0"),
    (["-d", "277778h"], "-d 277778h: too large"),
    (["-d", "1" * 99 + "h"], "h: too large"),
    (["-d", "1" * 100], "1: must be a number of seconds"),
    (["-d", "1.2.3"], "-d 1.2.3: must be a number of seconds"),
    (["-d", "1e99"], "-d 1e99: must be a number of seconds above 0"),
    (["--slower", "0.0"], "--slower 0.0: must be a number of milliseconds"),
    (["--slower", "1d"], "--slower 1d: must be a number of milliseconds"),
    (["--slower", "0.0000001"], "must be a number of milliseconds above 0"),
    (["--count", "0"], "--count 0: must be a whole number above 0"),
    (["--count", "-1"], "--count -1: must be a whole number above 0"),
    (["--count", "x"], "--count x: must be a whole number above 0"),
    # Would be 1 in 64 bits.
    (["--count", str(2**64 + 1)], f"--count {2**64 + 1}: too large"),
    (["-b", "3"], "-b 3: must be a power of two, such as 2 or 4"),
    (["-b", "1000"], "-b 1000: must be a power of two, such as 512 or 1024"),
    (["-b", "0"], "-b 0: must be a whole number above 0"),
    (["-b", "x"], "-b x: must be a whole number above 0"),
    (["--format", "jsn"], "did you mean json?"),
    (["--color", "yes"], "--color yes: must be one of auto, always, never"),
    (["--time", "mono", "--format", "csv"], "--time and --format cannot be"),
    (["--time", "utc"], "--time utc: must be one of relative, wall, mono"),
    (["--columns", ""], '--columns "": must be names (--columns help lists'),
    (["--columns", "pid, ,fd"], '--columns "pid, ,fd": must be names'),
    (["--columns", "pid,path", "--time", "wall"], "add time to --columns"),
    (["--columns", "pid,pid"], "pid is listed twice"),
    (["--columns", "pth"], "no such column; did you mean path?"),
    (["--columns", "path_size"], "--columns path_size: no such column"),
    (["--columns", "zzz\n"], "no such column; --columns help"),
    (["--columns", "pid", "--ppid"], "add ppid to --columns"),
    (["--ppid", "--source", __file__], "--ppid shows the field ppid, which"),
    (["--columns", "pid", "-T"], "add time to --columns"),
    (["--columns", "pid", "-U"], "add uid to --columns"),
    (["--columns", "pid", "-e"], "add flags,mode to --columns"),
    (["--format", "xml"], "--format xml: must be one of table, json, csv"),
    (["--format", ""], "--format : must be one of table, json, csv"),
    (
        ["--attach", "magic"],
        "--attach magic: must be one of auto, " + ", ".join(PLANS),
    ),
    (["--exec"], "--exec needs a command after it"),
    (["-p", "1", "--exec", "ls"], "-p and --exec cannot be combined"),
    (["-t", "1", "--exec", "ls"], "-t and --exec cannot be combined"),
    (["--path", "["], "--path [: a [ has no matching ]"),
    (["--children"], "--children needs -p"),
    (["--set", "a=1"], "--set needs --source"),
    (["--interval", "1", "--source", "x"], "--interval needs --summary or"),
    (["--children", "-t", "1"], "--children and -t cannot be combined"),
    (["--no-children", "-p", "1"], "--no-children needs --exec"),
    (["--follow"], "--follow needs --exec"),
    (["--exec-user", "root"], "--exec-user needs --exec"),
    (["--exec-user", "nosuch", "--exec", "ls"], "nosuch: no such user"),
    (["--exec-user", "3999999999", "--exec", "ls"], "no such user"),
    (
        ["--follow", "--no-children", "--exec", "ls"],
        "--follow and --no-children cannot be combined",
    ),
    (
        ["--children", "--no-children", "--exec", "ls"],
        "--children and --no-children cannot be combined",
    ),
    (["-x=1"], "-x/--failed takes no value, but is followed by 1"),
    (["--failed=1"], "--failed takes no value, but is followed by 1"),
    (["--version=2"], "--version takes no value, but is followed by 2"),
    (["--cgroup", ""], "--cgroup needs a path"),
    (["--cgroup", "."], "--cgroup .: no such cgroup"),
    (["--cgroup", "./."], "--cgroup ./.: no such cgroup"),
    (["--doctor", "-x"], "-x and --doctor cannot be combined"),
    (["--doctor", "--exec", "ls"], "--exec and --doctor cannot be combined"),
    (["--doctor", "-o", "f"], "-o and --doctor cannot be combined"),
    (["--doctor", "--ebpf"], "--ebpf and --doctor cannot be combined"),
    (
        ["--doctor", "--attach", "kprobe"],
        "--attach and --doctor cannot be combined",
    ),
    (["-q", "-v"], "-q and -v cannot be combined"),
    (["--nonsense"], "unknown option: --nonsense; opensnoop --help"),
    (["--verb"], "unknown option: --verb; did you mean --verbose?"),
    (["--full"], "unknown option: --full; did you mean --full-path?"),
    (["--comm", "x"], "unknown option: --comm; did you mean -n?"),
    (["--user=x"], "unknown option: --user; did you mean -u?"),
    (["--service", "x"], "--service; did you mean --unit?"),
    (["-w"], "unknown option: -w; did you mean -f write?"),
    (["--exclude", "x"], "did you mean a ! before a value, as in -u '!root'?"),
    (["--json"], "unknown option: --json; did you mean --format json?"),
    (["--zzz"], "unknown option: --zzz; opensnoop --help lists all"),
    (["--source", ""], "--source needs a path"),
    (["--source", "f", "-F"], "-F and --source cannot be combined"),
    (["--source", "f", "--all"], "--all and --source cannot be combined"),
    (
        ["--source", "f", "--attach", "kprobe"],
        "--attach and --source cannot be combined",
    ),
    (["word"], "unexpected argument: word; a command to trace follows --exec"),
    (["-x", "--", "ls"], "unexpected argument: --; a command to trace follow"),
    (["-p", "1", "1"], "unexpected argument: 1; a command to trace follows"),
    (["--name=--"], "-n needs a value"),
    (["-o--"], "-o needs a value"),
    (["--lesson", "one"], "--lesson one: must be a whole number above 0"),
    (["--lesson", "0"], "--lesson 0: must be a whole number above 0"),
    (["--lesson", "1", "--check"], "--check needs a value"),
    (["--lesson", "1", "--check", ""], "--check needs a path"),
    (["--check", "f.c"], "--check needs --lesson"),
    (["--hint"], "--hint needs --lesson"),
    (["--solution"], "--solution needs --lesson"),
    (["--reset"], "--reset needs --lesson"),
    (["--progress", "anna"], "--progress needs --lesson"),
    (
        ["--lesson", "1", "-p", "1"],
        "-p and --lesson cannot be combined: a lesson has its own options",
    ),
    (
        ["--lesson", "1", "--source", "f"],
        "--source and --lesson cannot be combined",
    ),
    (
        ["--lesson", "1", "--exec", "ls"],
        "--exec and --lesson cannot be combined",
    ),
]


@pytest.mark.parametrize(
    "words, sentence", REFUSED, ids=[" ".join(w)[:40] for w, _ in REFUSED]
)
def test_refused(words: List[str], sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        arguments.parse(words)
    assert sentence in refusal.value.sentence
    assert "\n" not in refusal.value.sentence
    assert refusal.value.exit_status == 2


@pytest.fixture
def second_thread() -> Iterator[int]:
    """The number of a thread that isn't its process's first."""
    begun, end = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        end.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait()
    assert thread.native_id is not None
    yield thread.native_id
    end.set()
    thread.join()


def test_a_thread_is_no_process(second_thread: int) -> None:
    with pytest.raises(UsageError) as refusal:
        arguments.parse(["-p", str(second_thread)])
    me = os.getpid()
    assert refusal.value.sentence == (
        f"-p {second_thread}: this is a thread of process {me}; use "
        f"-t {second_thread}, or -p {me} for the whole process"
    )
    assert (
        arguments.parse(["-t", str(second_thread)]).selection.tid
        == second_thread
    )


def _run(words: List[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHECKOUT / "opensnoop.py"), *words],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "words",
    [
        ["-p", "0"],
        ["-p", "abc"],
        ["-p", NO_SUCH_PID],
        ["-u", "nosuchuser"],
        ["-f", "O_NONSENSE"],
        ["-d", "-1"],
        ["-d", "abc"],
        ["-b", "3"],
        ["--format", "xml"],
        ["--attach", "magic"],
        ["--exec"],
        ["-p", "1", "--exec", "ls"],
        ["--nonsense"],
        ["--path-view", "host"],
        # Known only once the command is looked for.
        ["--exec", "/no/such/command"],
        ["--exec", "no-such-command-anywhere"],
        ["--exec", "/etc/passwd"],
        ["--cgroupmap", "/no/such/map"],
        ["--mntnsmap", "/no/such/map"],
    ],
    ids=" ".join,
)
def test_the_command_refuses_with_one_sentence(words: List[str]) -> None:
    result = _run(words)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("opensnoop: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "/no/such/folder/rows"],
        ["-o", "/"],
        ["-o", ""],
        ["-b", str(2**30)],
    ],
    ids=" ".join,
)
def test_the_command_cannot_with_one_sentence(words: List[str]) -> None:
    result = _run([*words, "-d", "1"])
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"opensnoop: {words[0]} ")
    assert result.stderr.count("\n") == 1


def test_help() -> None:
    result = _run(["--help"])
    assert result.returncode == 0
    assert result.stderr == ""
    assert "examples:" in result.stdout


def test_short_help_is_one_screen_of_options_that_exist() -> None:
    result = _run(["-h"])
    assert result.returncode == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert len(lines) < 24
    assert max(map(len, lines)) < 80
    assert set(lines[1:]) <= set(HELP.splitlines())
    shown = re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", result.stdout)
    known = option_list.build_parser()._option_string_actions
    assert set(shown) <= set(known)
    assert set(shown) >= {"--live", "--source", "-F", "-L", "--exec", "--path"}


def test_help_names_all_plans() -> None:
    assert ", ".join(PLANS) in HELP


def test_help_says_which_options_take_a_value() -> None:
    """The parser learns this from the values."""
    listed = re.findall(r"^  (-[^ ,]+)(?:, --[^ ]+)?( [A-Z])?", HELP, re.M)
    for option, value in listed:
        known = option_list.build_parser()._option_string_actions[option]
        takes_value = value != "" and option != "--exec"
        assert takes_value == (known.nargs in (None, "+"))
    assert max(map(len, HELP.splitlines())) < 80


def test_version() -> None:
    result = _run(["--version"])
    assert result.returncode == 0
    assert result.stdout == f"opensnoop {__version__}\n"
