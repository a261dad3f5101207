# SPDX-License-Identifier: Apache-2.0
"""The running kernel's own headers, where they are installed.

They bring thousands of names, and the C must use none of them for something
else. So this compiles all that options can add to it.
"""

from __future__ import annotations

import os
from typing import List

import pytest

from opensnooplib.source import kernel_headers
from tests.kernel.kernel_hooks import skip_without_hooks_for
from tests.kernel.tool import run

_ARE_HIDDEN = os.path.ismount("/usr/src")  # by tests/vm/guest_init.sh
_SHOW_THEM = ("unshare", "--mount", "sh", "-c", 'umount /usr/src; exec "$@"')

pytestmark = pytest.mark.skipif(
    not _ARE_HIDDEN and not kernel_headers.choose().are_installed,
    reason="the running kernel's own headers are not installed",
)

_COLUMNS = (
    "time,pid,tid,ppid,uid,gid,mntns,cgroup,call,flags,mode,err,callers,path"
)
_SELECTION = ["-u", "root", "-n", "o", "--errno", "ENOENT", "-f", "O_RDONLY"]
_PATHS = ["--path", "/a*b*", "--path", "!/a/b"]
# In as few launches as can be, since each takes an emulator a minute: what
# syscall-exit has of its own is 20 lines.
_WITH = {
    "fentry": (",latency", "--trusted"),
    "syscall": (",latency", "-R"),
    "kprobe": (",latency", "-F"),
}


def _compiles(*options: str) -> None:
    under = (*_SHOW_THEM, "sh") if _ARE_HIDDEN else ()
    ended = run("-v", "-d", "0.1", *options, under=under)
    assert ended.status == 0, ended.messages
    assert "headers: the running kernel's own" in ended.messages
    warnings: List[str] = [
        line
        for line in ended.messages.splitlines()
        if "warning" in line and "bpf_src/" in line
    ]
    assert not warnings


@pytest.mark.one_kernel
@pytest.mark.parametrize("plan", _WITH)
def test_with_all_that_is_shown_and_selected(plan: str) -> None:
    skip_without_hooks_for(plan)
    more_columns, option = _WITH[plan]
    columns = ["--columns", _COLUMNS + more_columns]
    rest = ["--all", option, *columns, *_SELECTION, *_PATHS]
    _compiles("--attach", plan, *rest)
