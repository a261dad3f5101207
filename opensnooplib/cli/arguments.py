# SPDX-License-Identifier: Apache-2.0
"""The words of the command line are parsed, and checked, into Options.

command_line.py defines the options. Every check that needs no tracing is made
here, so that the rest of the tool can rely on the options.
"""

from __future__ import annotations

import argparse
import os
from typing import List, Optional, Sequence, Tuple

from opensnooplib.base.errors import UsageError
from opensnooplib.kernel import cgroups, mounts
from opensnooplib.cli import mount_namespaces
from opensnooplib.kernel.cgroups import Cgroup
from opensnooplib.base.messages import print_text
from opensnooplib.options import FORMATS, PATH_VIEWS, Options
from opensnooplib.plan_list import PLANS
from opensnooplib.cli import (
    column_list,
    command_line,
    errnos,
    conflicts,
    users,
    values,
)
from opensnooplib.base import globs


def parse(arguments: Sequence[str]) -> Options:
    """The options that `arguments` ask for.

    Raises UsageError if they make no sense, OpensnoopError if that can't be
    checked on this host, and SystemExit for -h and --version.
    """
    own, command = _split_at_exec(arguments)
    parser = command_line.build_parser()
    words, unknown = parser.parse_known_args(own)
    parser.refuse_unknown(unknown)
    if words.exec is not None:
        raise UsageError("--exec takes no =: write --exec COMMAND ...")
    words.exec = command
    conflicts.refuse(words)
    live = words.replay is None
    if words.columns == "help":
        print_text(column_list.help_text(words.source))
        raise SystemExit(0)
    if live and not words.doctor:
        mounts.check()
    form = values.one_of("--format", words.format, FORMATS)
    beside = [name for name in column_list.OPTIONS if getattr(words, name)]
    asked = column_list.parse(words.columns, beside, words.source, live)
    _refuse_vain_time(words, asked.names)
    options = Options(
        pids=values.pids(words.pid, live),
        tid=values.tid(words.tid, live),
        uids=users.uids(words.uid, live),
        comm_part=values.comm_part(words.name),
        only_failed=words.failed,
        errnos=errnos.errnos(words.errno),
        flags=values.flags(words.flag_filter),
        globs=globs.globs(words.path),
        cgroups=cgroups.cgroups(words.cgroup),
        containers=_containers(words.container),
        mount_namespaces=mount_namespaces.mount_namespaces(words.mntns),
        cgroup_map=words.cgroupmap,
        mntns_map=words.mntnsmap,
        command=tuple(words.exec or ()),
        follow_children=words.children
        or words.exec is not None
        and not words.no_children,
        all_ways=words.all,
        show_time=words.timestamp,
        show_uid=words.print_uid,
        show_flags=words.extended_fields,
        columns=asked.names,
        beside=tuple(beside),
        wanted=asked.macros,
        latency="WANT_LATENCY" in asked.macros or words.latency,
        trusted=words.trusted,
        full_path=words.full_path or words.real_path,
        real_path=words.real_path,
        path_view=_path_view(words),
        time=values.time_style(words.time),
        format=form,
        color=values.color(words.color, words.output is None and os.isatty(1)),
        color_mistakes=values.color(words.color, os.isatty(2)),
        unbuffered=words.unbuffered,
        output_file=words.output,
        row_limit=values.positive("--count", words.count) or 0,
        duration=values.seconds("-d", words.duration),
        quiet=words.quiet,
        summary=words.summary or words.top,
        interval=values.seconds("--interval", words.interval),
        top=words.top,
        record=words.record,
        replay=words.replay,
        buffer_pages=values.buffer_pages(words.buffer_pages),
        plan=values.one_of("--attach", words.attach, ("auto", *PLANS)),
        source=words.source,
        live=words.live,
        verifier_log=words.verifier_log,
        disassemble=words.disasm,
        watch_maps=words.maps,
        verbose=words.verbose,
        print_source=words.ebpf,
        doctor=words.doctor,
    )
    conflicts.check_plan(options)
    return options


def _refuse_vain_time(
    words: argparse.Namespace, columns: Sequence[str]
) -> None:
    if words.time and columns and "time" not in columns:
        raise UsageError(
            f"--time {words.time}: none of the --columns is a time: add time "
            "to --columns"
        )


def _path_view(words: argparse.Namespace) -> str:
    view = values.one_of("--path-view", words.path_view, PATH_VIEWS)
    if view == "host" and not (words.full_path or words.real_path):
        raise UsageError("--path-view host needs -F or -R")
    return view


def _containers(words: Sequence[str]) -> Tuple[Cgroup, ...]:
    if not words:
        return ()
    from opensnooplib.kernel import containers  # takes some ms at launch

    return containers.containers(words)


def _split_at_exec(
    arguments: Sequence[str],
) -> Tuple[List[str], Optional[List[str]]]:
    """The words of the tool and, after --exec, those of the command.

    All that follows --exec is the command's, including options and "--".
    """
    words = list(arguments)
    if "--exec" not in words:
        return words, None
    index = words.index("--exec")
    return words[:index], words[index + 1 :]
