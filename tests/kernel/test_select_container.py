# SPDX-License-Identifier: Apache-2.0
"""--container: real cgroups as runtimes name them, and their state files.

The state files lie at their real paths in a mount namespace of the tool's.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import pytest

from tests.kernel import chosen
from tests.kernel.cast import Cast, check
from tests.kernel.cgroup_folders import a_group, mount_hierarchy, move_into
from tests.kernel.openers import Attempt, Opener, without_time
from tests.kernel.tool import Ended, Tool, Word, run

ID = "4f0a1b2c3d" + "e5" * 27
OTHER_ID = "4f0a1b2c3f" + "e5" * 27

_POD = "kubepods.slice/kubepods-besteffort.slice/kubepods-pod7.slice"

# As each runtime names it, with systemd's driver and with cgroupfs.
_CGROUPS = {
    "docker": "system.slice/docker-{id}.scope",
    "docker cgroupfs": "docker/{id}",
    "docker kubernetes": "kubepods/besteffort/pod1234-5678/{id}",
    "podman": "machine.slice/libpod-{id}.scope",
    "podman with its own below": "user.slice/libpod-{id}.scope/container",
    "podman cgroupfs": "libpod_parent/libpod-{id}",
    "podman split": "web.service/libpod-payload-{id}",
    "containerd": _POD + "/cri-containerd-{id}.scope",
    "containerd cgroupfs": "kubepods/pod1234-5678/{id}",
    "nerdctl": "system.slice/nerdctl-{id}.scope",
    "CRI-O": _POD + "/crio-{id}.scope",
    "CRI-O cgroupfs": "kubepods/pod1234-5678/crio-{id}",
}

# Beside a container, and not in it.
_BESIDE = ("libpod-conmon-{id}.scope", "crio-conmon-{id}.scope", "x{id}")


@pytest.fixture(params=[2, 1])
def group(
    request: pytest.FixtureRequest, tmp_path: Path, mounts: List[Path]
) -> Iterator[Path]:
    folder = tmp_path / "hierarchy"
    mount_hierarchy(request.param, folder, mounts)
    with a_group(folder) as group:
        yield group


def _container(group: Path, name: str, number: str = ID) -> Path:
    folder = group / _CGROUPS[name].format(id=number)
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    "group, name", chosen.pairs([2, 1], _CGROUPS), indirect=["group"]
)
def test_by_id(cast: Cast, group: Path, name: str) -> None:
    folder = _container(group, name)
    move_into(folder, cast.first.pid)
    for number, beside in enumerate(_BESIDE):
        folder = group / beside.format(id=ID)
        folder.mkdir()
        move_into(folder, cast.everyone[1 + number].pid)
    _container(group, "docker", OTHER_ID)
    pid = cast.first.pid
    check(cast, lambda row: row.pid == pid, "--container", ID)


def test_all_but_a_container(cast: Cast, group: Path) -> None:
    move_into(_container(group, "docker"), cast.first.pid)
    move_into(_container(group, "docker", OTHER_ID), cast.second.pid)
    pid = cast.first.pid
    check(cast, lambda row: row.pid != pid, "--container", f"!{ID}")


def test_by_a_part_of_the_id(cast: Cast, group: Path) -> None:
    move_into(_container(group, "docker"), cast.first.pid)
    move_into(_container(group, "docker", OTHER_ID), cast.second.pid)
    pid = cast.first.pid
    check(cast, lambda row: row.pid == pid, "--container", ID[:12])


def test_several(cast: Cast, group: Path) -> None:
    move_into(_container(group, "docker"), cast.first.pid)
    move_into(_container(group, "podman", OTHER_ID), cast.second.pid)
    pids = (cast.first.pid, cast.second.pid)
    options = ("--container", ID, "--container", OTHER_ID)
    check(cast, lambda row: row.pid in pids, *options)


def test_its_own_id_inside_it(cast: Cast, group: Path) -> None:
    """As a container may call what it makes."""
    folder = _container(group, "docker")
    within = folder / ID
    within.mkdir()
    move_into(within, cast.first.pid)
    pid = cast.first.pid
    check(cast, lambda row: row.pid == pid, "--container", ID)


def test_a_container_with_a_user_namespace(cast: Cast, group: Path) -> None:
    """Runtimes give its cgroup to its own root: LXC, nspawn, runc."""
    folder = _container(group, "containerd")
    move_into(folder, cast.first.pid)
    os.chown(folder, 100_000, 100_000)
    pid = cast.first.pid
    check(cast, lambda row: row.pid == pid, "--container", ID)


def test_a_cgroup_within_a_container(cast: Cast, group: Path) -> None:
    """Both have to be met."""
    folder = _container(group, "docker")
    within = folder / "within"
    within.mkdir()
    move_into(folder, cast.first.pid)
    move_into(within, cast.second.pid)
    move_into(group, cast.other_user.pid)
    pid = cast.second.pid
    options = ("--container", ID, "--cgroup", str(within))
    check(cast, lambda row: row.pid == pid, *options)


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, str):
        content = json.dumps(content)
    path.write_text(content)


def _docker_state(root: Path, number: str, name: str) -> None:
    state = {
        "StreamConfig": {},
        "State": {"Running": True, "Paused": False, "Pid": 4711},
        "ID": number,
        "Created": "2026-11-23T09:12:31.123456789Z",
        "Path": "nginx",
        "Name": f"/{name}",
        "Driver": "overlay2",
    }
    _write(root / f"docker/containers/{number}/config.v2.json", state)


def _storage_state(root: Path, number: str, name: str) -> None:
    path = root / "containers/storage/overlay-containers/containers.json"
    containers = [
        {"id": "0" * 64, "names": ["another"], "layer": "1" * 64},
        {"id": "1" * 64, "layer": "1" * 64},
        {
            "id": number,
            "names": [name],
            "image": "2" * 64,
            "metadata": '{"image-name":"nginx"}',
            "created": "2026-11-23T09:12:31.123456789Z",
        },
    ]
    _write(path, containers)


def _bundle(root: Path, number: str, annotation: str, name: str) -> None:
    folder = "containerd/io.containerd.runtime.v2.task/k8s.io"
    spec = {
        "ociVersion": "1.0.2",
        "annotations": {annotation: name},
        "linux": {"cgroupsPath": f"/kubepods/{number}"},
    }
    _write(root / folder / number / "config.json", spec)


class _Host:
    """A host whose /var/lib and /run a test fills."""

    def __init__(self, folder: Path) -> None:
        self.lib = folder / "lib"
        self.run = folder / "run"
        for folder in (self.lib, self.run):
            folder.mkdir()

    @property
    def under(self) -> Tuple[Word, ...]:
        script = (
            f'mount --bind "{self.lib}" /var/lib && '
            f'mount --bind "{self.run}" /run && exec "$0" "$@"'
        )
        return ("unshare", "-m", "sh", "-c", script)


@pytest.fixture
def host(tmp_path: Path) -> _Host:
    return _Host(tmp_path)


_ATTEMPTS = [Attempt(b"/etc/passwd", os.O_RDONLY)] * 2


def _assert_traced(host: _Host, folder: Path, *options: str) -> None:
    with Opener(_ATTEMPTS) as inside, Opener(_ATTEMPTS) as outside:
        move_into(folder, inside.pid)
        with Tool("--format", "json", *options, under=host.under) as tool:
            outside.run()
            made = inside.run()
            ended = tool.stop()
    assert without_time(ended.rows) == made


def test_dockers_name(host: _Host, cgroup: Path) -> None:
    _docker_state(host.lib, OTHER_ID, "db")
    _docker_state(host.lib, ID, "web")
    _assert_traced(host, _container(cgroup, "docker"), "--container", "web")


def test_podmans_name(host: _Host, cgroup: Path) -> None:
    _storage_state(host.lib, ID, "web")
    _assert_traced(host, _container(cgroup, "podman"), "--container", "web")


@pytest.mark.parametrize(
    "word", ["web", "k8s_web_pod-7d9_default_0a1b_0", ID[:8]]
)
def test_crios_names(host: _Host, cgroup: Path, word: str) -> None:
    _storage_state(host.lib, ID, "k8s_web_pod-7d9_default_0a1b_0")
    _assert_traced(host, _container(cgroup, "CRI-O"), "--container", word)


@pytest.mark.parametrize(
    "annotation", ["io.kubernetes.cri.container-name", "nerdctl/name"]
)
def test_containerds_name(host: _Host, cgroup: Path, annotation: str) -> None:
    _bundle(host.run, ID, annotation, "web")
    folder = _container(cgroup, "containerd")
    _assert_traced(host, folder, "--container", "web")


def test_containerds_own_ids(host: _Host, cgroup: Path) -> None:
    """ctr(8) takes any word for one."""
    _bundle(host.run, "my-task", "x", "y")
    folder = cgroup / "default" / "my-task"
    folder.mkdir(parents=True)
    _assert_traced(host, folder, "--container", "my-task")


def _refusal(host: _Host, word: str) -> str:
    ended: Ended = run("--container", word, under=host.under)
    assert ended.status == 2
    assert ended.output == b""
    assert ended.messages.count("\n") == 1
    assert ended.messages.startswith(f"opensnoop: --container {word}: ")
    return ended.messages


@pytest.mark.parametrize("word", ["nope", "", "/", "..", "4f", "*", "%s"])
def test_unknown(host: _Host, cgroup: Path, word: str) -> None:
    """And what is there isn't told."""
    _docker_state(host.lib, ID, "secret-project")
    _container(cgroup, "docker")
    message = _refusal(host, word)
    assert "no such container" in message
    assert "secret" not in message
    assert ID[:6] not in message


