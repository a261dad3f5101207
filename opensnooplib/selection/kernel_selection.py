# SPDX-License-Identifier: Apache-2.0
"""The selection in the kernel, made from the options: bpf_src/select.h.

The #defines say what is compared, the maps hold what is looked up.
"""

from __future__ import annotations

import os
from typing import List, Mapping, Optional, Sequence

from opensnooplib.kernel import bpf_objects
from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.open_flags import FLAG_GROUPS
from opensnooplib.kernel import children
from opensnooplib.kernel.cgroups import Cgroup
from opensnooplib.options import Options
from opensnooplib.rows.schema import Schema
from opensnooplib.selection import path_tests
from opensnooplib.selection.c_conditions import all_of, any_of, equals_any
from opensnooplib.source.defines import Define, entries_for_threads

_CGROUPS_MAP = "cgroups"  # of bpf_src/extra/cgroups.h


def _has_flag(flag: str) -> str:
    if flag in FLAG_GROUPS:
        return any_of([_has_flag(one) for one in FLAG_GROUPS[flag]])
    value = getattr(os, flag)
    if value == os.O_RDONLY:
        return f"((flags) & {os.O_ACCMODE}) == {os.O_RDONLY}"
    return f"((flags) & {value}) == {value}"


def _c_string(text: str) -> str:
    """A C string literal; octal escapes, since \\x would swallow digits."""
    return (
        '"'
        + "".join(
            chr(byte)
            if chr(byte).isalnum() and byte < 128 or chr(byte) in "/._-:@+= "
            else f"\\{byte:03o}"
            for byte in os.fsencode(text)
        )
        + '"'
    )


def defines(options: Options) -> List[Define]:
    """The #defines for what `options` select; none for what they don't."""
    chosen = _callers(options)
    if options.only_failed:
        chosen.append(("SELECT_FAILED", "1"))
    if options.errnos:
        condition = equals_any("error", options.errnos)
        chosen.append(("SELECT_ERRNO(error)", condition))
    if options.flags:
        conditions = [_has_flag(flag) for flag in options.flags]
        chosen.append(("SELECT_FLAGS(flags)", any_of(conditions)))
    # Full paths are compared by the reader: the kernel has parts of them.
    globs = () if options.full_path else options.globs
    if globs and path_tests.fits_the_verifier(globs):
        chosen += path_tests.defines(globs)
    return chosen


def conditions(options: Options) -> List[str]:
    """The macros that the C must use for what `options` select.

    Those of --path are left out: the reader compares paths too.
    """
    chosen = defines(options._replace(globs=()))
    return [macro.partition("(")[0] for macro, _ in chosen]


def conditions_of_all(options: Options) -> List[Define]:
    """The four conditions of bpf_src/select.h, made of those of defines().

    With what they call: see bpf_src/extra/select_extras.h.
    """
    chosen = dict(defines(options))
    names = {macro.partition("(")[0] for macro in chosen}
    caller = [_CALLER_CONDITIONS[n] for n in _CALLER_CONDITIONS if n in names]
    result = [_RESULT_CONDITIONS[n] for n in _RESULT_CONDITIONS if n in names]
    all_four = {
        "SELECT_CALLER(pid, tid)": all_of(caller) if caller else "1",
        "SELECT_FLAGS(flags)": "1",
        "SELECT_PATH(path, length)": "1",
        "SELECT_RESULT(ret)": all_of(result) if result else "1",
    }
    extras = {
        "SELECT_EXTRAS": bool(names - {"SELECT_PID", "SELECT_TID"}),
    }
    return [
        *((m, value) for m, value in all_four.items() if m not in chosen),
        *((name, str(int(is_on))) for name, is_on in extras.items()),
    ]


