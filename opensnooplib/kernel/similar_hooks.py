# SPDX-License-Identifier: Apache-2.0
"""Hooks of this kernel with names similar to one that it doesn't have."""

from __future__ import annotations

import re
import socket

from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.kernel import function_names, offered_hooks, tracefs
from opensnooplib.kernel.hooks import Hook


def _targets(hook: Hook) -> set[str]:
    """All that a program can be attached to by a hook of this kind."""
    if hook.sees_packets:
        return {name for _, name in socket.if_nameindex()}
    if hook.word == "tracepoint":
        return tracefs.tracepoints()
    if hook.word == "raw_tracepoint":
        # Syscalls have only sys_enter and sys_exit.
        split = (name.partition(":") for name in tracefs.tracepoints())
        return {event for group, _, event in split if group != "syscalls"}
    if hook.word == "lsm":
        functions = function_names.that_match(r"bpf_lsm_\S+")
        return {name.removeprefix("bpf_lsm_") for name in functions}
    return function_names.that_match(r"\S+")


def missing(hook: Hook, target: str) -> str:
    """Why nothing can attach to this target on this kernel, or "".

    tracefs must be mounted.
    """
    why_not = offered_hooks.why_not(hook.kind)
    if why_not:
        what = f"the {hook.what} {target}"
        why_not = f"no program can attach to {what} here: {why_not}"
    if hook.kind in ("uprobe", "perf event"):
        return why_not  # it isn't in the kernel
    if hook.word == "tracepoint" and tracefs.has(*target.split(":", 1)):
        return why_not  # found without a list of all
    targets = _targets(hook)
    is_kprobe = hook.kind == "kprobe"
    if (function_names.of_kprobe(target) if is_kprobe else target) in targets:
        return why_not
    said = f"this kernel has no {hook.what} {target}"
    if hook.sees_packets:
        said = f"this host has no network interface {target}"
    return said + did_you_mean(target, sorted(targets))


_NO_FIELD = re.compile(
    r"no member named '\w+' in 'struct tracepoint__([a-z0-9]+)__(\w+)'"
)
_NO_HELPER = re.compile(
    r"function '(bpf_\w+)'|undeclared identifier '(bpf_\w+)'"
)


def instead_of_unknown(output: str) -> list[str]:
    """Sentences about names that clang doesn't know, with similar ones.

    `output` is what clang printed.
    """
    sentences: list[str] = []
    for category, event in dict.fromkeys(_NO_FIELD.findall(output)):
        fields = [
            f"{name} (by TP_DATA_LOC_READ_STR(to, {name}, size))"
            if field.type.startswith("__data_loc")
            else name
            for name, field in tracefs.fields(category, event).items()
            if not name.startswith(("common_", "__"))
        ]
        if fields:
            sentences.append(
                f"{category}:{event} has the fields {', '.join(fields)}"
            )
    for groups in dict.fromkeys(_NO_HELPER.findall(output)):
        name = "".join(groups)
        known = sorted(function_names.that_match(r"bpf_\S+"))
        meant = did_you_mean(name, known)
        if meant:
            sentences.append(f"there is no helper {name}{meant}")
    return sentences
