# SPDX-License-Identifier: Apache-2.0
"""How the maps of the C are laid out, and how they are to be shown.

The first is in BTF. The second is for histograms, and for a comment on the
line that declares a map: /* maps: log2 */, or another one of PLOTS.
"""

from __future__ import annotations

import re

from opensnooplib.base.errors import SourceError
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.compile import map_settings
from opensnooplib.compile.bcc_maps import BccMaps, types_of_maps
from opensnooplib.kernel import map_contents
from opensnooplib.rows import btf_layout
from opensnooplib.rows.map_values import PLOTS, MapLayout
from opensnooplib.source import locations, struct_maps
from opensnooplib.source.c_text import Source


def prepare(maps: BccMaps) -> tuple[list[MapLayout], dict[str, int]]:
    """The layouts of the maps, and their descriptors; and do what --set says.

    Raises OpensnoopError for what can't be set, and SourceError for a comment
    that asks for something impossible.
    """
    types = types_of_maps()
    layouts = [
        MapLayout(
            facts,
            *btf_layout.of_map(types, facts.name),
            _plot(facts.name, maps.job.source)
            if facts.kind in map_contents.KINDS.values()
            else "none",
        )
        for facts in maps.all
        if not struct_maps.NAME.fullmatch(facts.name)
    ]
    fds = {one.facts.name: maps.fd(one.facts.name) for one in layouts}
    for text in maps.job.options.probe.settings:
        if text != "-":  # which stands for lines on stdin
            map_settings.set_element(text, layouts, fds)
    return layouts, fds


def _plot(name: str, source: Source) -> str:
    declared = rf"\bBPF_(\w+\s*\(\s*|TABLE\(.*,\s*){name}\s*[,)].*"
    found = re.search(declared, source.text)
    line = found[0] if found else ""
    asks = re.search(r"/[/*]\s*maps:\s*(\w*)", line)
    plot = asks[1] if asks else "log2"
    if plot not in PLOTS:
        raise SourceError(
            f"{locations.of_map(name, source)}maps: must be followed by one "
            f"of {', '.join(PLOTS)}{did_you_mean(plot, PLOTS)}"
        )
    takes_log2 = rf"\b{name}\s*\.\s*\w*increment\s*\(\s*bpf_log2"
    if asks or re.search(takes_log2, source.text):
        return plot
    if not re.match(r'BPF_(HISTOGRAM|TABLE\("histogram")', line):
        return "table"
    slot = re.search(
        rf"\b{name}\s*\.\s*\w*increment\s*\(\s*(\w+)", source.text
    )
    counted = rf"\b({slot[1] if slot else 'slot'}|slot)\s*=[^;=]*\bbpf_log2"
    return "log2" if re.search(counted, source.text) else "linear"