# What bpf_src/select.h calls for each macro of defines().
_CALLER_CONDITIONS = {
    "SELECT_PID": "SELECT_PID(pid)",
    "SELECT_TID": "SELECT_TID(tid)",
    "SELECT_UID": (
        "({ u32 uid = bpf_get_current_uid_gid(); SELECT_UID(uid); })"
    ),
    "FOLLOW_CHILDREN": "followed_threads()",
    "SELECT_COMM": "comm_selected()",
    "CGROUP_MAP": "cgroup_in_map()",
    "SELECT_CGROUP": "SELECT_CGROUP",
    "MNTNS_MAP": "mntns_in_map()",
    "SELECT_MNTNS": (
        "({ u32 mntns = mount_namespace(); SELECT_MNTNS(mntns); })"
    ),
}
_RESULT_CONDITIONS = {
    "SELECT_FAILED": "(ret) < 0",
    "SELECT_ERRNO": "SELECT_ERRNO((u32) - (ret))",
}


def _callers(options: Options) -> List[Define]:
    chosen: List[Define] = []
    # A thread wins over a process, as in BCC's opensnoop.
    if options.tid is not None:
        chosen.append(("SELECT_TID(tid)", equals_any("tid", [options.tid])))
    elif options.follow_children:
        chosen.append(("FOLLOW_CHILDREN", "1"))
        chosen.append(("FOLLOWED_ENTRIES", str(entries_for_threads())))
    elif options.pids:
        chosen.append(("SELECT_PID(pid)", equals_any("pid", options.pids)))
    if options.uids:
        chosen.append(("SELECT_UID(uid)", equals_any("uid", options.uids)))
    if options.comm_part:
        letters = [f"FOUND({letter})" for letter in options.comm_part]
        chosen.append(("SELECT_COMM(FOUND)", all_of(letters)))
    chosen += _cgroups(options)
    if options.mount_namespaces:
        condition = equals_any("mntns", options.mount_namespaces)
        chosen.append(("SELECT_MNTNS(mntns)", condition))
    if options.cgroup_map:
        chosen.append(("CGROUP_MAP", _c_string(options.cgroup_map)))
    if options.mntns_map:
        chosen.append(("MNTNS_MAP", _c_string(options.mntns_map)))
    return chosen


def _cgroups(options: Options) -> List[Define]:
    """The #defines of --cgroup and --container; with both, both must match."""
    slots = _slots(options)
    conditions = [
        any_of([_in_cgroup(one, slots) for one in kind])
        for kind in (options.cgroups, options.containers)
        if kind
    ]
    if not conditions:
        return []
    chosen = [("SELECT_CGROUP", all_of(conditions))]
    if slots:
        chosen.append(("CGROUP_SLOTS", str(len(slots))))
    if len(slots) < len({*options.cgroups, *options.containers}):
        chosen.append(("CGROUP_VERSION_1", "1"))
    return chosen


def _slots(options: Options) -> List[Cgroup]:
    """The cgroups of version 2, in the order in which the map has them."""
    every = dict.fromkeys(options.cgroups + options.containers)
    return [one for one in every if one.version == 2]


def _in_cgroup(cgroup: Cgroup, slots: Sequence[Cgroup]) -> str:
    if cgroup.version == 2:
        return f"in_cgroup({slots.index(cgroup)})"
    return f"in_cgroup_1({cgroup.controller}_cgrp_id, {cgroup.id}ULL)"


def check_schema(options: Options, schema: Schema) -> None:
    """Raises OpensnoopError where struct event lacks what is compared."""
    if options.globs and schema.known("path") is None:
        raise OpensnoopError(
            "--path compares the field path, which struct event does not "
            "have: add it, or leave the option out"
        )


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
        _fill_maps(options, maps, older)
    except OSError as error:
        raise OpensnoopError(
            "cannot pass the selection to the kernel: "
            + (f"{error.filename}: " if error.filename else "")
            + f"{error.strerror}"
        ) from None


def _fill_maps(
    options: Options,
    maps: Mapping[str, int],
    older: Optional[Mapping[str, int]],
) -> None:
    if options.follow_children and older is None:
        children.follow(options.pids, maps)
    elif options.follow_children and older is not None:
        children.take_over(maps, older)
    for slot, cgroup in enumerate(_slots(options)):
        fd = os.open(cgroup.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            bpf_objects.array_set_fd(maps[_CGROUPS_MAP], slot, fd)
        finally:
            os.close(fd)
