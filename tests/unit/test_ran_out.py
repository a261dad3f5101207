# SPDX-License-Identifier: Apache-2.0
"""What there is too little of: known by who failed, or by what was printed."""

from __future__ import annotations

import errno

import pytest

from opensnooplib.base.errors import OpensnoopError
from opensnooplib.compile import bcc_program
from opensnooplib.kernel import ran_out


def _fail(number: int) -> OpensnoopError:
    """As one fails whose sentence doesn't keep the number."""
    try:
        try:
            raise OSError(number, "no")
        except OSError:
            raise OpensnoopError("cannot") from None
    except OpensnoopError as error:
        return error


@pytest.mark.parametrize("number", ran_out.ERRNOS)
def test_known_by_the_error_behind(number: int) -> None:
    explained = ran_out.explained(_fail(number))
    assert explained and explained.sentence == ran_out.sentence(number)
    assert ran_out.explained(_fail(errno.ENOENT)) is None


def test_known_by_what_is_printed() -> None:
    error = ImportError("libbpf.so.1: cannot open: Too many open files")
    assert ran_out.errno_of(error) == errno.EMFILE
    printed = "a\nopen(/sys/a/id): Too many open files in system\nb"
    assert ran_out.errno_of(ValueError(), printed) == errno.ENFILE
    # As somebody's C may say.
    said = 'a.c:1:2: error: "Too many open files" is no number\n'
    assert ran_out.errno_of(ValueError(), said) == 0


def test_what_to_do_is_told() -> None:
    assert "ulimit -n " in ran_out.sentence(errno.EMFILE)
    assert "fs.file-max" in ran_out.sentence(errno.ENFILE)
    assert "CAP_IPC_LOCK" in ran_out.sentence(errno.ENOBUFS)


@pytest.mark.parametrize(
    "why, said",
    [
        ("Operation not permitted", ""),
        ("Cannot allocate memory", "no memory for the map start"),
    ],
)
def test_maps_that_the_kernel_refuses(why: str, said: str) -> None:
    line = f"could not open bpf map: start, error: {why}\n"
    with pytest.raises(OpensnoopError, match=said):
        bcc_program._check_maps(f"a warning\n{line}")


def test_maps_that_the_c_has_wrong() -> None:
    bcc_program._check_maps(
        "could not open bpf map: start, error: Invalid argument\n"
    )
    bcc_program._check_maps("my.c:1:2: error: no\n")
