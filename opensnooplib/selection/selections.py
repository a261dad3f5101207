# SPDX-License-Identifier: Apache-2.0
"""The selection: what each option selects by, and who decides it.

The kernel decides by a macro, early, so that an open that isn't wanted costs
little (bpf_src/select.h). The reader decides by a field of struct event, on
what comes from rings or from a recording (native/event/condition.h). Most
options have both; a trace of bpf_src leaves to the reader what the kernel
can't decide.
"""

from __future__ import annotations

import os
from enum import IntEnum
from functools import partial
from typing import (
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.open_flags import FLAG_GROUPS
from opensnooplib.kernel import bpf_objects, children
from opensnooplib.kernel.cgroups import Cgroup
from opensnooplib.options import Options
from opensnooplib.rows.field import Field
from opensnooplib.rows.schema import Schema
from opensnooplib.selection import path_tests
from opensnooplib.selection.path_tests import (
    all_of,
    any_of,
    c_text,
    has_bytes_at,
)
from opensnooplib.source.defines import Define, entries_for_threads

_CGROUPS_MAP = "cgroups"  # of bpf_src/extra/cgroups.h

_LOW_BITS = (1 << 32) - 1
_SIGN_BIT = 1 << 63


class Test(IntEnum):
    """enum condition_kind of native/event/condition.h."""

    BITS = 0
    MOST = 1
    HOLDS = 2


class Condition(NamedTuple):
    """What the reader compares with a field."""

    name: str  # of the field
    test: Test = Test.BITS
    # For BITS, pairs of mask and bits, of which one must be there; for MOST,
    # one with the bound as bits.
    wanted: Sequence[Tuple[int, int]] = ((0, 0),)
    text: bytes = b""  # for HOLDS


class Selection(NamedTuple):
    """What one option selects by."""

    option: str
    macro: str  # with its parameters
    value: str = "1"
    # How bpf_src asks: by the macro itself, or by this condition in another.
    asked_by: str = ""  # "SELECT_CALLER" or "SELECT_RESULT"
    asks: str = ""  # "": the macro
    condition: Optional[Condition] = None  # None: the reader can't decide
    more: Tuple[Define, ...] = ()  # what this needs beside the macro

    @property
    def macro_name(self) -> str:
        return self.macro.partition("(")[0]


def _equals(parameter: str, values: Sequence[int]) -> str:
    return any_of([f"({parameter}) == {value}U" for value in values])


def _one_of(name: str, numbers: Sequence[int]) -> Condition:
    """Of a field of 32 bits, with a sign or without."""
    wanted = [(_LOW_BITS, number & _LOW_BITS) for number in numbers]
    return Condition(name, wanted=wanted)


def selections(options: Options) -> List[Selection]:
    """One for each option that selects, the cheapest first."""
    return [*_callers(options), *_flags_and_path(options), *_results(options)]


_caller = partial(Selection, asked_by="SELECT_CALLER")
_result = partial(Selection, asked_by="SELECT_RESULT")


def _callers(options: Options) -> Iterator[Selection]:
    # A thread wins over a process, as in BCC's opensnoop.
    if options.tid is not None:
        yield _caller(
            "-t",
            "SELECT_TID(tid)",
            _equals("tid", [options.tid]),
            condition=_one_of("tid", [options.tid]),
        )
    elif options.follow_children:
        entries = ("FOLLOWED_ENTRIES", str(entries_for_threads()))
        yield _caller(
            "--children",
            "FOLLOW_CHILDREN",
            asks="followed_threads()",
            more=(entries,),
        )
    elif options.pids:
        yield _caller(
            "-p",
            "SELECT_PID(pid)",
            _equals("pid", options.pids),
            condition=_one_of("pid", options.pids),
        )
    if options.uids:
        yield _caller(
            "-u",
            "SELECT_UID(uid)",
            _equals("uid", options.uids),
            asks="({ u32 uid = bpf_get_current_uid_gid(); SELECT_UID(uid); })",
            condition=_one_of("uid", options.uids),
        )
    if options.comm_part:
        yield _caller(
            "-n",
            "SELECT_COMM(comm)",
            has_bytes_at("(comm)", options.comm_part),
            asks="comm_selected()",
            condition=Condition("comm", Test.HOLDS, text=options.comm_part),
        )
    if options.cgroup_map:
        path = _c_string(options.cgroup_map)
        yield _caller(
            "--cgroupmap", "CGROUP_MAP", path, asks="cgroup_in_map()"
        )
    yield from _cgroups(options)
    if options.mntns_map:
        path = _c_string(options.mntns_map)
        yield _caller("--mntnsmap", "MNTNS_MAP", path, asks="mntns_in_map()")
    if options.mount_namespaces:
        yield _caller(
            "--mntns",
            "SELECT_MNTNS(mntns)",
            _equals("mntns", options.mount_namespaces),
            asks="({ u32 mntns = mount_namespace(); SELECT_MNTNS(mntns); })",
        )


def _cgroups(options: Options) -> Iterator[Selection]:
    """--cgroup and --container; with both, both must match."""
    slots = _slots(options)
    for option, macro, cgroups in (
        ("--cgroup", "SELECT_CGROUP", options.cgroups),
        ("--container", "SELECT_CONTAINER", options.containers),
    ):
        if not cgroups:
            continue
        more = [("CGROUP_SLOTS", str(len(slots)))] if slots else []
        if any(one.version == 1 for one in cgroups):
            more.append(("CGROUP_VERSION_1", "1"))
        value = any_of([_in_cgroup(one, slots) for one in cgroups])
        yield _caller(option, macro, value, more=tuple(more))


def _slots(options: Options) -> List[Cgroup]:
    """The cgroups of version 2, in the order in which the map has them."""
    every = dict.fromkeys(options.cgroups + options.containers)
    return [one for one in every if one.version == 2]


def _in_cgroup(cgroup: Cgroup, slots: Sequence[Cgroup]) -> str:
    if cgroup.version == 2:
        return f"in_cgroup({slots.index(cgroup)})"
    return f"in_cgroup_1({cgroup.controller}_cgrp_id, {cgroup.id}ULL)"


def _flags_and_path(options: Options) -> Iterator[Selection]:
    if options.flags:
        wanted = _bits_of_flags(options.flags)
        tests = [f"((flags) & {mask}) == {bits}" for mask, bits in wanted]
        yield Selection(
            "-f",
            "SELECT_FLAGS(flags)",
            any_of(tests),
            condition=Condition("flags", wanted=wanted),
        )
    # Full paths are compared by the reader: the kernel has parts of them.
    if options.globs and not options.full_path:
        condition = path_tests.condition(options.globs)
        yield Selection("--path", "SELECT_PATH(path, length)", condition)


def _bits_of_flags(words: Sequence[str]) -> List[Tuple[int, int]]:
    """Mask and bits of these flags, and of those of groups, as write."""
    wanted = []
    for word in words:
        for name in FLAG_GROUPS.get(word, (word,)):
            value: int = getattr(os, name)
            mask = os.O_ACCMODE if value == os.O_RDONLY else value
            wanted.append((mask, value))
    return wanted


def _results(options: Options) -> Iterator[Selection]:
    if options.only_failed:
        yield _result(
            "-x",
            "SELECT_FAILED",
            asks="(ret) < 0",
            condition=Condition("ret", wanted=[(_SIGN_BIT, _SIGN_BIT)]),
        )
    if options.errnos:
        yield _result(
            "--errno",
            "SELECT_ERRNO(error)",
            _equals("error", options.errnos),
            asks="SELECT_ERRNO((u32) - (ret))",
            condition=_one_of("ret", [-error for error in options.errnos]),
        )


def _c_string(text: str) -> str:
    return f'"{c_text(os.fsencode(text))}"'


def defines(options: Options) -> List[Define]:
    """The #defines for what `options` select; none for what they don't."""
    chosen: List[Define] = []
    for one in selections(options):
        chosen += [(one.macro, one.value), *one.more]
    return list(dict.fromkeys(chosen))


def conditions_of_all(options: Options) -> List[Define]:
    """The four conditions of bpf_src/select.h, made of those of defines()."""
    chosen = selections(options)
    four = {
        "SELECT_CALLER": "SELECT_CALLER(pid, tid)",
        "SELECT_FLAGS": "SELECT_FLAGS(flags)",
        "SELECT_PATH": "SELECT_PATH(path, length)",
        "SELECT_RESULT": "SELECT_RESULT(ret)",
    }
    for one in chosen:
        four.pop(one.macro_name, None)  # defined by the option itself
    simple = {"SELECT_PID", "SELECT_TID", "SELECT_FLAGS", "SELECT_PATH"}
    has_extras = any(
        one.asked_by == "SELECT_CALLER" and one.macro_name not in simple
        for one in chosen
    )
    result = [("SELECT_EXTRAS", str(int(has_extras)))]
    for name, macro in four.items():
        asked = [
            one.asks or one.macro for one in chosen if one.asked_by == name
        ]
        result.append((macro, all_of(asked) if asked else path_tests.ALWAYS))
    return result


def for_reader(
    options: Options, schema: Schema, began_ns: Optional[int] = None
) -> List[Tuple[Condition, Field]]:
    """What the reader compares, where the kernel has not decided already.

    began_ns: when the trace of a recording began, by CLOCK_MONOTONIC; None for
    a trace. Raises OpensnoopError for a field that isn't there.
    """
    is_replay = began_ns is not None
    missing = "the recording has" if is_replay else "struct event has"
    wanted: List[Tuple[Condition, Field]] = []
    if options.globs and schema.known("path") is None:
        raise OpensnoopError(f"--path: {missing} no field path to select by")
    for one in selections(options):
        if one.condition and (is_replay or options.source is not None):
            field = schema.known(one.condition.name)
            if field is not None:
                wanted.append((one.condition, field))
            elif is_replay:
                raise OpensnoopError(
                    f"{one.option}: {missing} no field {one.condition.name} "
                    "to select by"
                )
    if began_ns is not None and options.duration is not None:
        field = schema.known("ts")
        if field is None:
            raise OpensnoopError(f"-d: {missing} no field ts to select by")
        end = began_ns + int(options.duration * 1e9)
        wanted.append((Condition("ts", Test.MOST, [(0, end)]), field))
    return wanted


def map_names(options: Options) -> List[str]:
    """The maps of the C that fill_maps() needs."""
    names = children.map_names() if options.follow_children else []
    return names + [_CGROUPS_MAP] * bool(_slots(options))


def fill_maps(
    options: Options,
    maps: Mapping[str, int],
    older: Optional[Mapping[str, int]],
) -> None:
    """Fill the maps with what is selected; `maps` has descriptors by name.

    The programs must be attached by then; `older` are the maps of the programs
    that they replace. Raises OpensnoopError.
    """
    try:
        if options.follow_children and older is None:
            children.follow(options.pids, maps)
        elif options.follow_children and older is not None:
            children.take_over(maps, older)
        for slot, cgroup in enumerate(_slots(options)):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            fd = os.open(cgroup.path, flags)
            try:
                bpf_objects.array_set_fd(maps[_CGROUPS_MAP], slot, fd)
            finally:
                os.close(fd)
    except OSError as error:
        raise OpensnoopError(
            "cannot pass the selection to the kernel: "
            + (f"{error.filename}: " if error.filename else "")
            + f"{error.strerror}"
        ) from None
