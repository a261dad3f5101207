# SPDX-License-Identifier: Apache-2.0
"""The selection: what each option selects by, and who decides it.

The kernel decides by a macro, early, so that an open that isn't wanted costs
little (bpf_src/select.h). The reader decides by a field of struct event, on
what comes from rings or from a recording (reader_filter.py). Most options
have both; a trace of bpf_src leaves to the reader what the kernel
can't decide.
"""

from __future__ import annotations

import os
import re
from enum import IntEnum
from functools import lru_cache, partial
from typing import Callable, Iterator, Mapping, NamedTuple, Sequence, TypeVar

from opensnooplib.base.errors import OpensnoopError, SourceError
from opensnooplib.base.open_flags import FLAG_GROUPS, FLAGS
from opensnooplib.kernel import bpf_objects, children
from opensnooplib.kernel.cgroups import Cgroup
from opensnooplib.options import Chosen, Options, Selection
from opensnooplib.selection import path_tests
from opensnooplib.selection.path_tests import ALWAYS, all_of, any_of, c_text
from opensnooplib.source.defines import Define, entries_for_threads

_CGROUPS_MAP = "cgroups"  # of bpf_src/extra/select/cgroups.h

_LOW_BITS = (1 << 32) - 1
_SIGN_BIT = 1 << 63
_UNKNOWN_RESULT = 0x7FFFFFFE  # of bpf_src/extra/record_values.h

# Of a result, mask and bits.
SUCCESS, _FAILURE = (_SIGN_BIT, 0), (_SIGN_BIT, _SIGN_BIT)
UNKNOWN = _LOW_BITS, _UNKNOWN_RESULT

_T = TypeVar("_T")


class Test(IntEnum):
    """enum condition_kind of native/event/condition.h."""

    BITS = 0
    MOST = 1
    HOLDS = 2


class Condition(NamedTuple):
    """What the reader compares with a field."""

    name: str  # of the field
    test: Test
    # For BITS, mask and bits, which must be there; for MOST, 0 and the bound;
    # for HOLDS, 0, 0 and the text.
    values: Chosen[tuple[int, int]] | Chosen[tuple[int, int, bytes]]


class Criterion(NamedTuple):
    """What one option selects by."""

    option: str
    macro: str  # with its parameters
    value: str = "1"
    # The condition of bpf_src/select.h that this is a part of, SELECT_CALLER
    # or SELECT_RESULT; "": the macro is one itself.
    part_of: str = ""
    part: str = ""  # in C; "": the macro
    condition: Condition | None = None  # None: the reader can't decide
    more: tuple[Define, ...] = ()  # what this needs beside the macro

    @property
    def macro_name(self) -> str:
        return self.macro.partition("(")[0]


def _in_c(values: Chosen[_T], test: Callable[[_T], str]) -> str:
    """True in C for what is chosen; `test` is true for one of the values."""
    some = [any_of([*map(test, values.wanted)])] if values.wanted else []
    parts = some + [f"!({test(one)})" for one in values.excluded]
    return parts[0] if len(parts) == 1 else all_of(parts)


def _equals(parameter: str, values: Chosen[int]) -> str:
    return _in_c(values, lambda value: f"({parameter}) == {value}U")


def _one_of(name: str, numbers: Chosen[int]) -> Condition:
    """Of a field of 32 bits, with a sign or without."""
    values = numbers.each(lambda number: (_LOW_BITS, number & _LOW_BITS))
    return Condition(name, Test.BITS, values)


def criteria(options: Options) -> list[Criterion]:
    """One for each option that selects, the cheapest first."""
    callers, results = _callers(options.selection), _results(options.selection)
    return [*callers, *_flags_and_path(options), *results]


_caller = partial(Criterion, part_of="SELECT_CALLER")


def _number(
    option: str, name: str, numbers: Chosen[int], part: str = ""
) -> Criterion:
    """A field of 32 bits that must have one of these values."""
    macro, value = f"SELECT_{name.upper()}({name})", _equals(name, numbers)
    condition = _one_of(name, numbers)
    return _caller(option, macro, value, part=part, condition=condition)