def test_known_and_not_running(host: _Host) -> None:
    _docker_state(host.lib, ID, "web")
    assert "no cgroup of root's" in _refusal(host, "web")


def test_ambiguous(host: _Host, cgroup: Path) -> None:
    _docker_state(host.lib, ID, "web")
    _storage_state(host.lib, OTHER_ID, "web")
    _container(cgroup, "docker")
    assert "2 containers match" in _refusal(host, "web")
    assert "2 containers match" in _refusal(host, ID[:9])


def test_several_cgroups(host: _Host, cgroup: Path) -> None:
    """Which of them is the container's is not guessed."""
    paths = [_container(cgroup, name) for name in ("docker", "podman")]
    message = _refusal(host, ID)
    assert "2 cgroups have its ID" in message
    assert "--cgroup PATH" in message
    for path in paths:
        assert f"{cgroup.name}/{path.relative_to(cgroup)}" in message


def test_a_users_container(host: _Host, cgroup: Path) -> None:
    """Of rootless podman; any user's can bear its name."""
    user = cgroup / "user@1000.service"
    (user / f"libpod-{ID}.scope").mkdir(parents=True)
    os.chown(user, 1000, 1000)
    message = _refusal(host, ID[:12])
    assert "no such container of root's" in message
    assert "--cgroup PATH" in message
    assert ID not in message
    # The host's own counts, and it alone.
    with Opener(_ATTEMPTS) as inside:
        move_into(_container(cgroup, "podman"), inside.pid)
        with Tool("--format", "json", "--container", ID[:12]) as tool:
            made = inside.run()
            assert without_time(tool.stop().rows) == made


_DAMAGED = ["", "{", "[" * 100_000, "null", "[]", "7", '{"ID": 7}', "[[]]"]


def test_state_files_that_are_damaged(host: _Host, cgroup: Path) -> None:
    """They are passed over, and the others serve."""
    for number, text in enumerate(_DAMAGED):
        _write(host.lib / f"docker/containers/{number}/config.v2.json", text)
        storage = f"containers/storage/{number}-containers/containers.json"
        _write(host.lib / storage, text)
        tasks = "containerd/io.containerd.runtime.v2.task/default"
        _write(host.run / tasks / str(number) / "config.json", text)
    _docker_state(host.lib, ID, "web")
    _assert_traced(host, _container(cgroup, "docker"), "--container", "web")
    assert "no such container" in _refusal(host, "nope")
