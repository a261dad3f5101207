# SPDX-License-Identifier: Apache-2.0
"""--set: an element of a map of the C is set, as MAP[KEY]=VALUE says."""

from __future__ import annotations

import errno
from typing import Mapping, Sequence

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.base.suggestions import did_you_mean
from opensnooplib.kernel import map_contents
from opensnooplib.rows.map_values import SETTING, MapLayout, encoded


def set_element(
    text: str, layouts: Sequence[MapLayout], fds: Mapping[str, int]
) -> None:
    """Set what `text` says. Raises OpensnoopError with the reason if not."""
    try:
        _set(text, layouts, fds)
    except ValueError as error:
        raise OpensnoopError(f"--set {text}: {error}") from None
    except OSError as error:
        is_full = error.errno in (errno.E2BIG, errno.ENOSPC)
        why = "the map has no room for it" if is_full else error.strerror
        raise OpensnoopError(f"--set {text}: {why}") from None


def _set(
    text: str, layouts: Sequence[MapLayout], fds: Mapping[str, int]
) -> None:
    """Raises ValueError for what makes no sense, and OSError."""
    said = SETTING.fullmatch(text)
    if not said:
        raise ValueError("must be MAP[KEY]=VALUE")
    name, key, value = said.groups()
    maps = {one.facts.name: one for one in layouts}
    if name not in maps:
        raise ValueError(f"the C has no map {name}" + did_you_mean(name, maps))
    layout = maps[name]
    facts = layout.facts
    if facts.kind not in map_contents.KINDS.values():
        raise ValueError(f"{name} can't be set: its type is {facts.kind}")
    if key is None and not (layout.is_array and facts.entries == 1):
        raise ValueError(f"which element? Write {name}[KEY]=VALUE")
    index = encoded(layout.key, facts.key_size, key or "0")
    data = encoded(layout.value, facts.value_size, value)
    words = f"x{index.hex()}", f"x{data.hex()}"
    map_contents.map_write(fds[name], *words)
