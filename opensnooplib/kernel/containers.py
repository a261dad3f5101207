# SPDX-License-Identifier: Apache-2.0
"""The cgroups of --container, found by the ID or the name of a container.

Runtimes name cgroups after container IDs. Names are in their state files:

- Docker: /var/lib/docker/containers/ID/config.v2.json
- Podman and CRI-O: containers.json of containers/storage, root's
- containerd: the OCI bundles, config.json (runtime-spec, config.md)

These files belong to root; one that isn't as expected is ignored. A cgroup
counts if root named it: a user to whom a cgroup was delegated can name those
below it after any container.
"""

from __future__ import annotations

import glob
import json
import os
import re
from typing import (
    Any,
    Callable,
    Iterator,
    List,
    NamedTuple,
    Sequence,
    Set,
    Tuple,
)

from opensnooplib.base.errors import UsageError
from opensnooplib.kernel import cgroups
from opensnooplib.kernel.cgroups import Cgroup, Hierarchy

# The shortest part of an ID that is accepted: a mistyped name could be the
# start of an ID.
_LEAST_OF_AN_ID = 6

# The cgroup of a container, as runtimes name it: docker-ID.scope, crio-ID, ID.
_OF_CONTAINER = re.compile(
    r"(?:(?:docker|libpod-payload|libpod|cri-containerd|crio|nerdctl)-)?"
    r"(.+?)(?:\.scope)?"
)
_ID = re.compile("[0-9a-f]{64}")

_MOST_PATHS = 5  # in a sentence

_DOCKER_CONFIGURATION = "/etc/docker/daemon.json"
_DOCKER = "/var/lib/docker"
_STORAGE = "/var/lib/containers/storage/*-containers/containers.json"
_BUNDLES = "/run/containerd/io.containerd.runtime.v*.task/*/*/config.json"

# The annotations in which Kubernetes and nerdctl store a container's name.
_NAME_ANNOTATIONS = ("io.kubernetes.cri.container-name", "nerdctl/name")


class _Place(NamedTuple):
    """A cgroup, perhaps of a container."""

    name: str  # the ID in it, if it is one
    path: str
    hierarchy: Hierarchy


class _Container(NamedTuple):
    id: str
    names: Tuple[str, ...] = ()


def containers(words: Sequence[str]) -> Tuple[Cgroup, ...]:
    """The cgroups of containers, each given by ID, part of an ID, or name.

    Raises UsageError if no container matches, or more than one.
    """
    by_root, by_others = _running()
    stored = list(_in_state_files())
    return tuple(_find(word, stored, by_root, by_others) for word in words)


def _running() -> Tuple[List[_Place], List[_Place]]:
    """The cgroups that root named, and those that a user could name."""
    by_root: List[_Place] = []
    by_others: List[_Place] = []
    for hierarchy in cgroups.hierarchies():
        waiting = [(hierarchy.path, True)]
        while waiting:  # no recursion: users nest cgroups as they like
            above, is_roots = waiting.pop()
            try:
                is_roots = is_roots and os.stat(above).st_uid == 0
                paths = [one.path for one in os.scandir(above) if one.is_dir()]
            except OSError:
                continue  # it was removed
            waiting += [(path, is_roots) for path in paths]
            for path in paths:
                name = _OF_CONTAINER.fullmatch(os.path.basename(path))
                if name:
                    place = _Place(name[1], path, hierarchy)
                    (by_root if is_roots else by_others).append(place)
    return by_root, by_others


def _find(
    word: str,
    stored: List[_Container],
    by_root: List[_Place],
    by_others: List[_Place],
) -> Cgroup:
    ids = _matching(word, stored + _with_ids(by_root))
    ids = ids or _matching(word, _with_ids(by_others))
    if not ids:
        raise UsageError(
            f"--container {word}: no such container in docker, podman, "
            "containerd or CRI-O here; give its ID or its name"
        )
    if len(ids) > 1:
        raise UsageError(
            f"--container {word}: {len(ids)} containers match; give the ID "
            "of one"
        )
    (number,) = ids
    places = _named(number, by_root)
    around = tuple(f"{one.path}/" for one in places)
    places = [one for one in places if not one.path.startswith(around)]
    if len(places) == 1:
        found = cgroups.cgroup_at(places[0].path, [places[0].hierarchy])
        if found:
            return found
        places = []  # it was removed
    why_not = f"{len(places)} cgroups have its ID"
    if not places:
        places = _named(number, by_others)
        why_not = "its cgroup belongs to a user, who can give it any name"
    if not places:
        raise UsageError(
            f"--container {word}: it has no cgroup, so it is not running; "
            "start it first"
        )
    paths = ", ".join(place.path for place in places[:_MOST_PATHS])
    raise UsageError(
        f"--container {word}: {why_not}; choose one with --cgroup PATH: "
        + paths
    )


def _with_ids(places: Sequence[_Place]) -> List[_Container]:
    return [_Container(one.name) for one in places if _ID.fullmatch(one.name)]


def _named(name: str, places: Sequence[_Place]) -> List[_Place]:
    """Those of this name, in the first hierarchy that has any."""
    named = [one for one in places if one.name == name]
    return [one for one in named if one.hierarchy == named[0].hierarchy]


def _matching(word: str, known: Sequence[_Container]) -> Set[str]:
    """The IDs that match best: by whole ID, by name, by the start of an ID."""
    exact = {one.id for one in known if one.id == word}
    by_name = {one.id for one in known if word in one.names}
    by_part = {
        one.id
        for one in known
        if len(word) >= _LEAST_OF_AN_ID and one.id.startswith(word)
    }
    return exact or by_name or by_part


def _in_state_files() -> Iterator[_Container]:
    folder = _understood(
        _DOCKER_CONFIGURATION, lambda _, its: its["data-root"]
    )
    for paths, understand in (
        (f"{folder or _DOCKER}/containers/*/config.v2.json", _of_docker),
        (_STORAGE, _of_storage),
        (_BUNDLES, _of_bundle),
    ):
        for path in glob.glob(paths):
            yield from _understood(path, understand) or []


def _understood(path: str, understand: Callable[[str, Any], Any]) -> Any:
    """What `understand` makes of a JSON file; None if it isn't as expected."""
    try:
        with open(path, encoding="utf-8") as file:
            return understand(path, json.load(file))
    except (OSError, ValueError, RecursionError):
        return None  # it can't be read
    except (TypeError, LookupError, AttributeError):
        return None  # a part of it is missing or of another type


def _of_docker(_: str, state: Any) -> List[_Container]:
    return [_Container(str(state["ID"]), (state["Name"].lstrip("/"),))]


def _of_storage(_: str, states: Any) -> List[_Container]:
    return [
        _Container(str(state["id"]), _with_short(state.get("names") or []))
        for state in states
    ]


def _of_bundle(path: str, spec: Any) -> List[_Container]:
    annotations = spec.get("annotations", {})
    names = tuple(annotations.get(key) for key in _NAME_ANNOTATIONS)
    return [_Container(os.path.basename(os.path.dirname(path)), names)]


def _with_short(names: List[str]) -> Tuple[str, ...]:
    """The names, with CONTAINER of CRI-O's k8s_CONTAINER_POD_NAMESPACE_..."""
    parts = [name.split("_") for name in names]
    return (*names, *(p[1] for p in parts if p[0] == "k8s" and len(p) > 2))
