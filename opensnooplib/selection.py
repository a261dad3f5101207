# SPDX-License-Identifier: Apache-2.0
"""From options to what selects opens in the kernel: bpf_src/select.h.

The #defines say what is compared, the maps hold what is looked up.
"""

from __future__ import annotations

import os
from typing import List, Mapping

from opensnooplib import follow, paths, values
from opensnooplib.conditions import any_of, equals_any, has_bytes_at
from opensnooplib.defines import Define, entries_for_threads
from opensnooplib.options import Options


def _has_flag(flag: str) -> str:
    if flag in values.FLAG_GROUPS:
        return any_of([_has_flag(one) for one in values.FLAG_GROUPS[flag]])
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
    if options.globs:
        chosen += paths.defines(options.globs)
    return chosen


def _callers(options: Options) -> List[Define]:
    chosen: List[Define] = []
    # As in BCC's opensnoop, a thread goes before a process.
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
        chosen.append(("SELECT_COMM_SIZE", str(len(options.comm_part))))
        chosen.append(("SELECT_COMM_AT(at)", has_bytes_at(options.comm_part)))
    if options.cgroup_map:
        chosen.append(("CGROUP_MAP", _c_string(options.cgroup_map)))
    if options.mntns_map:
        chosen.append(("MNTNS_MAP", _c_string(options.mntns_map)))
    return chosen


def map_names(options: Options) -> List[str]:
    """The maps of the C that fill_maps() needs."""
    return [follow.map_name()] if options.follow_children else []


def fill_maps(options: Options, maps: Mapping[str, int]) -> None:
    """Put in what was asked for; `maps` has descriptors by name.

    To be called when the programs are attached. Raises OSError.
    """
    if options.follow_children:
        follow.follow(options.pids, maps[follow.map_name()])
