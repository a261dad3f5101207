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

import functools
import glob
import json
import os
import re
from typing import Any, Callable, Iterator, Mapping

from opensnooplib.base.errors import UsageError
from opensnooplib.kernel import cgroups
from opensnooplib.kernel.cgroups import Cgroup

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


def finder() -> Callable[[str], Cgroup]:
    """Finds the cgroup of a container by its ID, part of an ID, or name.

    Raises UsageError if no container matches, or more than one.
    """
    running = _running()
    known: dict[str, list[str]] = {
        number: [] for number in running if _ID.fullmatch(number)
    }
    for number, names in _in_state_files():
        known.setdefault(number, []).extend(names)
    return functools.partial(_find, known=known, running=running)


def _running() -> dict[str, list[Cgroup]]:
    """The cgroups that root named as containers' are named, by ID.

    All directories above them belong to root: others can name theirs so, too.
    Of each container, these are in the first hierarchy that has any, and not
    inside another one.
    """
    running: dict[str, list[Cgroup]] = {}
    for hierarchy in cgroups.hierarchies():
        here: dict[str, list[Cgroup]] = {}
        for path, below, _ in os.walk(hierarchy.path):
            try:
                status = os.stat(path)
            except OSError:
                continue  # it was removed
            if status.st_uid != 0:
                below.clear()  # not to be walked through
            name = _OF_CONTAINER.fullmatch(os.path.basename(path))
            if not name:
                continue
            same = here.setdefault(name[1], [])
            if not path.startswith(tuple(f"{one.path}/" for one in same)):
                same.append(hierarchy.cgroup(path, status))
        running = {**here, **running}
    return running


def _find(
    word: str,
    known: Mapping[str, list[str]],
    running: Mapping[str, list[Cgroup]],
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
    found = running.get(ids[0], [])
    if not found:
        raise UsageError(
            f"--container {word}: it has no cgroup of root's: start it, or if "
            "a user runs it, choose its cgroup with --cgroup PATH"
        )
    if len(found) > 1:
        raise UsageError(
            f"--container {word}: {len(found)} cgroups have its ID; choose "
            f"one with --cgroup PATH: {', '.join(one.path for one in found)}"
        )
    return found[0]


def _matching(word: str, known: Mapping[str, list[str]]) -> list[str]:
    """The IDs that match best: by whole ID, by name, by the start of an ID."""
    if word in known:
        return [word]
    by_name = [number for number, names in known.items() if word in names]
    if by_name or len(word) < _LEAST_OF_AN_ID:
        return by_name
    return [number for number in known if number.startswith(word)]


def _in_state_files() -> Iterator[tuple[str, list[str]]]:
    """The IDs and the names of containers."""
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
        pass  # it can't be read
    except (TypeError, LookupError, AttributeError):
        pass  # a part of it is missing or of another type
    return None


_Named = list[tuple[str, list[str]]]


def _of_docker(_: str, state: Any) -> _Named:
    return [(str(state["ID"]), [state["Name"].lstrip("/")])]


def _of_storage(_: str, states: Any) -> _Named:
    return [
        (str(state["id"]), _with_short(state.get("names") or []))
        for state in states
    ]


def _of_bundle(path: str, spec: Any) -> _Named:
    annotations = spec.get("annotations", {})
    names = [annotations.get(key) for key in _NAME_ANNOTATIONS]
    return [(os.path.basename(os.path.dirname(path)), names)]


def _with_short(names: list[str]) -> list[str]:
    """The names, with CONTAINER of CRI-O's k8s_CONTAINER_POD_NAMESPACE_..."""
    parts = [name.split("_") for name in names]
    return [*names, *(p[1] for p in parts if p[0] == "k8s" and len(p) > 2)]