def _callers(selection: Selection) -> Iterator[Criterion]:
    # A thread wins over a process, as in BCC's opensnoop.
    if selection.tid is not None:
        yield _number("-t", "tid", Chosen([selection.tid]))
    elif selection.follow_children:
        entries = ("FOLLOWED_ENTRIES", str(entries_for_threads()))
        option = "--exec" if selection.command else "--children"
        part = "followed_threads()"
        yield _caller(option, "FOLLOW_CHILDREN", part=part, more=(entries,))
    elif selection.pids:
        yield _number("-p", "pid", selection.pids)
    if selection.uids:
        part = "({ u32 uid = bpf_get_current_uid_gid(); SELECT_UID(uid); })"
        yield _number("-u", "uid", selection.uids, part)
    if selection.comms:
        yield _comms(selection.comms)
    if selection.cgroup_map:
        path = _c_string(selection.cgroup_map)
        yield _caller(
            "--cgroupmap", "CGROUP_MAP", path, part="cgroup_in_map()"
        )
    if selection.units:
        yield _units(selection.units)
    yield from _cgroups(selection)
    if selection.mntns_map:
        path = _c_string(selection.mntns_map)
        yield _caller("--mntnsmap", "MNTNS_MAP", path, part="mntns_in_map()")
    if selection.mount_namespaces:
        value = _equals("mntns", selection.mount_namespaces)
        part = "({ u32 mntns = mount_namespace(); SELECT_MNTNS(mntns); })"
        yield _caller("--mntns", "SELECT_MNTNS(mntns)", value, part=part)


def _texts(
    option: str,
    name: str,
    texts: Chosen[bytes],
    has_bytes: Callable[[str, bytes], str] = path_tests.has_bytes_at,
) -> Criterion:
    """One macro for what is wanted, and one for what is excluded."""
    macro = f"{name.upper()}({name})"
    is_there = partial(has_bytes, f"({name})")
    yes = any_of([*map(is_there, texts.wanted)] or [ALWAYS])
    no = any_of(["0", *map(is_there, texts.excluded)])
    both = (f"SELECT_{macro}", yes), (f"EXCLUDE_{macro}", no)
    # If any is excluded, the C of --source must use the macro for that.
    needed, other = reversed(both) if texts.excluded else both
    part = f"{name}_selected()"
    return _caller(option, *needed, part=part, more=(other,))


def _comms(comms: Chosen[bytes]) -> Criterion:
    """The kernel compares at each offset of a name."""
    texts = comms.each(lambda part: (0, 0, part))
    condition = Condition("comm", Test.HOLDS, texts)
    return _texts("-n", "comm", comms)._replace(condition=condition)


def _units(units: Chosen[bytes]) -> Criterion:
    """The kernel compares with the names of the cgroup and those above it."""
    named = units.each(lambda name: name + b"\0")
    one = _texts("--unit", "unit", named, path_tests.has_bytes_at_once)
    # A longer name, which is cut to this, must not match.
    room = ("UNIT_ROOM", str(max(map(len, named.all)) + 1))
    return one._replace(more=(*one.more, room))


def _cgroups(selection: Selection) -> Iterator[Criterion]:
    """--cgroup and --container; with both, both must match."""
    slots = _slots(selection)
    for option, macro, cgroups in (
        ("--cgroup", "SELECT_CGROUP", selection.cgroups),
        ("--container", "SELECT_CONTAINER", selection.containers),
    ):
        if not cgroups:
            continue
        more = [("CGROUP_SLOTS", str(len(slots)))] if slots else []
        if any(one.version == 1 for one in cgroups.all):
            more.append(("CGROUP_VERSION_1", "1"))
        value = _in_c(cgroups, lambda one: _in_cgroup(one, slots))
        yield _caller(option, macro, value, more=tuple(more))


def _slots(selection: Selection) -> list[Cgroup]:
    """The cgroups of version 2, in the order in which the map has them."""
    both = selection.cgroups + selection.containers
    return [one for one in dict.fromkeys(both.all) if one.version == 2]


def _in_cgroup(cgroup: Cgroup, slots: Sequence[Cgroup]) -> str:
    if cgroup.version == 2:
        return f"in_cgroup({slots.index(cgroup)})"
    return f"in_cgroup_1({cgroup.controller}_cgrp_id, {cgroup.id}ULL)"


def _flags_and_path(options: Options) -> Iterator[Criterion]:
    if options.selection.flags:
        flags, macro = options.selection.flags, "SELECT_FLAGS(flags)"
        bits = Chosen(_bits(flags.wanted), _bits(flags.excluded))
        value = _in_c(bits, lambda one: "((flags) & {}) == {}".format(*one))
        condition = Condition("flags", Test.BITS, bits)
        yield Criterion("-f", macro, value, condition=condition)
    # Of other paths than the program's own, the kernel has only parts.
    columns, globs = options.columns, options.selection.globs
    if globs and not columns.real_path and columns.path_view == "process":
        own_c = options.probe.source is None
        value = path_tests.in_c(globs, columns.full_path, own_c)
        yield Criterion("--path", "SELECT_PATH(path, length)", value)


