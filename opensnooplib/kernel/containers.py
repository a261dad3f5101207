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
    places = list(_named_by_root())
    known = [_Container(one.name) for one in places if _ID.fullmatch(one.name)]
    known += _in_state_files()
    return tuple(_find(word, known, places) for word in words)


def _named_by_root() -> Iterator[_Place]:
    """The cgroups that root named as containers' are named.

    All directories above them belong to root: others can name theirs so, too.
    """
    for hierarchy in cgroups.hierarchies():
        waiting = [hierarchy.path]
        while waiting:
            above = waiting.pop()
            try:
                if os.stat(above).st_uid != 0:
                    continue
                paths = [one.path for one in os.scandir(above) if one.is_dir()]
            except OSError:
                continue  # it was removed
            waiting += paths
            for path in paths:
                name = _OF_CONTAINER.fullmatch(os.path.basename(path))
                if name:
                    yield _Place(name[1], path, hierarchy)


def _find(
    word: str, known: Sequence[_Container], running: Sequence[_Place]
) -> Cgroup:
    ids = _matching(word, known)
    if not ids:
        raise UsageError(
            f"--container {word}: no such container of root's in docker, "
            "podman, containerd or CRI-O here; give its ID or its name, or "
            "the cgroup of a user's container with --cgroup PATH"
        )
    if len(ids) > 1:
        raise UsageError(
            f"--container {word}: {len(ids)} containers match; give the ID "
            "of one"
        )
    (number,) = ids
    places = [one for one in running if one.name == number]
    # Those in the first hierarchy that has any, and not inside another one.
    around = tuple(f"{one.path}/" for one in places)
    places = [
        one
        for one in places
        if one.hierarchy == places[0].hierarchy
        and not one.path.startswith(around)
    ]
    if len(places) > 1:
        raise UsageError(
            f"--container {word}: {len(places)} cgroups have its ID; choose "
            "one with --cgroup PATH: "
            + ", ".join(place.path for place in places)
        )
    found = places and cgroups.cgroup_at(places[0].path, [places[0].hierarchy])
    if not found:
        raise UsageError(
            f"--container {word}: it has no cgroup of root's: start it, or if "
            "a user runs it, choose its cgroup with --cgroup PATH"
        )
    return found


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
