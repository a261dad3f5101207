# SPDX-License-Identifier: Apache-2.0
"""The cgroups of --container, found by the ID or the name of a container.

Runtimes name cgroups after container IDs. Names are in their state files:

- Docker: /var/lib/docker/containers/ID/config.v2.json
- Podman and CRI-O: containers.json of containers/storage, root's
- containerd: the OCI bundles, config.json (runtime-spec, config.md)

These files belong to root; one that isn't as expected is ignored.
"""

from __future__ import annotations

import glob
import json
import os
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence
from typing import Set, Tuple

from opensnooplib.base.errors import UsageError
from opensnooplib.kernel import cgroups
from opensnooplib.kernel.cgroups import Cgroup, Hierarchy

# The shortest part of an ID that is accepted: a mistyped name could be the
# start of an ID.
_LEAST_OF_AN_ID = 6

# The cgroup of a container, as runtimes name it: docker-ID.scope, crio-ID, ID.
_PREFIXES = "docker|libpod|libpod-payload|cri-containerd|crio|nerdctl"
_OF_CONTAINER = re.compile(
    rf"(?:(?:{_PREFIXES})-)?([0-9a-f]{{64}})(?:\.scope)?"
)

_DOCKER_CONFIGURATION = "/etc/docker/daemon.json"
_DOCKER = "/var/lib/docker"
_STORAGE = "/var/lib/containers/storage/*-containers/containers.json"
_BUNDLES = "/run/containerd/io.containerd.runtime.v*.task/*/*/config.json"

# The annotations in which Kubernetes and nerdctl store a container's name.
_NAME_ANNOTATIONS = ("io.kubernetes.cri.container-name", "nerdctl/name")


class _Container(NamedTuple):
    id: str
    names: Tuple[str, ...] = ()


def containers(words: Sequence[str]) -> Tuple[Cgroup, ...]:
    """The cgroups of containers, each given by ID, part of an ID, or name.

    Raises UsageError if no container matches, or more than one.
    """
    mounted = [h for h in cgroups.hierarchies() if h.is_usable]
    folders = {h: list(_folders(h.path)) for h in mounted}
    known = [*_in_state_files(), *_in_cgroups(folders)]
    return tuple(_find(word, known, folders) for word in words)


def _folders(path: str) -> Iterator[str]:
    for folder, names, _ in os.walk(path):
        for name in names:
            yield f"{folder}/{name}"


def _in_cgroups(folders: Dict[Hierarchy, List[str]]) -> Iterator[_Container]:
    for paths in folders.values():
        for path in paths:
            found = _OF_CONTAINER.fullmatch(os.path.basename(path))
            if found:
                yield _Container(found.group(1))


def _find(
    word: str,
    known: Sequence[_Container],
    folders: Dict[Hierarchy, List[str]],
) -> Cgroup:
    ids = _matching(word, known)
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
    found = _cgroup_of(ids.pop(), folders)
    if found is None:
        raise UsageError(
            f"--container {word}: it has no cgroup, so it is not running; "
            "start it first"
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


def _cgroup_of(
    container: str, folders: Dict[Hierarchy, List[str]]
) -> Optional[Cgroup]:
    own = re.compile(
        rf"(?:(?:{_PREFIXES})-)?{re.escape(container)}(?:\.scope)?"
    )
    for hierarchy, paths in folders.items():
        for path in sorted(paths, key=len):  # not one inside the container
            if own.fullmatch(os.path.basename(path)):
                return cgroups.cgroup_at(path, [hierarchy])
    return None


def _in_state_files() -> Iterator[_Container]:
    for path in glob.glob(f"{_docker_folder()}/containers/*/config.v2.json"):
        state = _read(path)
        name = _text(state, "Name").lstrip("/")
        yield _Container(_text(state, "ID"), (name,))
    for path in glob.glob(_STORAGE):
        for state in _read(path, list):
            names = state.get("names") if isinstance(state, dict) else None
            if isinstance(names, list):
                yield _Container(_text(state, "id"), _with_short(names))
    for path in glob.glob(_BUNDLES):
        annotations = _read(path).get("annotations")
        if not isinstance(annotations, dict):
            annotations = {}
        yield _Container(
            os.path.basename(os.path.dirname(path)),
            tuple(_text(annotations, key) for key in _NAME_ANNOTATIONS),
        )


def _docker_folder() -> str:
    return _text(_read(_DOCKER_CONFIGURATION), "data-root") or _DOCKER


def _with_short(names: List[Any]) -> Tuple[str, ...]:
    """The names, with CONTAINER of CRI-O's k8s_CONTAINER_POD_NAMESPACE_..."""
    whole = [name for name in names if isinstance(name, str)]
    parts = [name.split("_") for name in whole]
    return (*whole, *(p[1] for p in parts if p[0] == "k8s" and len(p) > 2))


def _read(path: str, kind: type = dict) -> Any:
    """The content of a JSON file; an empty `kind` if that is not a `kind`."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        return kind()
    return found if isinstance(found, kind) else kind()


def _text(state: Dict[str, Any], key: str) -> str:
    found = state.get(key)
    return found if isinstance(found, str) else ""