def _bits(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Mask and bits of these flags, and of those of groups, as write."""
    for word in words:
        for name in FLAG_GROUPS.get(word, (word,)):
            bits = FLAGS[name]
            yield os.O_ACCMODE if name == "O_RDONLY" else bits, bits


_result = partial(Criterion, part_of="SELECT_RESULT")


def _results(selection: Selection) -> Iterator[Criterion]:
    """A result that nobody knows may be a wanted one."""
    unknown = f"(ret) == {_UNKNOWN_RESULT}"
    if selection.failed:
        condition = Condition("ret", Test.BITS, Chosen([_FAILURE, UNKNOWN]))
        part = any_of(["(ret) < 0", unknown])
        yield _result("-x", "SELECT_FAILED", part=part, condition=condition)
    if selection.errnos:
        results = selection.errnos.each(lambda error: -error)
        results += Chosen([_UNKNOWN_RESULT] if results.wanted else [])
        yield _result(
            "--errno",
            "SELECT_ERRNO(error)",
            _equals("error", selection.errnos),
            part=any_of(["SELECT_ERRNO((u32) - (ret))", unknown]),
            condition=_one_of("ret", results),
        )
    if selection.slower_ns:  # 0 is the time of what nobody saw begin
        shorter = Chosen([], [(0, selection.slower_ns - 1)])
        yield _result(
            "--slower",
            "SELECT_LATENCY(ns)",
            f"(ns) >= {selection.slower_ns}ULL",
            part="SELECT_LATENCY(began ? bpf_ktime_get_ns() - (began) : 0)",
            condition=Condition("latency", Test.MOST, shorter),
        )


def _c_string(text: str) -> str:
    return f'"{c_text(os.fsencode(text))}"'


def defines(options: Options) -> list[Define]:
    """The #defines for what `options` select; none for what they don't."""
    chosen: list[Define] = []
    for one in criteria(options):
        chosen += [(one.macro, one.value), *one.more]
    return list(dict.fromkeys(chosen))


def conditions_of_all(options: Options) -> list[Define]:
    """The four conditions of bpf_src/select.h, made of those of defines()."""
    chosen = criteria(options)
    four = {
        "SELECT_CALLER": "SELECT_CALLER(pid, tid)",
        "SELECT_FLAGS": "SELECT_FLAGS(flags)",
        "SELECT_PATH": "SELECT_PATH(path, length)",
        "SELECT_RESULT": "SELECT_RESULT(ret, began)",
    }
    for one in chosen:
        four.pop(one.macro_name, None)  # defined by the option itself
    result = [("SELECT_EXTRAS", str(int(bool(chosen))))]
    for name, macro in four.items():
        parts = [
            one.part or one.macro for one in chosen if one.part_of == name
        ]
        result.append((macro, all_of(parts) if parts else ALWAYS))
    return result


def decided_by(options: Options, code: str) -> list[str]:
    """The options that the C of --source decides: it uses their macros.

    Raises SourceError if it doesn't, and the reader can't decide either.
    """
    decided = []
    for one in criteria(options):
        if re.search(rf"\b{one.macro_name}\b", code):
            decided.append(one.option)
        elif not one.condition and one.option != "--path":
            raise SourceError(
                f"{one.option}: the C doesn't use the macro {one.macro_name} "
                "to select opens: see bpf_src/select.h, or leave the option "
                "out"
            )
    return decided


def map_names(selection: Selection) -> list[str]:
    """The maps of the C that fill_maps() needs."""
    names = children.map_names() if selection.follow_children else []
    return names + [_CGROUPS_MAP] * bool(_slots(selection))


@lru_cache(maxsize=None)
def _directory(path: str) -> int:
    """A descriptor that stays open: --live needs it again for other maps."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def fill_maps(
    selection: Selection,
    maps: Mapping[str, int],
    older: Mapping[str, int] | None,
) -> None:
    """Fill the maps with what is selected; `maps` has descriptors by name.

    The programs must be attached by then; `older` are the maps of the programs
    that they replace. Raises OpensnoopError.
    """
    try:
        if selection.follow_children and older is None:
            children.follow(selection.pids.wanted, maps)
        elif selection.follow_children and older is not None:
            children.take_over(maps, older)
        for slot, cgroup in enumerate(_slots(selection)):
            fd = _directory(cgroup.path)
            bpf_objects.array_set_fd(maps[_CGROUPS_MAP], fd, slot)
    except OSError as error:
        raise OpensnoopError(
            "cannot pass the selection to the kernel: "
            + (f"{error.filename}: " if error.filename else "")
            + f"{error.strerror}"
        ) from None
