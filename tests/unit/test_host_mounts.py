# SPDX-License-Identifier: Apache-2.0
"""Where the host has a file of a file system: native/event/host_mounts.h."""

from __future__ import annotations

from typing import Optional

import pytest

from tests.unit.native import Native

DISK, OVERLAY, TMPFS = 254 << 20, 40, 41

# proc(5): ID PARENT MAJOR:MINOR ROOT POINT OPTIONS - TYPE SOURCE OPTIONS
_LINE = "{} {} {} {} {} rw,relatime shared:1 - ext4 /dev/vda rw\n"


def _lines(*mounts: str) -> bytes:
    return "".join(_LINE.format(*mount.split()) for mount in mounts).encode()


# As with an initramfs, / is not the first.
USUAL = _lines(
    "22 27 0:21 / /proc",
    "27 1 254:0 / /",
    "30 27 254:1 / /home",
    "31 27 0:40 / /var/lib/merged",
    "32 27 254:0 /srv/data /mnt/data",
    "33 27 254:2 /sub/volume /vol",
    "34 27 254:3 /a/file /etc/one",
)


@pytest.mark.parametrize(
    "device, inside, found",
    [
        (DISK, b"/etc/passwd", b"/etc/passwd"),
        (DISK, b"/srv/data/x", b"/srv/data/x"),  # the first that has it
        (DISK, b"", b""),
        (DISK + 1, b"/me/.profile", b"/home/me/.profile"),
        (DISK + 1, b"", b"/home"),
        (OVERLAY, b"/etc/passwd", b"/var/lib/merged/etc/passwd"),
        # A part of a file system, or one file.
        (DISK + 2, b"/sub/volume/x", b"/vol/x"),
        (DISK + 2, b"/sub/volume", b"/vol"),
        (DISK + 2, b"/sub/volumes", None),
        (DISK + 2, b"/sub", None),
        (DISK + 2, b"", None),
        (DISK + 3, b"/a/file", b"/etc/one"),
        # Nowhere.
        (TMPFS, b"/x", None),
        (254, b"/x", None),
    ],
)
def test_where(
    native: Native, device: int, inside: bytes, found: Optional[bytes]
) -> None:
    assert native.host_path(USUAL, device, inside) == found


def test_hidden_by_another_mount(native: Native) -> None:
    """Which has another file there, or none."""
    mounts = USUAL + _lines("40 31 0:41 / /var/lib/merged/etc")
    assert native.host_path(mounts, OVERLAY, b"/etc/passwd") is None
    assert native.host_path(mounts, OVERLAY, b"/etc") is None
    found = native.host_path(mounts, OVERLAY, b"/etcetera")
    assert found == b"/var/lib/merged/etcetera"
    found = native.host_path(mounts, TMPFS, b"/x")
    assert found == b"/var/lib/merged/etc/x"


def test_hidden_above_its_mount(native: Native) -> None:
    """By one that is shorter, and later."""
    mounts = USUAL + _lines("40 27 0:41 / /var")
    assert native.host_path(mounts, OVERLAY, b"/etc/passwd") is None
    assert native.host_path(mounts, TMPFS, b"/lib") == b"/var/lib"


def test_mounts_at_the_same_path(native: Native) -> None:
    mounts = USUAL + _lines("40 30 0:41 / /home", "41 40 0:42 / /home")
    assert native.host_path(mounts, DISK + 1, b"/me") is None
    assert native.host_path(mounts, TMPFS, b"/me") is None
    assert native.host_path(mounts, 42, b"/me") == b"/home/me"


def test_another_mount_point_where_the_first_is_hidden(native: Native) -> None:
    mounts = USUAL + _lines("40 27 0:41 / /srv")
    found = native.host_path(mounts, DISK, b"/srv/data/x")
    assert found == b"/mnt/data/x"
    assert native.host_path(mounts, DISK, b"/srv/x") is None


def test_roots_on_each_other(native: Native) -> None:
    """As where an initramfs stays below."""
    mounts = _lines("28 27 0:41 / /tmp", "27 1 254:0 / /", "1 1 0:2 / /")
    assert native.host_path(mounts, DISK, b"/x") == b"/x"
    assert native.host_path(mounts, TMPFS, b"/x") == b"/tmp/x"
    assert native.host_path(mounts, 2, b"/x") is None


def test_a_root_on_itself(native: Native) -> None:
    mounts = _lines("1 1 254:0 / /", "28 1 0:41 / /tmp")
    assert native.host_path(mounts, DISK, b"/x") == b"/x"
    assert native.host_path(mounts, TMPFS, b"/x") == b"/tmp/x"


def test_mounts_that_can_not_be(native: Native) -> None:
    """Each on the other: it comes to an end."""
    mounts = _lines("5 6 254:0 / /", "6 5 0:41 / /tmp")
    native.host_path(mounts, TMPFS, b"/x")


@pytest.mark.parametrize(
    "written, is_",
    [
        (r"/a\040b", b"/a b"),
        (r"/a\012b\011c", b"/a\nb\tc"),
        (r"/a\134040", b"/a\\040"),
        (r"/a\0", b"/a\\0"),
        ("/a\\", b"/a\\"),
        ("/a\\377", b"/a\xff"),
    ],
)
def test_escapes(native: Native, written: str, is_: bytes) -> None:
    mounts = USUAL + _lines(f"40 27 0:41 {written} {written}")
    assert native.host_path(mounts, TMPFS, is_ + b"/x") == is_ + b"/x"


def test_bytes_that_are_no_utf8(native: Native) -> None:
    mounts = USUAL + b"40 27 0:41 /\xfe /\xff rw - tmpfs none rw\n"
    assert native.host_path(mounts, TMPFS, b"/\xfe/x") == b"/\xff/x"


def test_a_path_that_does_not_fit(native: Native) -> None:
    long = b"/home/me"
    assert native.host_path(USUAL, DISK + 1, b"/me", len(long)) == long
    assert native.host_path(USUAL, DISK + 1, b"/me", len(long) - 1) is None


def test_many_mounts(native: Native) -> None:
    mounts = USUAL + _lines(
        *(f"{n} 27 1:{n} / /mnt/{n}" for n in range(100, 5000))
    )
    assert native.host_path(mounts, (1 << 20) + 4999, b"/x") == b"/mnt/4999/x"


@pytest.mark.parametrize(
    "mounts",
    [
        b"",
        b"\n\n",
        b"27 1 254:0",
        b"27 1 254:0\n",
        b"27 1 254:0 / \n",
        b"27 28 254:0 / /\n28 27 254:0 / /\n",
        b"x y z\n" * 3,
        USUAL.replace(b"27 1 254:0 / / ", b"27 1 254:0 / /other "),
    ],
)
def test_no_root(native: Native, mounts: bytes) -> None:
    """As in a chroot, where no path of the list begins at the host's root."""
    assert native.host_path(mounts, DISK, b"/x") in (None, b"/x")
    assert native.host_path(mounts, OVERLAY, b"/x") is None
