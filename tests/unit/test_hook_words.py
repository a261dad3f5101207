# SPDX-License-Identifier: Apache-2.0
"""Where programs attach, in the words of the C."""

from __future__ import annotations

from typing import List

import pytest

from opensnooplib.base.errors import SourceError
from opensnooplib.source import hook_words


def _said(text: str, name: str) -> List[str]:
    return list(map(str, hook_words.of(text)[name]))


@pytest.mark.parametrize(
    "macro, name, said",
    [
        (
            'UPROBE("/bin/bash", readline)',
            "uprobe__bin_bash_readline",
            "function /bin/bash:readline",
        ),
        (
            "URETPROBE(c, malloc+0x10)",
            "uretprobe__c_malloc_0x10",
            "return of the function c:malloc+0x10",
        ),
        (
            'USDT("/usr/bin/python3", python, function__entry)',
            "usdt__usr_bin_python3_python_function__entry",
            "USDT probe /usr/bin/python3:python:function__entry",
        ),
        (
            "PERF_EVENT(cpu-clock, period=1000)",
            "perf_event__cpu_clock_period_1000",
            "perf event cpu-clock:period=1000",
        ),
        ('XDP("veth0")', "xdp__veth0", "XDP hook of veth0"),
        ('TC_EGRESS("lo")', "tc_egress__lo", "tc egress hook of lo"),
        ('SOCKET_FILTER("lo")', "socket_filter__lo", "socket filter lo"),
    ],
)
def test_macros(macro: str, name: str, said: str) -> None:
    assert _said(f"{macro}\n{{\n\treturn 0;\n}}\n", name) == [said]
    assert hook_words.of(f"/* {macro} */\n// {macro}\n") == {}


def test_comments() -> None:
    text = """\
// attach: kprobe vfs_read
/* attach: slot jumps[3] */
int on_read(struct pt_regs *ctx)
{
	return 0;
}
/*
 * Counts.
 * attach: uprobe "/opt/a b" main
 */
static __always_inline int not_this;
int count(struct pt_regs *ctx) { return 0; }
// attach: tracepoint sched sched_switch
int on_switch(void *ctx)
"""
    assert _said(text, "on_read") == [
        "kernel function vfs_read",
        "slot jumps[3]",
    ]
    assert _said(text, "count") == ["function /opt/a b:main"]
    assert _said(text, "on_switch") == ["tracepoint sched:sched_switch"]


@pytest.mark.parametrize(
    "comment, why",
    [
        ("kprob vfs_read", "names no kind of hook; did you mean kprobe?"),
        ("kprobe", "names no target"),
        ("fentry vfs_read", "KFUNC_PROBE"),
        ('uprobe "/bin/bash', "names no kind of hook"),
    ],
)
def test_comments_that_cannot_be_understood(comment: str, why: str) -> None:
    text = f'#line 7 "my.c"\n// attach: {comment}\nint f(void *ctx)\n'
    with pytest.raises(SourceError) as raised:
        hook_words.of(text)
    said = f'my.c:7: the comment "attach: {comment}"'
    assert raised.value.sentence.startswith(said)
    assert why in raised.value.sentence


def test_names_of_bcc() -> None:
    assert list(map(str, hook_words.by_name("kprobe__vfs_read"))) == [
        "kernel function vfs_read"
    ]
    assert hook_words.by_name("count") == []
    assert hook_words.by_name("kprobe") == []


@pytest.mark.parametrize(
    "below, why",
    [
        ('UPROBE("c", malloc)\n', "the comment stands above UPROBE, which"),
        ("TRACEPOINT_PROBE(a, b)\n", "stands above TRACEPOINT_PROBE, which"),
        ("static int f(void *ctx)\n", "the function f below the comment must"),
        ("BPF_HASH(a, u32);\n", "no function follows the comment"),
    ],
)
def test_comments_that_attach_nothing(below: str, why: str) -> None:
    with pytest.raises(SourceError) as raised:
        hook_words.of(f'#line 3 "my.c"\n// attach: kprobe f\n{below}')
    assert raised.value.sentence.startswith("my.c:3: ")
    assert why in raised.value.sentence


def test_a_map_between_a_comment_and_its_function() -> None:
    text = "// attach: kprobe f\nBPF_HASH(a, u32);\nint g(void *ctx)\n"
    assert _said(text, "g") == ["kernel function f"]
