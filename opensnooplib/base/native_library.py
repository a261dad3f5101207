# SPDX-License-Identifier: Apache-2.0
"""The library in C (native/), for the modules that call it.

Each of them says what its functions take: reader.py, bpf_objects.py, …
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, Mapping, Optional, Sequence

from opensnooplib.base.errors import OpensnoopError

LIBRARY = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    "native",
    "libopensnoop.so",
)


class NativeField(ctypes.Structure):
    """struct field of native/event/record.h."""

    _fields_ = [("offset", ctypes.c_uint32), ("size", ctypes.c_uint32)]


_loaded: Optional[ctypes.CDLL] = None


def load(signatures: Mapping[str, Sequence[Any]] = {}) -> ctypes.CDLL:
    """The library, once these functions have their types of arguments.

    It is loaded when it is first needed. Raises OpensnoopError where it is
    missing.
    """
    global _loaded  # one for all
    if _loaded is None:
        _loaded = _load()
    for name, types in signatures.items():
        getattr(_loaded, name).argtypes = types
    return _loaded


def _load() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(LIBRARY)
    except OSError as error:
        if os.path.exists(LIBRARY):
            raise OpensnoopError(f"cannot load {error}") from None
        raise OpensnoopError(
            f"{LIBRARY} is missing: run make in the checkout"
        ) from None


def check(result: int) -> int:
    """Native functions give a negative errno for an error: raises OSError."""
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def kernel_clock_ns() -> int:
    """Now, by the clock of records: CLOCK_MONOTONIC of no time namespace."""
    now = load().kernel_clock_ns
    now.restype = ctypes.c_uint64
    return int(now())


def test_open(call: str, path: str) -> int:
    """Open `path` with that very syscall: a descriptor, or -errno."""
    return int(load().test_open(call.encode(), path.encode()))
